"""Models worth promoting, as the operators see to it: contracts, gates, latest.json, cards, scripts, unchanged inputs."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from refinery.operators import DownloadDatasetOperator, TrainModelOperator, UploadModelOperator

PETROL = "s3://iasd-data-in-the-cloud/petrol_consumption.csv"
CONFIG = {"path": "configs/churn.yml", "text": "model: random_forest\n"}
RIDGE = {"class": "sklearn.linear_model.Ridge"}


@pytest.fixture
def run(tmp_path, s3, context, workspace):
    """Run a pipeline's first three steps on the petrol data, in a series of the test's own; a card takes most of their time."""
    root = f"s3://models/{tmp_path.name}"

    def steps(model=RIDGE, source=PETROL, on_unchanged="retrain", card=False, **training):
        shared = {"workspace": workspace}
        target = {"prefix": f"{root}/2026-01-31/", "series": f"{root}/{{{{ ds }}}}/", **shared}
        with DAG("churn", schedule=None):
            download = DownloadDatasetOperator(task_id="download_dataset", source=source, **shared)
            train = TrainModelOperator(
                task_id="train_model",
                training={"model": model, **training},
                on_unchanged=on_unchanged,
                card=card,
                config=CONFIG,
                **target,
            )
            upload = UploadModelOperator(task_id="upload_model", **target)
        return [step.execute(context) for step in (download, train, upload)]

    return steps


@pytest.fixture
def objects(s3, tmp_path):
    def read():
        found = s3.list_objects_v2(Bucket="models", Prefix=f"{tmp_path.name}/").get("Contents", [])
        keys = [item["Key"] for item in found]
        return {
            key.partition("/")[2]: s3.get_object(Bucket="models", Key=key)["Body"].read()
            for key in sorted(keys)
        }

    return read


def manifest_of(objects):
    return json.loads(objects()["2026-01-31/manifest.json"])


def test_the_newest_model_is_named_in_latest_json(run, objects):
    run()
    latest = json.loads(objects()["latest.json"])
    assert latest["prefix"].endswith("/2026-01-31/")
    assert latest["metrics"].keys() == {"mae", "mse", "rmse", "r2"}


def test_the_manifest_names_the_pipeline_and_what_it_was_called_before(run, objects, context):
    named = []
    for name in ("churn", "churn", "risk.churn", "team.churn"):
        context["dag_run"].dag_id = name
        run()
        named.append(manifest_of(objects)["provenance"]["pipeline"])
    assert named == [
        {"name": "churn", "former_names": []},
        {"name": "churn", "former_names": []},
        {"name": "risk.churn", "former_names": ["churn"]},
        {"name": "team.churn", "former_names": ["churn", "risk.churn"]},
    ]


def test_a_card_is_stored_next_to_the_model(run, objects):
    run(card=True)
    page = objects()["2026-01-31/card.html"].decode()
    assert "Ridge" in page
    assert "card.html" in manifest_of(objects)["files"]


def test_a_model_that_fails_a_gate_is_not_uploaded_and_leaves_a_report(run, objects, capfd):
    with pytest.raises(AirflowFailException, match="mae") as raised:
        run(require={"mae": {"max": 1}}, card=True)
    assert "  metrics   mae" in "".join(capfd.readouterr())
    assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)
    assert sorted(name.rpartition("/")[2] for name in objects()) == ["card.html", "card.md", "manifest.json"]
    assert all(name.startswith("2026-01-31/rejected/scheduled__2026-01-31") for name in objects())


def test_a_gate_that_warns_promotes_and_marks(run, objects):
    run(require={"mae": {"max": 1}}, gate="warn")
    assert manifest_of(objects)["gate"] == "warned"
    assert "latest.json" in objects()


def test_a_model_is_judged_against_the_latest_on_the_same_rows(run):
    run(model={"module": "random_forest"})
    with pytest.raises(AirflowFailException, match="latest"):
        run(model={"class": "sklearn.dummy.DummyRegressor"}, require={"mae": {"no_worse_than_latest": "1%"}})
    run(model={"module": "random_forest"}, require={"mae": {"no_worse_than_latest": "1%"}})


class _RunsWhenLoaded:
    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return (Path.touch, (self.trap,))


@pytest.mark.parametrize("tampered", ["latest.json", "2026-01-31/manifest.json", "2026-01-31/model.pkl"])
def test_a_latest_model_that_was_tampered_with_is_neither_run_nor_taken_for_a_bad_one(
    run, objects, s3, tmp_path, tampered
):
    run()
    trap = tmp_path / "trap"
    s3.put_object(
        Bucket="models", Key=f"{tmp_path.name}/{tampered}", Body=pickle.dumps(_RunsWhenLoaded(trap))
    )

    with pytest.raises(
        AirflowFailException, match=r"cannot be compared with the latest model's: .* cannot be loaded"
    ):
        run(require={"mae": {"no_worse_than_latest": "10%"}})
    assert not trap.exists()


def test_unchanged_inputs_are_skipped_where_the_config_asks_for_it(run):
    run()
    run()
    with pytest.raises(AirflowSkipException, match="the latest model"):
        run(on_unchanged="skip")
    run(on_unchanged="skip", model={"class": "sklearn.linear_model.Ridge", "params": {"alpha": 2}})


def test_another_positive_class_is_no_unchanged_input(run, s3, objects):
    rows = "".join(f"{at},{'fraud' if at % 7 == 0 else 'legitimate'}\n" for at in range(200))
    s3.put_object(Bucket="models", Key="frauds.csv", Body=f"x,y\n{rows}".encode())
    tree = {"class": "sklearn.tree.DecisionTreeClassifier"}
    fraud = {"model": tree, "source": "s3://models/frauds.csv", "evaluate": {"positive_class": "fraud"}}
    run(model=tree, source="s3://models/frauds.csv")
    run(**fraud, on_unchanged="skip")
    assert manifest_of(objects)["evaluation"]["positive_class"] == "fraud"
    assert manifest_of(objects)["provenance"]["spec"]["evaluate"] == {"positive_class": "fraud"}
    with pytest.raises(AirflowSkipException, match="the latest model"):
        run(**fraud, on_unchanged="skip")
    with pytest.raises(AirflowFailException, match=r'has no class "fruad", only .*; did you mean "fraud"'):
        run(**fraud | {"evaluate": {"positive_class": "fruad"}})


def test_a_dataset_that_breaks_its_contract_is_not_trained_on(run, objects):
    with pytest.raises(AirflowFailException, match="Petrol_tax"):
        run(expect={"rows": {"min": 40}, "columns": {"Petrol_tax": {"max": 5}}})
    assert objects() == {}


@pytest.mark.parametrize(("model_format", "file"), [("skops", "model.skops"), ("onnx", "model.onnx")])
def test_a_model_is_written_in_the_format_that_is_asked_for(run, objects, model_format, file):
    run(model={**RIDGE, "format": model_format})
    assert manifest_of(objects)["format"] == model_format
    assert f"2026-01-31/{file}" in objects()
    assert "2026-01-31/model.pkl" not in objects()


def test_text_is_made_ready_for_a_librarys_class(run, objects, s3, tmp_path):
    rows = [
        f"{city},{size},{size * 2 + len(city)}" for size in range(20) for city in ("Oslo", "Rome", "Berlin")
    ]
    s3.put_object(
        Bucket="datasets", Key=f"{tmp_path.name}.csv", Body="\n".join(["city,size,price", *rows]).encode()
    )
    run(source=f"s3://datasets/{tmp_path.name}.csv")
    assert manifest_of(objects)["preprocess"]["library"] == "skrub"


def test_the_card_tells_frequent_texts_the_model_s_file_and_which_metrics_are_errors(
    run, objects, s3, tmp_path
):
    rows = "".join(f"{'tea' if at % 4 else 'coffee'},{at % 5},{at}\n" for at in range(60))
    s3.put_object(
        Bucket="datasets", Key=f"{tmp_path.name}/drinks.csv", Body=f"drink,cups,cost\n{rows}".encode()
    )
    run(source=f"s3://datasets/{tmp_path.name}/drinks.csv", card=True)

    model = manifest_of(objects)["files"]["model.pkl"]
    card = objects()["2026-01-31/card.html"].decode()
    assert "2 different: tea (75%), coffee (25%)" in card
    assert model["sha256"] in card
    assert manifest_of(objects)["evaluation"]["lower_is_better"] == ["mae", "mse", "rmse"]
