"""Rows without a target: an error, unless the config leaves them out and says how many there were."""

from __future__ import annotations

import pandas as pd
import pytest

from refinery.spec.training import ClassModel
from refinery.training import ModuleModel, ScriptModel, SourceOptions
from refinery.training.errors import DatasetError
from refinery.training.evaluation.latest import LatestModel

LINEAR = ClassModel("sklearn.linear_model.LinearRegression")
FOREST = ClassModel("sklearn.ensemble.RandomForestClassifier")
# 100 rows, each tenth without a target; where it is missing, so is the truth about a and only there `late` has values.
ROWS = [{"a": 1000 if i % 10 == 0 else i, "b": i % 7, "late": i if i % 10 == 0 else None} for i in range(100)]
TABLE = pd.DataFrame(ROWS).assign(
    y=[None if i % 10 == 0 else 2 * i + i % 7 for i in range(100)],
    kind=[None if i % 10 == 0 else i % 2 for i in range(100)],
    word=[None if i % 10 == 0 else ("yes" if i % 2 else "no") for i in range(100)],
)


@pytest.fixture
def learn(train_petrol, tmp_path):
    """Train on the table with one of its targets, written as the file that is named."""

    def learn(name="t.csv", *, target="y", missing="drop", table=TABLE, **fields):
        path = tmp_path / name
        table = table[["a", "b", "late", target]]
        if name.endswith(".parquet"):
            table.to_parquet(path)
        elif name.endswith(".jsonl"):
            table.to_json(path, orient="records", lines=True)
        else:
            table.to_csv(path, index=False)
        return train_petrol(
            dataset=path, **{"model": LINEAR, "target": target, "missing_target": missing, **fields}
        )

    return learn


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.jsonl"])
def test_rows_without_a_target_are_left_out_and_counted(learn, name):
    result = learn(name)

    assert result.metrics["r2"] > 0.999
    assert result.manifest["data"]["rows"] == 90
    assert result.manifest["data"]["rows_without_target"] == 10
    assert result.manifest["data"]["left_out"] == {"late": "holds no values"}
    assert result.manifest["split"]["train_rows"] + result.manifest["split"]["test_rows"] == 90
    assert result.held_out.features["a"].max() < 1000
    assert "  dropped   10 rows have no value in the target (target.missing: drop)" in result.summary


@pytest.mark.parametrize("missing", ["drop", "error"])
def test_a_target_without_gaps_is_unaffected(learn, missing):
    result = learn(table=TABLE.dropna(subset="y"), missing=missing, source=SourceOptions(drop=("late",)))

    assert "rows_without_target" not in result.manifest["data"]
    assert "dropped" not in result.summary


def test_the_error_names_the_option(learn):
    with pytest.raises(DatasetError) as raised:
        learn(missing="error")

    assert str(raised.value) == (
        '10 of 100 rows have no finite value in the target column "y": correct the dataset, or leave out those '
        'without a value: target: {column: "y", missing: drop}.'
    )


@pytest.mark.parametrize("batch_rows", [None, 7])
def test_a_dataset_without_any_target_is_still_an_error(learn, batch_rows):
    model = LINEAR if batch_rows is None else ClassModel("sklearn.linear_model.SGDRegressor")
    with pytest.raises(DatasetError, match=r"All \d+ rows have no finite value"):
        learn(table=TABLE.assign(y=float("nan"), late=1), batch_rows=batch_rows, model=model)


def test_infinite_targets_are_still_an_error(learn):
    with pytest.raises(DatasetError) as raised:
        learn(table=TABLE.assign(y=TABLE["y"].where(TABLE.index != 5, float("inf"))))

    assert str(raised.value) == (
        '1 of 90 rows has no finite value in the target column "y" (1 infinite): correct the dataset.'
    )


@pytest.mark.parametrize(("target", "classes"), [("kind", [0, 1]), ("word", ["no", "yes"])])
def test_classes_are_as_they_stand_in_the_data(learn, target, classes):
    result = learn(target=target, model=FOREST)

    assert [value.item() if hasattr(value, "item") else value for value in result.held_out.classes] == classes
    assert {type(value) for value in result.held_out.actual.tolist()} == {type(classes[0])}


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        ({"cross_validation": 3}, 90),
        ({"time_column": "a"}, 90),
        ({"target": "kind", "model": FOREST, "stratify": True}, 90),
        ({"source": SourceOptions(null_values=("199.0",))}, 89),
        ({"features": ("a", "b")}, 90),
    ],
)
def test_it_goes_with_the_other_options(learn, fields, rows):
    manifest = learn(**fields).manifest

    assert (manifest["data"]["rows"], manifest["data"]["rows_without_target"]) == (rows, 100 - rows)


def test_the_contract_is_held_against_all_rows(learn):
    assert learn(expect={"rows": {"min": 100}, "columns": {"y": {"nulls": 0.1}}}).manifest["expect"]["passed"]

    with pytest.raises(DatasetError, match="y"):
        learn(expect={"columns": {"y": {"nulls": 0.05}}})


def test_streamed_rows_are_left_out_batch_by_batch(learn):
    sgd = ClassModel("sklearn.linear_model.SGDClassifier")
    table = TABLE.assign(late=1)

    result = learn(table=table, target="kind", model=sgd, batch_rows=7, expect={"rows": {"min": 100}})

    assert result.manifest["data"]["rows"] == 90
    assert result.manifest["data"]["rows_without_target"] == 10
    assert result.held_out.classes == [0, 1]
    assert set(result.held_out.actual) == {0, 1}
    assert result.held_out.features["a"].max() < 1000


def test_gates_compare_with_the_latest_model_on_the_rows_that_are_left(learn):
    first = learn()
    latest = LatestModel("before", first.model, first.manifest)

    gates = learn(latest=latest, require={"r2": {"no_worse_than_latest": 0}}).manifest["gates"]

    assert [gate["passed"] for gate in gates] == [True]


@pytest.mark.parametrize(
    ("model", "source"),
    [(ScriptModel("mine.py"), "print(1)\n"), (ModuleModel("mine"), "def train(dataset, model):\n    pass\n")],
)
def test_code_that_reads_the_dataset_must_leave_them_out_itself(learn, tmp_path, model, source):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.py").write_text(source)

    with pytest.raises(DatasetError, match=r"target\.missing: drop is not for mine"):
        learn(model=model, models_dir=tmp_path / "models")


def test_a_fit_function_is_given_the_rows_that_are_left(learn, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.py").write_text(
        "from sklearn.linear_model import LinearRegression\n"
        "def fit(features, target):\n"
        "    assert target.notna().all()\n"
        "    return LinearRegression().fit(features, target)\n"
    )

    assert learn(model=ModuleModel("mine"), models_dir=tmp_path / "models").metrics["r2"] > 0.999
