"""What is kept between parses: an unchanged config costs no reading, and no change is ever missed."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from hashlib import blake2b

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery.config import load_pipeline
from refinery.errors import RefineryError
from refinery.project import Project
from refinery.rendering import inputs, kept
from refinery.rendering.loader import build_dag, load_dags, report_broken_configs
from refinery.rendering.task_start import load_dag
from tests.effort import effort
from tests.rendering.dags import KNOBS, MINIMAL, serialised

RIDGE = MINIMAL.replace("random_forest", "sklearn.linear_model.Ridge")
BROKEN = "source: [\n"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An Airflow home in which nothing is kept yet."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def what_loads(root):
    """What a task's start and the dag-processor make of a project now."""
    project = Project.at(root)
    dags = {name: serialised(dag) for name, dag in load_dags(project).items()}
    starts = {
        name: outcome(lambda name=name: serialised(load_dag(project, name))) for name in ("churn", "a.b")
    }
    return dags, starts, outcome(lambda: report_broken_configs(project))


def outcome(load):
    try:
        return load()
    except RefineryError as error:
        return f"{type(error).__name__}: {error}"


def what_loads_anew(root, monkeypatch, tmp_path):
    with monkeypatch.context() as here:
        here.setenv("AIRFLOW_HOME", str(tmp_path / "nothing"))
        here.setattr(kept, "keep", lambda *_: None)
        here.setattr("refinery.rendering.loader.keep", lambda *_: None)
        here.setattr("refinery.rendering.task_start.keep", lambda *_: None)
        return what_loads(root)


@pytest.mark.parametrize("knob", KNOBS)
def test_a_tasks_start_makes_the_dag_that_dag_factory_makes(configs, knob):
    configs.write("churn", text=KNOBS[knob])
    expected = serialised(build_dag(load_pipeline(configs.root / "configs", "churn")))
    for _ in ("rendered", "kept"):
        assert serialised(load_dag(Project.at(configs.root), "churn")) == expected
        # Of two knobs, the dag-processor finds more wrong than the start of a task looks for.
        of_all = load_dags(Project.at(configs.root))
        assert [serialised(dag) for dag in of_all.values()] in ([expected], [])


def test_the_start_of_a_task_makes_no_docs(configs):
    configs.write("churn", text=MINIMAL)
    assert load_dag(Project.at(configs.root), "churn").doc_md is None


PARSE = """
import json, runpy, sys
dags = runpy.run_path(sys.argv[1])
assert "churn" in dags
print(json.dumps(sorted(sys.modules)))
"""


def test_the_start_of_a_task_imports_neither_dag_factory_nor_what_reads_configs(configs, project):
    configs.write("churn")
    (configs.root / "dags").mkdir()
    loader = configs.root / "dags" / "load_pipelines.py"
    loader.write_text((project / "dags" / "load_pipelines.py").read_text())
    variables = os.environ | {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": "churn"}
    for needless in (
        {"dagfactory"},
        {"dagfactory", "refinery.config", "refinery.storage", "refinery.training"},
    ):
        ran = subprocess.run(
            [sys.executable, "-c", PARSE, str(loader)],
            env=variables,
            capture_output=True,
            text=True,
            check=True,
        )
        assert needless.isdisjoint(json.loads(ran.stdout.splitlines()[-1]))


CHANGES = {
    "the config": lambda root, write: write("churn", text=RIDGE),
    "a byte of it, and neither its size nor its time": lambda root, write: edit_unseen(
        root / "configs/churn.yml"
    ),
    "a mistake": lambda root, write: write("churn", text=BROKEN),
    "a second config": lambda root, write: write("a/b", text=RIDGE),
    "a broken one": lambda root, write: write("a/b", text=BROKEN),
    "one that shares the output": lambda root, write: write("a/b", text=MINIMAL),
    "the defaults": lambda root, write: write("defaults", text="retries: 7\n"),
    "broken defaults": lambda root, write: write("defaults", text=BROKEN),
    "a file that takes its place": lambda root, write: (root / "configs/churn.yaml").write_text(RIDGE),
    "its removal": lambda root, write: (root / "configs/churn.yml").unlink(),
    "a folder in its place": lambda root, write: make_folder(root / "configs/churn.yml"),
    "a link in its place": lambda root, write: make_link(root / "configs/churn.yml"),
    "the environment's file": lambda root, write: write(
        "environments/local", text="defaults: {retries: 8}\n"
    ),
    "a model's module": lambda root, write: (root / "include/models/random_forest.py").write_text("x = 1\n"),
    "its removal from the models": lambda root, write: (root / "include/models/random_forest.py").unlink(),
}


def edit_unseen(file):
    status = file.stat()
    file.write_text(file.read_text().replace("data/churn", "data/burnt"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def make_folder(file):
    file.unlink()
    file.mkdir()


def make_link(file):
    file.rename(file.with_suffix(".txt"))
    file.symlink_to(file.with_suffix(".txt"))


@pytest.fixture
def own_models(configs, project):
    """A project whose models can be edited."""
    (configs.root / "include").unlink()
    models = configs.root / "include" / "models"
    models.mkdir(parents=True)
    (models / "random_forest.py").write_text((project / "include/models/random_forest.py").read_text())
    return configs


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_is_missed_and_none_outlives_its_revert(own_models, change, monkeypatch, tmp_path):
    root = own_models.root
    own_models.write("churn", text=MINIMAL)
    before = what_loads(root)
    CHANGES[change](root, own_models.write)
    assert what_loads(root) == what_loads_anew(root, monkeypatch, tmp_path) != before
    for again in range(2):
        assert what_loads(root) == what_loads_anew(root, monkeypatch, tmp_path), again


def test_another_environment_is_another_rendering(configs, monkeypatch, tmp_path):
    configs.write("churn", text=MINIMAL)
    configs.write("environments/prod", text="defaults: {retries: 9}\n")
    local = what_loads(configs.root)
    monkeypatch.setenv("REFINERY_ENV", "prod")
    assert what_loads(configs.root) == what_loads_anew(configs.root, monkeypatch, tmp_path) != local


def test_two_projects_with_one_pipeline_are_kept_apart(configs, tmp_path):
    configs.write("churn", text=MINIMAL)
    other = tmp_path / "other"
    (other / "configs").mkdir(parents=True)
    (other / "configs" / "churn.yml").write_text(RIDGE)
    first, second = what_loads(configs.root), what_loads(other)
    assert first != second
    assert (what_loads(configs.root), what_loads(other)) == (first, second)


def test_a_restored_config_is_what_it_was(configs):
    configs.write("churn", text=MINIMAL)
    before = what_loads(configs.root)
    configs.write("churn", text=RIDGE)
    what_loads(configs.root)
    configs.write("churn", text=MINIMAL)
    os.utime(configs.root / "configs" / "churn.yml", (0, 0))
    assert what_loads(configs.root) == before


TEXTS = st.sampled_from([MINIMAL, RIDGE, BROKEN, "", "retries: 3\n", f"{MINIMAL}matrix: {{x: [1, 2]}}\n"])
FILES = st.sampled_from(
    ["churn.yml", "churn.yaml", "a/b.yml", "defaults.yml", "a/defaults.yml", "environments/local.yml"]
)


@settings(max_examples=effort(15, 300), deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=st.lists(st.tuples(FILES, TEXTS), min_size=2, max_size=6))
def test_whatever_is_written_loads_as_if_nothing_were_kept(edits, tmp_path_factory, monkeypatch, project):
    root = tmp_path_factory.mktemp("project")
    (root / "include").symlink_to(project / "include")
    for file, text in edits:
        path = root / "configs" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        assert what_loads(root) == what_loads_anew(root, monkeypatch, root)


class TestReadingOnce:
    @pytest.fixture
    def readings(self, monkeypatch):
        """Count how often configs are read."""
        counted = []
        for name in ("refinery.rendering.loader.load_project", "refinery.config.load_pipeline"):
            module, _, function = name.rpartition(".")
            read = getattr(sys.modules[module], function)
            monkeypatch.setattr(
                name, lambda *args, read=read, **kwargs: counted.append(args) or read(*args, **kwargs)
            )
        return counted

    def test_both_dag_files_read_an_unchanged_project_once(self, configs, readings):
        configs.write("churn")
        configs.write("broken", text=BROKEN)
        project = Project.at(configs.root)
        for _ in range(3):
            assert list(load_dags(project)) == ["churn"]
            with pytest.raises(RefineryError, match=r"configs/broken\.yml"):
                report_broken_configs(project)
        assert len(readings) == 1

    def test_the_tasks_of_a_run_read_their_config_once(self, configs, readings):
        configs.write("churn")
        for _ in range(4):
            load_dag(Project.at(configs.root), "churn")
        assert len(readings) == 1

    def test_newer_code_reads_again(self, configs, readings, monkeypatch):
        configs.write("churn")
        load_dag(Project.at(configs.root), "churn")
        monkeypatch.setattr(inputs, "CODE", b"newer")
        load_dag(Project.at(configs.root), "churn")
        assert len(readings) == 2

    def test_a_package_that_is_installed_later_reads_again(self, configs, readings, monkeypatch, tmp_path):
        packages = tmp_path / "site-packages"
        packages.mkdir()
        monkeypatch.syspath_prepend(str(packages))
        configs.write("churn")
        load_dag(Project.at(configs.root), "churn")
        (packages / "new.py").touch()
        load_dag(Project.at(configs.root), "churn")
        assert len(readings) == 2

    @pytest.mark.parametrize("damage", ["cut", "other bytes", "code"])
    def test_a_damaged_file_reads_again_and_runs_nothing(self, configs, readings, home, damage):
        configs.write("churn")
        project = Project.at(configs.root)
        expected = serialised(load_dag(project, "churn"))
        (file,) = (home / kept.FOLDER).iterdir()
        whole = file.read_bytes()
        payload = pickle.dumps((os.system, "exit 3"))
        content = {"cut": whole[:-1], "other bytes": whole[:20] + b"x" + whole[21:]}
        key = inputs.pipeline_inputs(project, "churn")
        seal = blake2b(payload, key=key, digest_size=16).digest()
        file.write_bytes(content.get(damage, seal + payload))
        assert serialised(load_dag(project, "churn")) == expected
        assert len(readings) == 2

    def test_where_the_home_cannot_be_written_everything_still_loads(self, configs, readings, home):
        configs.write("churn")
        home.write_text("a file where the folder should be")
        for _ in range(2):
            assert list(load_dags(Project.at(configs.root))) == ["churn"]
            assert load_dag(Project.at(configs.root), "churn").dag_id == "churn"
        assert len(readings) == 4

    def test_what_is_kept_is_for_the_user_alone(self, configs, home):
        configs.write("churn")
        load_dags(Project.at(configs.root))
        assert (home / kept.FOLDER).stat().st_mode & 0o777 == 0o700
        assert [file.stat().st_mode & 0o777 for file in (home / kept.FOLDER).iterdir()] == [0o600]


def test_an_executor_that_spreads_steps_is_asked_each_time(configs, monkeypatch):
    configs.write("churn", more="workspace: /tmp/refinery\n")
    project = Project.at(configs.root)
    assert list(load_dags(project)) == ["churn"]
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    assert load_dags(project) == {}
    assert list(load_dags(replace(project, environment="local"))) == []
