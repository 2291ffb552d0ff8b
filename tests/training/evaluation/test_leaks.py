"""No learned part sees a held-out row: whatever these rows hold, the file of the model has the same bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from refinery.spec.training import ClassModel, SourceOptions, Step, StepsModel
from refinery.training import on_cores

LOGISTIC = ClassModel("sklearn.linear_model.LogisticRegression")
LIGHTGBM = ClassModel("lightgbm.LGBMClassifier")
XGBOOST = ClassModel("xgboost.XGBClassifier")
CATBOOST = ClassModel("catboost.CatBoostClassifier")
HISTOGRAMS = ClassModel("sklearn.ensemble.HistGradientBoostingClassifier")
STEPS = StepsModel(
    (
        Step("sklearn.preprocessing.StandardScaler"),
        Step("lightgbm.LGBMClassifier", {"n_estimators": 100}),
    )
)

SPLITS = [
    {"group_column": "customer"},
    {"time_column": "day", "gap": 2},
    {"weight": "w", "test_size": 0.3},
]
PARTS = [
    ("preparation", LOGISTIC, {}),
    ("early stopping", LIGHTGBM, {"stopping_rounds": 3}),
    ("early stopping", XGBOOST, {"stopping_rounds": 3}),
    ("early stopping", CATBOOST, {"stopping_rounds": 3}),
    ("early stopping", HISTOGRAMS, {"stopping_rounds": 3}),
    ("early stopping", STEPS, {"stopping_rounds": 3}),
    ("threshold", LOGISTIC, {"maximize": "f1"}),
    ("calibration", LOGISTIC, {"calibrate": "isotonic"}),
    ("all", LIGHTGBM, {"stopping_rounds": 3, "maximize": "balanced_accuracy", "calibrate": "sigmoid"}),
]


def rounds_of(model):
    if model in (LOGISTIC, STEPS):
        return {}
    return {"max_iter" if model == HISTOGRAMS else "n_estimators": 100}


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "income": random.normal(size=300).round(3),
            "age": random.normal(40, 9, size=300).round(1),
            "city": random.choice(["Paris", "Rome", "Oslo", "Lima"], 300),
            "street": ["Road of " + "".join(random.choice([*"ABCDE"], 6)) for _ in range(300)],
            "since": pd.date_range("2015-01-01", periods=300).strftime("%Y-%m-%d"),
            "customer": random.integers(0, 60, 300),
            "day": range(300),
            "w": random.integers(1, 4, 300),
        }
    )
    rows.loc[::9, ["income", "city"]] = None
    rows["paid"] = np.where(rows.age + random.normal(0, 9, size=300) > 44, "yes", "no")
    return rows


@pytest.fixture
def fit(train_petrol, tmp_path):
    def fit(model, rows, **fields):
        path = model.steps[-1].path if isinstance(model, StepsModel) else model.path
        pytest.importorskip(path.partition(".")[0])
        dataset = tmp_path / "table.csv"
        rows.to_csv(dataset, index=False)
        used = {fields.get(name) for name in ("weight", "group_column", "time_column")}
        return train_petrol(
            dataset=dataset,
            model=model,
            target="paid",
            params=rounds_of(model),
            source=SourceOptions(drop=tuple(sorted({"customer", "day", "w"} - used))),
            preprocess="auto",
            output_dir=tmp_path / str(len(list(tmp_path.iterdir()))),
            **fields,
        )

    with on_cores(1):
        yield fit


def changed(table, rows, seed=1):
    """The table with other values and targets in some rows, of the same kinds, with other words, and far away."""
    random = np.random.default_rng(seed)
    wild = table.copy()
    count = len(rows)
    wild.loc[rows, "income"] = random.normal(1e6, 1e7, count).round(3)
    wild.loc[rows, "age"] = random.normal(-1e4, 1e5, count).round(1)
    wild.loc[rows, "city"] = random.choice(["Atlantis", "Oz", "Paris"], count)
    if "street" in wild:
        wild.loc[rows, "street"] = ["Nowhere " + "".join(random.choice([*"XYZ"], 8)) for _ in range(count)]
    wild.loc[rows, "since"] = random.choice(["1931-05-07", "2061-11-30"], count)
    wild.loc[rows, "w"] = random.integers(1, 1000, count)
    wild.loc[rows, "paid"] = random.choice(["yes", "no"], count)
    return wild


def sha256_of(result):
    return result.manifest["files"]["model.pkl"]["sha256"]


# Each part with rows at random, and those that split again with each way to split.
CASES = [
    *((case, {}) for case in PARTS),
    *((case, split) for case in PARTS[4:5] + PARTS[-1:] for split in SPLITS),
]


@pytest.mark.parametrize(
    ("case", "split"),
    CASES,
    ids=[f"{case[0]} of {case[1]}, {next(iter(split), 'random')}" for case, split in CASES],
)
def test_the_model_does_not_change_with_the_held_out_rows(case, split, fit, table):
    part, model, fields = case
    rows = table if part == "preparation" else table.drop(columns="street")  # its encoding takes long
    result = fit(model, rows, **fields, **split)
    held_out = result.held_out.actual.index
    other = fit(model, changed(rows, held_out), **fields, **split)

    assert sha256_of(other) == sha256_of(result), part
    assert other.held_out.actual.index.equals(held_out)
    assert other.metrics != result.metrics
    if "group_column" in split:
        learned = table.customer.drop(held_out)
        assert not set(table.customer[held_out]) & set(learned)


def test_this_test_would_notice_a_part_that_saw_them(fit, table):
    """A change of one row to learn from does change the bytes."""
    table = table.drop(columns="street")
    result = fit(LOGISTIC, table)
    learned = table.index.difference(result.held_out.actual.index)[:1]

    assert sha256_of(fit(LOGISTIC, changed(table, learned))) != sha256_of(result)


@pytest.mark.parametrize("case", PARTS[-4:], ids=lambda case: f"{case[0]} of {case[1]}")
def test_a_random_target_of_groups_is_not_learned(case, fit, table):
    """Each group has its own target, by chance: a part that saw the group of a held-out row would know it."""
    part, model, fields = case
    random = np.random.default_rng(3)
    of_group = random.choice(["yes", "no"], 60)
    mark = random.normal(size=60).round(3)
    rows = table.drop(columns="street").assign(
        paid=of_group[table.customer], age=mark[table.customer], income=mark[table.customer] * 2
    )
    grouped = fit(model, rows, group_column="customer", test_size=0.4, **fields)

    assert grouped.metrics["roc_auc"] < 0.75, part
