"""Unchanged scripts, from the config to S3: what they receive, what they leave, and what is reported about them."""

from __future__ import annotations

import logging
import textwrap
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

PETROL = Path(__file__).parents[2] / "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv"
SCRIPT_LOG = "refinery.training.user_code.child_process"


@pytest.fixture
def prepare(prepare_config, models_dir, s3, tmp_path):
    """Write a script and a config whose model is this script, with more of the model's keys."""

    def prepare(source, *, model="", more=""):
        (models_dir / "legacy.py").write_text(textwrap.dedent(source))
        s3.put_object(Bucket="datasets", Key="petrol.csv", Body=PETROL.read_bytes())
        name = f"script_{tmp_path.name}"
        lines = [
            "source: s3://datasets/petrol.csv",
            f"model: {{script: legacy.py{model}}}",
            f"output: s3://models/{name}/{{{{ ds }}}}/",
            more,
        ]
        return prepare_config(name, "\n".join(lines))

    return prepare


LEGACY = """
    import argparse, json, os, pathlib, pickle
    import pandas as pd
    from sklearn.linear_model import Ridge

    parser = argparse.ArgumentParser()
    parser.add_argument("--data")
    parser.add_argument("--out")
    parser.add_argument("--day")
    parser.add_argument("--alpha", type=float)
    args = parser.parse_args()
    print("training on", os.path.basename(args.data), "of", args.day, "in", os.environ["REGION"])
    table = pd.read_csv(args.data)
    X, y = table.iloc[:, :-1], table.iloc[:, -1]
    model = Ridge(alpha=args.alpha).fit(X, y)
    with open(args.out, "wb") as file:
        pickle.dump(model, file)
    folder = pathlib.Path(os.environ["FOLDER"])
    (folder / "plots").mkdir()
    (folder / "plots" / "loss.txt").write_text("1 2 3")
    (folder / "metrics.json").write_text(json.dumps({"r2": model.score(X, y)}))
    """


def test_a_script_gets_its_paths_and_all_that_it_leaves_is_uploaded(prepare):
    run = prepare(
        LEGACY,
        model=', args: [--data, "{dataset}", --out, "{model}", --day, "{{ ds }}"], params: {alpha: 0.5}, '
        'env: {REGION: north, FOLDER: "{model_dir}"}',
    ).run()

    assert run.objects.keys() == {
        *("model.pkl", "plots/loss.txt", "metrics.json", "card.html", "card.md", "manifest.json")
    }
    assert run.manifest["model"] == {"name": "legacy.py", "kind": "script"}
    assert run.manifest["script"]["files"] == ["metrics.json", "model.pkl", "plots/loss.txt"]
    assert run.manifest["metrics"].keys() == {"r2"}
    assert run.manifest["params"] == {"alpha": 0.5}


SAGEMAKER = """
    import argparse, os
    import joblib
    import pandas as pd
    from sklearn.ensemble import RandomForestRegressor

    if __name__ == "__main__":
        parser = argparse.ArgumentParser()
        parser.add_argument("--n_estimators", type=int, default=100)
        parser.add_argument("--output-data-dir", default=os.environ["SM_OUTPUT_DATA_DIR"])
        parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
        parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
        args = parser.parse_args()
        files = [os.path.join(args.train, file) for file in os.listdir(args.train)]
        table = pd.concat(pd.read_csv(file) for file in files)
        model = RandomForestRegressor(args.n_estimators).fit(table.iloc[:, :-1], table.iloc[:, -1])
        joblib.dump(model, os.path.join(args.model_dir, "model.joblib"))
        with open(os.path.join(args.output_data_dir, "importances.csv"), "w") as file:
            file.write(",".join(map(str, model.feature_importances_)))
    """


def test_a_script_made_for_sagemaker_runs_unchanged(prepare):
    """Its dataset's folder holds the dataset alone, as there."""
    run = prepare(SAGEMAKER, model=", params: {n_estimators: 5}").run()

    assert run.manifest["script"]["files"] == ["importances.csv", "model.joblib"]
    assert run.manifest["files"].keys() <= run.objects.keys()
    assert run.manifest["format"] == "pickle"
    assert run.manifest["script"]["model_file"] == "model.joblib"


def test_a_script_is_gated_by_the_metrics_that_it_writes(prepare):
    writes = "open('m.bin', 'w').write('x'); open('metrics.json', 'w').write('{\"auc\": 0.7}')"
    run = prepare(writes, more="require: {auc: {min: 0.8}}")

    with pytest.raises(AirflowFailException, match=r"auc is 0\.7, and at least 0\.8 is required"):
        run.run()
    assert {name.rpartition("/")[2] for name in run.objects} == {"manifest.json", "card.html", "card.md"}


def test_a_retry_leaves_nothing_of_the_try_before_it(prepare, models_dir):
    """What the first try left was whole, but its task was marked as failed, as by a worker that was lost."""
    run = prepare("open('first.bin', 'w').write('1')", more="card: false")
    run.step("download_dataset")
    run.step("train_model")
    (models_dir / "legacy.py").write_text("open('second.bin', 'w').write('2')")

    run.step("train_model")
    run.step("upload_model")

    assert run.objects.keys() == {"second.bin", "manifest.json"}


def test_what_a_failed_try_wrote_is_not_uploaded_either(prepare, models_dir):
    run = prepare("open('half.bin', 'w').write('1'); raise SystemExit(3)", more="card: false")
    run.step("download_dataset")
    with pytest.raises(AirflowFailException):
        run.step("train_model")
    (models_dir / "legacy.py").write_text("open('second.bin', 'w').write('2')")

    run.step("train_model")
    run.step("upload_model")

    assert run.objects.keys() == {"second.bin", "manifest.json"}


def test_a_failure_is_reported_by_exit_code_and_last_lines_and_nothing_is_uploaded(prepare):
    run = prepare("print('epoch 1'); raise SystemExit('no such column: churn')")

    with pytest.raises(AirflowFailException, match="exit code 1") as raised:
        run.run()

    assert "epoch 1" in str(raised.value)
    assert "no such column: churn" in str(raised.value)
    assert run.objects == {}


def test_its_output_is_in_the_log_while_it_runs(prepare, tmp_path, caplog):
    """The script goes on only when its first line is in the log."""
    go_on = tmp_path / "go_on"

    class GoOn(logging.Handler):
        def emit(self, record):
            if record.getMessage() == "epoch 1":
                go_on.touch()

    run = prepare(
        f"""
        import os, time
        print("epoch 1")
        while not os.path.exists({str(go_on)!r}): time.sleep(0.01)
        open("model.bin", "w").write("x")
        """
    )
    logging.getLogger(SCRIPT_LOG).addHandler(handler := GoOn())
    with caplog.at_level("INFO", SCRIPT_LOG):
        run.run()
    logging.getLogger(SCRIPT_LOG).removeHandler(handler)

    assert go_on.exists()


def test_an_unchanged_script_is_not_run_again_where_the_config_asks_for_it(prepare, models_dir):
    run = prepare("open('m.bin', 'w').write('x')", more="on_unchanged: skip").run()
    run.step("download_dataset")
    with pytest.raises(AirflowSkipException, match="the latest model"):
        run.step("train_model")

    (models_dir / "legacy.py").write_text("open('m.bin', 'w').write('y')")

    run.run()
    assert run.objects["m.bin"] == b"y"


@pytest.mark.parametrize(
    ("timeout", "seconds"), [("10s", 9.5), ("2m", 114), ("10m", 570), ("6h", 6 * 3600 - 30)]
)
def test_a_script_has_a_little_less_time_than_its_task(prepare, timeout, seconds):
    """Else Airflow would end it first, without its last lines, and try again."""
    run = prepare("pass", more=f"timeout: {timeout}")

    assert run.dag.get_task("train_model").training_spec().timeout == pytest.approx(seconds)


def test_a_script_that_takes_too_long_is_reported_with_its_last_lines_and_not_tried_again(prepare):
    run = prepare("import time; print('epoch 1', flush=True); time.sleep(600)", more="timeout: 4s")

    with pytest.raises(AirflowFailException, match=r"ended after 3.8 seconds(.|\n)*epoch 1"):
        run.run()
