"""Each version trained with its own code: two commits of a project in a folder of a real git repository."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from refinery.registry import ModelSeries, promote
from refinery.review import add_trial_risks, make_plan, plan_as_json, plan_as_markdown, plan_as_text
from refinery.storage import upload_model
from refinery.training import ClassModel, TrainingSpec, train
from refinery.trial import TrialContext, check_out_both, describe_trials, run_trials
from refinery.trial.sample import SAMPLE, choose_with_code
from tests.trial.conftest import DAY, line_table

_GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.hooksPath=hooks")
CONFIG = "source: s3://datasets/small.csv\noutput: s3://staging/{name}/{{{{ ds }}}}/\nmodel: {model}\n"
GATE = "require: {r2: {min: 0.9, no_worse_than_latest: 50%}}\n"
LINE = """\
import os
from sklearn.linear_model import Ridge
from include.models.strength import ALPHA

assert "AWS_SECRET_ACCESS_KEY" not in os.environ


def build_model():
    print("printed by the model")
    return Ridge(alpha=ALPHA)
"""
SCRIPT = """\
import json, os
from include.models.strength import ALPHA

if ALPHA > 1:
    raise SystemExit("too strong")
folder = os.environ["SM_MODEL_DIR"]
for name in ("metrics.json", "weights.bin"):
    with open(os.path.join(folder, name), "w") as file:
        json.dump({"alpha": ALPHA}, file)
"""
KILLED = "import os, signal\nprint('the last words', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n\n\ndef build_model(): ...\n"
BASE = {
    "configs/line.yml": CONFIG.format(name="line", model="line") + GATE,
    "configs/legacy.yml": CONFIG.format(name="legacy", model="{script: legacy.py}"),
    "configs/other.yml": CONFIG.format(name="other", model="sklearn.linear_model.Ridge"),
    "include/models/line.py": LINE,
    "include/models/legacy.py": SCRIPT,
    "include/models/strength.py": "ALPHA = 1.0\n",
    "requirements.txt": "scikit-learn==1.8.0\n",
}
HEAD = {
    "include/models/strength.py": "ALPHA = 500.0\n",
    "include/models/killed.py": KILLED,
    "configs/killed.yml": CONFIG.format(name="killed", model="killed"),
    "requirements.txt": "scikit-learn==1.9.1\n",
}


def write(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def run_git(root, *arguments):
    done = subprocess.run([*_GIT, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def commit(root, files):
    write(root, files)
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "change")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository whose project lies in the folder "ml", with a hook that no worktree may run."""
    root = tmp_path_factory.mktemp("repository")
    run_git(root, "init", "-q", "-b", "main")
    write(root, {"hooks/post-checkout": f"#!/bin/sh\ntouch {root}/hook-ran\n"})
    (root / "hooks" / "post-checkout").chmod(0o755)
    run_git(root, "config", "core.hooksPath", str(root / "hooks"))
    write(root, {f"ml/{path}": text for path, text in BASE.items()})
    commit(root, {})
    return root


@pytest.fixture(scope="module")
def promoted(s3_client, tmp_path_factory):
    """The dataset, and a model that "line" has promoted."""
    folder = tmp_path_factory.mktemp("promoted")
    line_table(60).to_csv(folder / "small.csv", index=False)
    s3_client.upload_file(str(folder / "small.csv"), "datasets", "small.csv")
    spec = TrainingSpec(model=ClassModel("sklearn.linear_model.Ridge"), models_dir=folder)
    train(spec, folder / "small.csv", folder / "model", provenance={})
    series = ModelSeries.of_output("s3://staging/line/{{ ds }}/")
    upload_model(folder / "model", series.prefix_of("2026-01-30"), client=s3_client)
    promote(series, "2026-01-30", by="ann", client=s3_client)


@pytest.fixture(scope="module")
def tried(repository, promoted, s3_client):
    """The plan of a change, with its trials."""
    project = repository / "ml"
    run_git(repository, "switch", "-qc", "change")
    (repository / "hook-ran").unlink()
    commit(project, HEAD)
    made = make_plan(project, base="main", head="change", environment=None, day=DAY)
    with pytest.MonkeyPatch.context() as patch, check_out_both(project, made) as codes:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "the key")
        patch.setenv("PYTHONPATH", f"{project}{os.pathsep}{os.environ['PYTHONPATH']}")
        context = TrialContext(DAY, project / "nowhere", None, lambda _url, _connection: s3_client, codes)
        trials = {one.dag_id: one for one in run_trials(made, context, lambda _: None)}
        notes = describe_trials(made, context)
    return add_trial_risks(replace(made, trials=tuple(trials.values()), notes=notes)), trials


def test_each_version_runs_its_own_modules_helpers_and_scripts(tried):
    _, trials = tried
    assert list(trials) == ["killed", "legacy", "line"]
    line, legacy = trials["line"], trials["legacy"]
    assert (line.before.gate, line.after.gate) == ("passed", "rejected")
    assert dict(line.before.metrics)["r2"] > 0.9 > dict(line.after.metrics)["r2"]
    assert [one.passed for one in (*line.before.gates, *line.after.gates)] == [True, True, False, False]
    assert "s3://staging/line/2026-01-30/" in line.after.gates[-1].sentence
    assert (legacy.before.metrics, legacy.before.problem) == ((("alpha", 1.0),), None)
    assert legacy.after.problem.startswith("include/models/legacy.py: the script ended with exit code 1")
    assert line.note == "Code that changes: include/models/strength.py."


def test_a_process_that_ends_is_reported_with_its_last_words(tried):
    killed = tried[1]["killed"]
    assert killed.before is None
    assert killed.after.problem == (
        'the process that trained it was ended by SIGKILL (perhaps memory ran out); it printed last: "the last words".'
    )


def test_the_plan_shows_the_trials_and_what_they_cannot_show(tried):
    made, _ = tried
    (risk,) = [one for one in made.risks if one.code == "R077"]
    assert (risk.severity, risk.pipelines, risk.place.path) == ("high", ("line",), "configs/line.yml")
    for page in (plan_as_text(made, width=200, color=False), plan_as_markdown(made)):
        assert "trial rejected" in page
        assert "Tried every pipeline that runs a changed model file." in page
        assert "with its own code" in page
        assert (
            "Not tried, since both versions ran with what is installed here: the change of scikit-learn"
            in page
        )
    document = json.loads(plan_as_json(made))
    assert [one["dag_id"] for one in document["trials"]] == ["killed", "legacy", "line"]
    assert "reached" not in document


def test_no_worktree_is_left_and_no_hook_ran(tried, repository):
    assert len(run_git(repository, "worktree", "list").splitlines()) == 1
    assert not (repository / ".git" / "worktrees").exists() or not any(
        (repository / ".git/worktrees").iterdir()
    )
    assert not (repository / "hook-ran").exists()


def test_the_working_tree_is_used_where_it_lies(repository, tried):
    project = repository / "ml"
    write(project, {"include/models/strength.py": "ALPHA = 2.0\n"})
    made = make_plan(project, base="main", head=None, environment=None, day=DAY)
    with check_out_both(project, made) as codes:
        assert codes.head == project
        assert (codes.base / "include/models/strength.py").read_text() == "ALPHA = 1.0\n"
    assert not codes.base.exists()


@pytest.fixture
def many(tmp_path):
    """The plan of a change of three modules that forty pipelines run, every fourth with a gate, and of one config."""
    run_git(tmp_path, "init", "-q", "-b", "main")
    configs = {
        f"configs/p{at:02}.yml": CONFIG.format(name=f"p{at}", model=("a", "b", "c")[min(at // 19, 2)])
        + (GATE if at % 4 == 0 else "")
        for at in range(40)
    }
    commit(
        tmp_path,
        {**configs, **{f"include/models/{name}.py": "def build_model(x=1): ...\n" for name in "abc"}},
    )
    write(tmp_path, {f"include/models/{name}.py": "def build_model(x=2): ...\n" for name in "abc"})
    write(tmp_path, {"configs/p00.yml": configs["configs/p00.yml"] + "retries: 7\n"})
    return make_plan(tmp_path, base="main", head=None, environment=None, day=DAY)


def test_a_sample_is_spread_over_files_and_gates(many):
    sample = choose_with_code(many)
    assert (len(sample.pairs), sample.tried, len(sample.files)) == (SAMPLE + 1, SAMPLE + 1, 40)
    assert "p00" in [one.dag_id for one in sample.pairs]
    kinds = [(sample.files[one.dag_id][0], bool(one.head.config.require)) for one in sample.pairs]
    assert {kinds.count(kind) for kind in kinds} <= {1, 2, 3}
    assert {(f"include/models/{name}.py", gated) for name in "ab" for gated in (True, False)} <= {*kinds}
    assert sample == choose_with_code(many)


def test_ctrl_c_ends_the_training_and_removes_its_worktree(tmp_path, project):
    root, temporary, started = tmp_path / "project", tmp_path / "tmp", tmp_path / "started"
    root.mkdir()
    temporary.mkdir()
    run_git(root, "init", "-q", "-b", "main")
    waits = f"import os, time\n\n\ndef build_model(x=1):\n    open({str(started)!r}, 'w').write(str(os.getpid()))\n"
    commit(
        root,
        {
            "configs/line.yml": BASE["configs/line.yml"],
            "include/models/line.py": f"{waits}    time.sleep(600)\n",
            "include/sample_data/datasets/small.csv": line_table(60).to_csv(index=False),
        },
    )
    commit(root, {"include/models/line.py": f"{waits}    time.sleep(601)\n"})
    command = [
        sys.executable,
        "-m",
        "refinery",
        "plan",
        "--base",
        "HEAD^",
        "--head",
        "HEAD",
        "--try",
        "--code",
    ]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI_"))}
    environment = {**inherited, "PYTHONPATH": str(project / "include"), "TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while not (started.exists() and (pid := started.read_text())) and process.poll() is None:
            time.sleep(0.05)
        assert len(run_git(root, "worktree", "list").splitlines()) == 3
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "Training line\n")
    assert len(run_git(root, "worktree", "list").splitlines()) == 1
    assert [*temporary.iterdir()] == []
    assert not psutil.pid_exists(int(pid))
