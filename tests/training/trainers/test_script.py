"""Unchanged scripts that train a model in a separate process."""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from refinery.training.errors import TrainingError
from refinery.training.trainers.script import find_script, run_script


@pytest.fixture
def run(tmp_path, petrol):
    """Run a script whose source is given on the petrol table."""

    def run(source, args=(), env=None, *, dataset=petrol, params=None, timeout=60.0, file=None):
        models_dir = tmp_path / "models"
        models_dir.mkdir(exist_ok=True)
        (models_dir / "legacy.py").write_text(textwrap.dedent(source))
        return run_script(
            find_script("legacy.py", models_dir),
            args,
            env or {},
            dataset=dataset,
            model_dir=tmp_path / "model",
            params=params or {},
            timeout=timeout,
            file=file,
        )

    return run


PLAIN_SCRIPT = """
    import argparse, pickle
    import pandas as pd
    from sklearn.linear_model import Ridge

    parser = argparse.ArgumentParser()
    parser.add_argument("--data")
    parser.add_argument("--out")
    parser.add_argument("--alpha", type=float)
    args = parser.parse_args()
    table = pd.read_csv(args.data)
    model = Ridge(alpha=args.alpha).fit(table.iloc[:, :-1], table.iloc[:, -1])
    with open(args.out, "wb") as file:
        pickle.dump(model, file)
    """

SAGEMAKER_SCRIPT = """
    import argparse, json, os
    import joblib
    import pandas as pd
    from sklearn.ensemble import RandomForestRegressor

    if __name__ == "__main__":
        parser = argparse.ArgumentParser()
        parser.add_argument("--n_estimators", type=int, default=100)
        parser.add_argument("-v", type=str)
        parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
        parser.add_argument("--output-data-dir", default=os.environ["SM_OUTPUT_DATA_DIR"])
        parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
        args = parser.parse_args()
        assert json.loads(os.environ["SM_HPS"]) == {"n_estimators": 7, "v": True}
        assert os.environ["SM_HP_N_ESTIMATORS"] == "7"
        assert json.loads(os.environ["SM_USER_ARGS"]) == ["--n_estimators", "7", "-v", "True"]
        assert json.loads(os.environ["SM_HOSTS"]) == [os.environ["SM_CURRENT_HOST"]]
        assert json.loads(os.environ["SM_CHANNELS"]) == ["train"] and os.environ["SM_NUM_GPUS"] == "0"
        table = pd.concat(pd.read_csv(os.path.join(args.train, name)) for name in os.listdir(args.train))
        model = RandomForestRegressor(args.n_estimators).fit(table.iloc[:, :-1], table.iloc[:, -1])
        joblib.dump(model, os.path.join(args.model_dir, "model.joblib"))
        os.makedirs(os.path.join(args.output_data_dir, "logs"))
        with open(os.path.join(args.output_data_dir, "logs", "rows.txt"), "w") as file:
            file.write(str(len(table)))
    """


def test_a_plain_script_gets_its_paths_and_params_and_leaves_a_model(run, tmp_path):
    result = run(PLAIN_SCRIPT, ["--data", "{dataset}", "--out", "{model}"], params={"alpha": 0.5})

    assert result.files == ("model.pkl",)
    assert result.model_file == "model.pkl"
    assert pickle.loads((tmp_path / "model" / "model.pkl").read_bytes()).alpha == 0.5


def test_a_script_made_for_sagemaker_runs_unchanged(run, tmp_path, petrol):
    folder = tmp_path / "dataset"
    folder.mkdir()
    for part in "ab":
        (folder / f"{part}.csv").write_bytes(petrol.read_bytes())

    result = run(SAGEMAKER_SCRIPT, dataset=folder, params={"n_estimators": 7, "v": True})

    assert result.files == ("logs/rows.txt", "model.joblib")
    assert result.model_file == "model.joblib"
    assert (tmp_path / "model" / "logs" / "rows.txt").read_text() == "96"


_LEAVE = """
    import os, pickle, sys
    for name in sys.argv[1:]:
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "wb") as file:
            pickle.dump({"alpha": 1}, file)
    """


@pytest.mark.parametrize(
    ("left", "file", "chosen"),
    [
        (["model.joblib"], None, "model.joblib"),
        (["artifacts/best.pickle", "metrics.txt"], None, "artifacts/best.pickle"),
        (["a.joblib", "model.pkl"], None, "model.pkl"),
        (["a.joblib", "b.joblib"], None, None),
        (["a.joblib", "b.joblib"], "b.joblib", "b.joblib"),
        (["vocabulary.pkl", "model.pt"], None, None),
        (["weights.h5"], None, None),
        (["model.pkl", "sub/model.joblib"], "sub/model.joblib", "sub/model.joblib"),
    ],
)
def test_the_model_is_the_named_file_or_the_one_model_there(run, left, file, chosen):
    assert run(_LEAVE, left, file=file).model_file == chosen


def test_a_named_file_that_is_not_there_is_an_error_with_those_that_are(run):
    with pytest.raises(TrainingError, match=r'model.file is "model.joblib", and the script left "a.joblib"'):
        run(_LEAVE, ["a.joblib"], file="model.joblib")


@pytest.mark.parametrize(
    ("flags", "given"),
    [(["--n"], "--n"), (["-n"], "-n"), (["-n", "--n"], "--n"), (["-n", "--number"], "-n"), ([], "--n")],
)
def test_a_flag_of_one_letter_is_written_as_the_script_knows_it(run, tmp_path, flags, given):
    written = ", ".join(f'"{flag}"' for flag in flags)
    added = f"parser.add_argument({written}, type=int)" if flags else ""
    source = f"""
    import argparse, sys
    parser = argparse.ArgumentParser()
    {added}
    parser.parse_known_args()
    open("seen.txt", "w").write(" ".join(sys.argv[1:]))
    """
    run(source, params={"n": 5, "depth": 2})
    assert (tmp_path / "model" / "seen.txt").read_text() == f"{given} 5 --depth 2"


PRINT_ALL = """
    import json, os, sys
    json.dump({"args": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}, open("seen.json", "w"))
    """


def seen(tmp_path):
    return json.loads((tmp_path / "model" / "seen.json").read_text())


def test_placeholders_stand_in_arguments_and_variables(run, tmp_path, petrol):
    run(PRINT_ALL, ["{dataset_dir}/x", "--out={model}", '{"a": 1}'], {"WHERE": "{model_dir}:{dataset}"})

    model_dir = tmp_path / "model"
    assert seen(tmp_path)["args"] == [f"{petrol.parent}/x", f"--out={model_dir}/model.pkl", '{"a": 1}']
    assert seen(tmp_path)["env"]["WHERE"] == f"{model_dir}:{petrol}"
    assert seen(tmp_path)["cwd"] == str(model_dir)


def test_params_are_flags(run, tmp_path):
    params = {"depth": 3, "v": "x y", "on": False, "none": None, "map": {"a": 1, "b": 2}, "list": [1, 2]}

    run(PRINT_ALL, ["first"], params=params)

    assert seen(tmp_path)["args"] == [
        *("first", "--depth", "3", "--v", "x y", "--on", "False", "--none", ""),
        *("--map", "a=1,b=2", "--list", "[1, 2]"),
    ]


def test_a_misspelt_placeholder_is_reported_before_anything_runs(run, tmp_path):
    with pytest.raises(
        TrainingError, match=r"no placeholder \{model_path\}.*There are \{dataset\}, \{model\}"
    ):
        run(PRINT_ALL, ["{model_path}"])
    assert not (tmp_path / "model").exists()


def test_keys_and_settings_of_the_worker_are_not_passed_on(run, tmp_path, monkeypatch):
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "AIRFLOW__CORE__FERNET_KEY",
        "MY_TOKEN",
        "AIRFLOW_CONN_AWS_DEFAULT",
    ):
        monkeypatch.setenv(name, "secret-value")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    run(PRINT_ALL, env={"STAGE": "test"})

    environment = seen(tmp_path)["env"]
    assert "secret-value" not in environment.values()
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["STAGE"] == "test"
    assert environment["PATH"] == os.environ["PATH"]


def test_output_reaches_the_log_line_by_line_as_it_comes(run, caplog, tmp_path):
    """The script goes on only when its first line is in the log."""
    go_on = tmp_path / "go_on"

    class GoOn(logging.Handler):
        def emit(self, record):
            if record.getMessage() == "epoch 1":
                go_on.touch()

    logger = logging.getLogger("refinery.training.user_code.child_process")
    logger.addHandler(handler := GoOn())
    with caplog.at_level("INFO"):
        run(
            f"""
            import os, sys, time
            print("epoch 1")
            while not os.path.exists({str(go_on)!r}): time.sleep(0.01)
            print("a warning", file=sys.stderr)
            sys.stdout.buffer.write(b"50%\\r100%\\r\\nno \\xff text, no end")
            open("model.bin", "w").write("x")
            """
        )
    logger.removeHandler(handler)

    lines = [record.getMessage() for record in caplog.records if record.name.endswith("child_process")]
    assert sorted(lines) == sorted(["epoch 1", "a warning", "50%", "100%", "no \ufffd text, no end"])


def test_an_endless_line_is_cut(run, caplog):
    with caplog.at_level("INFO"):
        run("open('model.bin', 'w').write('x'); print('y' * 250_000)")

    lengths = [len(record.getMessage()) for record in caplog.records]
    assert (sum(lengths), max(lengths)) == (250_000, 10_000)


def test_a_failure_is_reported_with_exit_code_and_last_lines(run):
    with pytest.raises(TrainingError, match=r"legacy\.py: the script ended with exit code 3") as raised:
        run("import sys\nfor i in range(50): print('line', i)\nsys.exit(3)")

    lines = "\n".join(f"  line {i}" for i in range(30, 50))
    assert str(raised.value).endswith(f"Its last lines:\n{lines}")
    assert not raised.value.retryable


def test_a_traceback_is_among_the_last_lines(run):
    with pytest.raises(TrainingError, match="ValueError: no such column"):
        run("raise ValueError('no such column')")


def test_a_silent_failure_and_a_signal_are_reported(run):
    with pytest.raises(
        TrainingError, match=r"was ended by SIGKILL \(perhaps memory ran out\)\. It printed nothing"
    ):
        run("import os\nos.kill(os.getpid(), 9)")


# A child and a grandchild that ignores being asked to end; both write to a file as long as they live.
WITH_GRANDCHILD = """
    import subprocess, sys, time
    code = "import signal, time, sys\\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\\n" \\
        "open(sys.argv[1], 'w').write(str(__import__('os').getpid()))\\ntime.sleep(600)"
    subprocess.Popen([sys.executable, "-c", code, "grandchild"])
    import os
    while not os.path.exists("grandchild") or not open("grandchild").read(): time.sleep(0.01)
    print("started")
    """


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def assert_gone(pid):
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_a_timeout_ends_the_whole_process_group(run, tmp_path):
    with pytest.raises(TrainingError, match="ended after 3 seconds, its timeout") as raised:
        run(f"{WITH_GRANDCHILD}\n    time.sleep(600)", timeout=3)

    assert str(raised.value).endswith("Its last lines:\n  started")
    assert_gone(int((tmp_path / "model" / "grandchild").read_text()))


def test_what_a_script_leaves_running_is_ended_too(run, tmp_path):
    """Its output stays open in the grandchild: the run does not wait for that."""
    run(WITH_GRANDCHILD)

    assert_gone(int((tmp_path / "model" / "grandchild").read_text()))


def test_a_process_that_left_the_group_is_not_waited_for(run, tmp_path):
    """It keeps the output open, and would for ten minutes."""
    run(
        """
        import subprocess, sys
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        open("left", "w").write(str(left.pid))
        """
    )

    left = int((tmp_path / "model" / "left").read_text())
    assert is_alive(left)
    os.kill(left, signal.SIGKILL)


def test_a_script_that_closes_its_output_is_waited_for(run, tmp_path):
    run("import os, time\nos.close(1); os.close(2)\ntime.sleep(0.5)\nopen('model.bin', 'w').write('x')")

    assert (tmp_path / "model" / "model.bin").read_text() == "x"


def test_when_the_task_is_told_to_stop_the_script_is_ended(tmp_path, petrol):
    """As Airflow does it: a signal whose handler raises in the middle of the run."""
    (tmp_path / "legacy.py").write_text(textwrap.dedent(WITH_GRANDCHILD) + "time.sleep(600)\n")
    code = (
        "import signal, sys; from pathlib import Path; from refinery.training.trainers.script import run_script\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "root = Path(sys.argv[1])\n"
        "run_script(root / 'legacy.py', [], {}, dataset=Path(sys.argv[2]), model_dir=root / 'model', params={}, "
        "timeout=None)\n"
    )
    task = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path, petrol],
        cwd=Path(__file__).parents[3],
        stderr=subprocess.DEVNULL,
    )
    grandchild = tmp_path / "model" / "grandchild"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (grandchild.exists() and grandchild.read_text()):
        time.sleep(0.05)

    task.send_signal(signal.SIGTERM)

    assert task.wait(30) != 0
    assert_gone(int(grandchild.read_text()))


def test_metrics_that_a_script_writes_are_read(run):
    result = run(
        "open('m.bin', 'w').write('x'); open('metrics.json', 'w').write('{\"auc\": 0.9, \"n\": 3, \"bad\": NaN}')"
    )

    assert result.metrics["auc"] == 0.9
    assert result.metrics["n"] == 3.0
    assert result.metrics["bad"] != result.metrics["bad"]
    assert result.files == ("m.bin", "metrics.json")


BAD_OUTPUT = [
    ("pass", "did not write a model"),
    ("open('metrics.json', 'w').write('{}')", "did not write a model"),
    ("open('model.pkl', 'w')", "left a model.pkl that is not a model: it is empty"),
    ("open('model.pkl', 'w').write('{}')", "left a model.pkl that is not a model: it is not a pickle"),
    (
        "open('model.skops', 'w').write('{}')",
        "left a model.skops that is not a model: it is not a skops file",
    ),
    ("open('model.onnx', 'w')", "left a model.onnx that is not a model: it is empty"),
    ("open('manifest.json', 'w').write('{}')", "wrote a manifest.json, which Refinery writes"),
    ("import os; os.symlink('/etc/passwd', 'model.bin')", "is a link that leads out of the model's folder"),
    ("open('m', 'w'); open('metrics.json', 'w').write('{')", "metrics.json is not JSON"),
    ("open('m', 'w'); open('metrics.json', 'w').write('[1]')", "is not a mapping of metric names to numbers"),
    (
        "open('m', 'w'); open('metrics.json', 'w').write('{\"a\": \"x\"}')",
        "the metric \"a\" is 'x', not a number",
    ),
]


@pytest.mark.parametrize(("source", "message"), BAD_OUTPUT)
def test_output_that_is_not_a_model_is_reported(run, source, message):
    with pytest.raises(TrainingError, match=message):
        run(source)


@pytest.fixture
def models_dir(tmp_path):
    folder = tmp_path / "models"
    (folder / "team_a").mkdir(parents=True)
    for name in ("churn_legacy.py", "team_a/sales.py", "notes.txt"):
        (folder / name).write_text("")
    (tmp_path / "outside.py").write_text("")
    (folder / "linked.py").symlink_to(tmp_path / "outside.py")
    return folder


@pytest.mark.parametrize("name", ["churn_legacy.py", "team_a/sales.py"])
def test_scripts_are_found_below_the_models_folder(models_dir, name):
    assert find_script(name, models_dir) == models_dir / name


@pytest.mark.parametrize(
    "name",
    [
        "../outside.py",
        "../models/churn_legacy.py",
        "team_a/../../outside.py",
        "linked.py",
        "notes.txt",
        "team_a",
        "",
        "..",
        "gone.py",
        "a\\..\\b.py",
    ],
)
def test_scripts_elsewhere_are_refused(models_dir, name):
    with pytest.raises(TrainingError, match=r"is not a Python script in"):
        find_script(name, models_dir)


def test_an_absolute_script_is_refused_and_a_near_miss_is_named(models_dir):
    with pytest.raises(TrainingError, match="is not a Python script in"):
        find_script(str(models_dir / "churn_legacy.py"), models_dir)
    with pytest.raises(TrainingError, match=r'did you mean "churn_legacy\.py"\?'):
        find_script("churn_legcy.py", models_dir)
