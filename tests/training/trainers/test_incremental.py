"""Training batch by batch: what it learns, what it refuses, and that its memory does not grow with the rows."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import SGDRegressor

from refinery.errors import RefineryError
from refinery.training import ClassModel, ModuleModel, SourceOptions, TrainingError
from refinery.training.evaluation.latest import LatestModel

ROOT = Path(__file__).parents[3]
SCALED = """
from sklearn.linear_model import SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def build_model():
    return make_pipeline(StandardScaler(), SGDRegressor())
"""
DAYS = """
import pandas as pd
from sklearn.linear_model import SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

def days(table):
    return (table[["when"]] - pd.Timestamp("2026-01-01")) / pd.Timedelta(days=1)

def build_model():
    return make_pipeline(FunctionTransformer(days), StandardScaler(), SGDRegressor())
"""
REGRESSOR = ClassModel("sklearn.linear_model.SGDRegressor")
CLASSIFIER = ClassModel("sklearn.linear_model.SGDClassifier")
LOGISTIC = {"model": CLASSIFIER, "params": {"loss": "log_loss"}, "target": "kind"}

PEAK = """
import sys
from pathlib import Path
from refinery.training import ClassModel, TrainingSpec, train

model = ClassModel("sklearn.linear_model.SGDRegressor")
spec = TrainingSpec(model=model, models_dir=Path("."), test_size=0.5, batch_rows=10_000)
train(spec, Path(sys.argv[1]), Path(sys.argv[2]), provenance={})
# Not ru_maxrss, which remembers the parent's memory too.
status = Path("/proc/self/status").read_text().split()
print(status[status.index("VmHWM:") + 1])
"""


def make_table(rows, seed=0):
    """A table whose `y` and `kind` follow from `a` and `b`, with a little noise."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame({"a": draw.normal(size=rows), "b": draw.normal(size=rows)})
    table["kind"] = np.where(table.a + table.b + draw.normal(scale=0.1, size=rows) > 0, "up", "down")
    table["y"] = 3 * table.a - table.b + draw.normal(scale=0.1, size=rows)
    return table


@pytest.fixture
def train_rows(train_petrol, tmp_path):
    """Train on a table, written as the file that is named, in batches of 100 rows."""

    def train_rows(table, name="rows.csv", **fields):
        dataset = tmp_path / name
        write(table, dataset)
        spec = {"model": REGRESSOR, "batch_rows": 100, "source": SourceOptions(drop=("kind",)), "target": "y"}
        if fields.get("target") == "kind":
            spec["source"] = SourceOptions(drop=("y",))
        return train_petrol(dataset=dataset, **spec | fields)

    return train_rows


def write(table, path):
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True, double_precision=15)
    elif not path.suffix:
        path.mkdir()
        half = len(table) // 2
        table[:half].to_csv(path / "1.csv", index=False)
        table[half:].to_csv(path / "2.csv", index=False)
    else:
        table.to_csv(path, index=False)


def test_it_learns_what_partial_fit_learns_from_the_rows_that_are_not_held_out(train_rows):
    table = make_table(1000)

    result = train_rows(table)

    held_out = np.random.default_rng(0).random(1000) < 0.2
    expected = SGDRegressor(random_state=0)
    for start in range(0, 1000, 100):
        batch = table[start : start + 100][~held_out[start : start + 100]]
        expected.partial_fit(batch[["a", "b"]], batch.y)
    assert result.model.coef_ == pytest.approx(expected.coef_, rel=1e-12)
    assert result.manifest["split"]["test_rows"] == held_out.sum()
    assert result.manifest["split"]["train_rows"] == 1000 - held_out.sum()
    pd.testing.assert_frame_equal(
        result.held_out.features, table.loc[held_out, ["a", "b"]].reset_index(drop=True)
    )
    assert result.metrics["r2"] > 0.95
    assert result.manifest["baseline"]["r2"] == pytest.approx(0, abs=0.05)
    assert result.manifest["fit"] == {"mode": "incremental", "batch_rows": 100}


def test_dates_with_their_format_are_read_batch_by_batch(train_rows, tmp_path):
    (tmp_path / "mine.py").write_text(DAYS)
    days = pd.date_range("2026-01-01", periods=300)
    table = pd.DataFrame({"when": days.strftime("%d/%m/%Y"), "y": np.arange(300) / 100})
    fields = {"model": ModuleModel("mine"), "models_dir": tmp_path}

    result = train_rows(table, source=SourceOptions(dates={"when": "%d/%m/%Y"}), **fields)

    held_out = result.held_out
    assert held_out.features["when"].tolist() == [days[round(100 * y)] for y in held_out.actual]
    assert result.manifest["data"]["dates"] == {"when": "%d/%m/%Y"}
    assert result.manifest["data"]["prepared"] == {"when": "read as dates (%d/%m/%Y)"}
    table.loc[250, "when"] = "09/31/2026"
    with pytest.raises(TrainingError, match=r'^rows.csv: row 251, column "when": "09/31/2026" is not a date'):
        train_rows(table, source=SourceOptions(dates={"when": "%d/%m/%Y"}), **fields)


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.csv.zst", "rows.parquet", "rows.jsonl", "folder"])
def test_every_form_of_the_same_rows_gives_the_same_model(train_rows, name):
    table = make_table(400)
    expected = train_rows(table).metrics

    assert train_rows(table, name).metrics == pytest.approx(expected, rel=1e-9)


def test_options_of_the_source_mean_what_they_mean_to_a_whole_read(train_rows, train_petrol, tmp_path):
    table = make_table(500)
    expected = train_rows(table).metrics
    german = tmp_path / "german.csv"
    text = table.to_csv(index=False, sep=";", decimal=",", header=False, encoding="latin-1")
    german.write_bytes(text.replace("up", "hinauf").encode("utf-16"))
    source = SourceOptions(
        separator=";", decimal=",", header=False, columns=tuple(table), encoding="utf-16", drop=("kind",)
    )

    result = train_petrol(dataset=german, model=REGRESSOR, source=source, target="y", batch_rows=100)

    assert result.metrics == pytest.approx(expected)


def test_the_rows_held_out_do_not_depend_on_the_batches(train_rows):
    table = make_table(700)

    few, many = (train_rows(table, batch_rows=rows).held_out.features for rows in (100, 350))

    pd.testing.assert_frame_equal(few, many)


def test_each_step_of_a_pipeline_is_fitted_to_all_rows_before_the_next_sees_them(train_rows, tmp_path):
    (tmp_path / "scaled.py").write_text(SCALED)
    table = make_table(1000).assign(a=lambda table: table.a * 1e6 + 5e6)

    result = train_rows(table, model=ModuleModel("scaled"), models_dir=tmp_path)

    learned = table[["a", "b"]][~(np.random.default_rng(0).random(1000) < 0.2)]
    assert result.model[0].mean_ == pytest.approx(learned.mean().to_numpy())
    assert result.metrics["r2"] > 0.95


def test_a_class_that_comes_in_the_last_batch_alone_is_learned_too(train_rows):
    table = make_table(400)
    late = make_table(40, seed=1).assign(kind="late")

    result = train_rows(pd.concat([table, late]), **LOGISTIC)

    assert list(result.model.classes_) == ["down", "late", "up"]
    assert set(result.metrics) == {"accuracy", "f1", "roc_auc"}
    assert not [warning for warning in result.manifest["warnings"] if "of class" in warning]


def test_whole_numbers_that_have_fractions_or_gaps_later_are_numbers(train_rows):
    table = make_table(400)
    early = table[:100].assign(a=1, b=2)

    result = train_rows(pd.concat([early, table]))

    assert {feature["dtype"] for feature in result.manifest["data"]["features"]} == {"float64"}


def test_a_column_that_is_empty_at_first_is_not_taken_for_an_empty_one(train_rows):
    table = make_table(400)
    table.loc[:149, "b"] = np.nan
    with pytest.raises(TrainingError, match=r'missing values: "b" \(150 of 400 rows\)'):
        train_rows(table)


def test_the_model_is_the_same_to_the_byte_in_another_process(train_rows, tmp_path):
    result = train_rows(make_table(500))
    again = tmp_path / "again"
    program = (
        "import sys; from pathlib import Path; from refinery.training import *\n"
        "spec = TrainingSpec(model=ClassModel('sklearn.linear_model.SGDRegressor'), models_dir=Path('.'), target='y',"
        ' source=SourceOptions(drop=("kind",)), batch_rows=100)\n'
        "train(spec, Path(sys.argv[1]), Path(sys.argv[2]), provenance={})\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "rows.csv"), str(again)], cwd=ROOT, check=True
    )

    files = json.loads((again / "manifest.json").read_text())["files"]
    assert files == result.manifest["files"]


def test_it_is_held_against_the_latest_model_on_the_same_rows(train_rows):
    table = make_table(500)
    latest = LatestModel("2026-01-01", train_rows(table).model, {})

    result = train_rows(table, latest=latest, require={"mae": {"no_worse_than_latest": "5%"}})

    assert result.manifest["gates"][0]["passed"]
    assert "on the same rows" in result.manifest["gates"][0]["sentence"]


def test_metrics_and_baseline_are_those_of_the_positive_class_and_the_model_is_the_same(train_rows):
    metrics = ("precision", "recall", "average_precision")
    up = train_rows(make_table(900), **LOGISTIC, metrics=metrics)
    down = train_rows(make_table(900), **LOGISTIC, metrics=metrics, positive_class="down")

    held_out = down.held_out
    is_down = held_out.actual == "down"
    assert down.metrics["precision"] == is_down[held_out.predicted == "down"].mean()
    assert down.manifest["baseline"]["average_precision"] == pytest.approx(is_down.mean())
    assert (down.manifest["evaluation"]["positive_class"], held_out.classes) == ("down", ["up", "down"])
    assert up.manifest["evaluation"]["positive_class"] == "up"
    assert down.manifest["files"] == up.manifest["files"]
    assert list(down.model.classes_) == ["down", "up"]


def test_the_contract_is_checked_batch_by_batch(train_rows):
    table = make_table(400)
    rules = {"rows": {"min": 400, "max": 400}, "columns": {"a": {"type": "number", "nulls": 0, "min": -9}}}
    assert train_rows(table, expect=rules).manifest["expect"]["passed"]
    table.loc[250, "a"] = -99

    with pytest.raises(
        TrainingError, match=r"rows 201 to 300, breaks a rule(.|\n)*below -9: -99 \(row 251\)"
    ):
        train_rows(table, expect=rules)


REFUSED = {
    "a class without partial_fit": (
        {"model": ClassModel("sklearn.ensemble.RandomForestRegressor")},
        "RandomForestRegressor cannot learn batch by batch .* these can: MLPRegressor, .*SGDRegressor",
    ),
    "text": ({"source": SourceOptions()}, r'cannot take columns that are not numbers: "kind" \(str\)'),
    "classes by their share": ({"stratify": True}, "evaluate.stratify needs all rows together"),
    "rows of one group": ({"group_column": "a"}, "evaluate.group_column needs all rows together"),
    "weights": ({"weight": "a"}, "weight needs all rows together"),
    "the last rows": ({"time_column": "a"}, "evaluate.time_column needs all rows together"),
    "folds": ({"cross_validation": 3}, "evaluate.cross_validation needs all rows together"),
    "dates": (
        {"source": SourceOptions(dates=("kind",))},
        "source.dates without formats needs all rows together, .*source.dates: {kind:",
    ),
    "a unique column": (
        {"expect": {"columns": {"a": {"unique": True}}}},
        r"expect.columns.a.unique: needs all values together",
    ),
    "a positive class that there is not": (
        {**LOGISTIC, "source": SourceOptions(drop=("y", "gap")), "positive_class": "dwon"},
        'the target "kind" has no class "dwon", only "down" and "up"; did you mean "down"',
    ),
    "a positive class of a regression": (
        {"positive_class": 1},
        "evaluate.positive_class: this model does regression",
    ),
    "too many rows asked for": ({"expect": {"rows": {"min": 1000}}}, "there are 300 rows, fewer than 1000"),
    "too many gaps": (
        {"expect": {"columns": {"gap": {"nulls": 0.5}}}},
        "299 rows have no value, at most 50%",
    ),
    "a metric of another task": ({"metrics": ["accuracy"]}, "accuracy.* does not measure regression"),
    "a regressor for text": ({"target": "kind"}, "only predicts numbers"),
    "a target with a gap": ({"target": "gap"}, "299 of 300 rows have no finite value in the target"),
}


@pytest.mark.parametrize(("fields", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_needs_all_rows_or_cannot_be_learned_is_refused(train_rows, fields, sentence):
    table = make_table(300).assign(gap=[1.5, *[np.nan] * 299])

    with pytest.raises(RefineryError, match=sentence):
        train_rows(table, **fields)


def test_a_column_of_numbers_here_and_text_there_is_refused(train_rows):
    table = make_table(300)
    with pytest.raises(
        TrainingError, match=r'"zip" is str after row 200 and int64 before; set source.dtypes'
    ):
        train_rows(table.assign(zip=["75011"] * 200 + ["F-ABC"] * 100))


@pytest.mark.parametrize("function", ["train(dataset_path, model_path)", "fit(X, y)"])
def test_code_that_takes_all_rows_is_refused(train_rows, tmp_path, function):
    (tmp_path / "mine.py").write_text(f"def {function}:\n    pass\n")

    with pytest.raises(TrainingError, match="mine is a script, or defines train or fit"):
        train_rows(make_table(300), model=ModuleModel("mine"), models_dir=tmp_path)


def test_a_step_without_partial_fit_is_named(train_rows, tmp_path):
    (tmp_path / "mine.py").write_text(SCALED.replace("StandardScaler", "RobustScaler"))

    with pytest.raises(TrainingError, match="RobustScaler in a Pipeline cannot learn batch by batch"):
        train_rows(make_table(300), model=ModuleModel("mine"), models_dir=tmp_path)


def test_a_damaged_file_is_reported_as_one(train_rows, train_petrol, tmp_path):
    whole = gzip.compress(make_table(30_000).to_csv(index=False).encode())
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(TrainingError, match="gzip file is damaged or cut short"):
        train_petrol(dataset=tmp_path / "cut.csv.gz", model=REGRESSOR, target="y", batch_rows=100)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's peak memory")
def test_twice_the_rows_take_no_more_memory(tmp_path):
    rows, columns = 120_000, 100  # enough for as many rows to be kept as ever are
    peaks = []
    for times in (1, 2):
        dataset = tmp_path / f"{times}.parquet"
        write_numbers(dataset, rows * times, columns)
        program = [sys.executable, "-c", PEAK, str(dataset), str(tmp_path / f"model-{times}")]
        done = subprocess.run(program, cwd=ROOT, check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout) * 1024)

    more_data = rows * columns * 8
    assert peaks[1] - peaks[0] < more_data / 2


def write_numbers(path, rows, columns):
    """Write a table that is large in memory, but repeats itself and so is small on the disk."""
    block = np.random.default_rng(0).normal(size=(10_000, columns)).round(1)
    table = pa.table({f"x{number}": column for number, column in enumerate(block.T)})
    with pq.ParquetWriter(path, table.schema) as writer:
        for _ in range(rows // len(block)):
            writer.write_table(table)
