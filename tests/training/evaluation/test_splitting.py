"""Which rows are held out, and what is said of tables that cannot be parted so."""

from __future__ import annotations

import importlib

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit, train_test_split

from refinery.spec.training import ClassModel, TrainingSpec
from refinery.training import SourceOptions
from refinery.training.errors import ColumnNotFoundError, ColumnRoleError, DatasetError
from refinery.training.evaluation.splitting import distinct_values, split_folds, split_rows

RIDGE = ClassModel("sklearn.linear_model.Ridge")
TREE = ClassModel("sklearn.tree.DecisionTreeClassifier")
CUSTOMERS = "customer,x,y\n" + "".join(f"c{i % 40:02},{i},{i * i % 7}\n" for i in range(200))
RARE = "x,y\n" + "".join(f"{i},{'rare' if i % 10 == 0 else 'usual'}\n" for i in range(100))
DAYS = "day,x,y\n" + "".join(f"2026-01-{day:02},{day},{day * 2}\n" for day in (3, 1, 2, 10, 9, 8, 7, 6, 5, 4))


def spec_of(tmp_path, **fields):
    return TrainingSpec(model=RIDGE, models_dir=tmp_path, **fields)


@given(
    rows=st.integers(2, 300), test_size=st.floats(0.05, 0.95), seed=st.integers(0, 99), classes=st.booleans()
)
def test_rows_held_out_are_those_of_train_test_split(tmp_path_factory, rows, test_size, seed, classes):
    target = pd.Series([i % 2 if classes else i for i in range(rows)], name="y")
    spec = spec_of(tmp_path_factory.getbasetemp(), test_size=test_size, random_state=seed)
    try:
        expected = train_test_split(np.arange(rows), test_size=test_size, random_state=seed)
    except ValueError:
        with pytest.raises(DatasetError, match="too few to hold out"):
            split_rows(spec, target, None)
        return

    for part, of_scikit_learn in zip(split_rows(spec, target, None), expected, strict=True):
        assert part.tolist() == of_scikit_learn.tolist()


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "ensemble.HistGradientBoostingRegressor",
        "linear_model.LinearRegression",
    ],
)
def test_the_model_is_that_of_scikit_learn_to_the_last_bit(train_table, tmp_path, monkeypatch, name, large):
    if large:
        monkeypatch.setattr("refinery.training.data.formats.LARGE_BYTES", 1)
        monkeypatch.setattr("refinery.training.evaluation.row_parts._LARGE_BYTES", 1)
    drawn = np.random.default_rng(0).normal(size=(2000, 4))
    text = pd.DataFrame(drawn, columns=list("abcy")).to_csv(index=False)
    (tmp_path / "plain.csv").write_text(text)
    table = pd.read_csv(tmp_path / "plain.csv")
    split = train_test_split(table[["a", "b", "c"]], table["y"], test_size=0.2, random_state=0)
    module, _, kind = name.partition(".")
    plain = getattr(importlib.import_module(f"sklearn.{module}"), kind)()
    plain.set_params(**({"random_state": 0} if "random_state" in plain.get_params() else {}))

    result = train_table(text, model=ClassModel(f"sklearn.{name}"))

    assert joblib.hash(result.model) == joblib.hash(plain.fit(split[0], split[2]))
    assert joblib.hash(result.held_out.features.to_numpy()) == joblib.hash(split[1].to_numpy())


@given(
    values=st.lists(st.sampled_from([0.0, 1.0, 2.0, float("nan")]), min_size=1, max_size=9),
    most=st.integers(0, 4),
)
def test_distinct_values_are_listed_where_they_are_few(values, most):
    column = pd.Series(values * 600)
    expected = list(column.unique())

    found = distinct_values(column, most=most)

    assert found is None if len(expected) > most else str(found) == str(expected)


def test_stratified_each_class_is_held_out_by_the_same_share(train_table):
    result = train_table(RARE, model=TREE, stratify=True)

    assert result.held_out.actual.value_counts().to_dict() == {"usual": 18, "rare": 2}
    assert result.manifest["split"]["stratify"] is True


@pytest.mark.parametrize("source", [SourceOptions(), SourceOptions(dates=("day",))])
def test_with_a_time_column_the_last_rows_are_held_out_and_the_time_is_no_feature(train_table, source):
    result = train_table(DAYS, model=RIDGE, time_column="day", test_size=0.3, source=source)

    assert result.held_out.actual.tolist() == [16, 18, 20]
    assert result.held_out.features.columns.tolist() == ["x"]
    assert result.manifest["data"]["left_out"] == {"day": "is the time column"}
    assert result.manifest["split"]["time_column"] == "day"
    assert 'the last by "day"' in result.summary


def groups_and_target(rows=400, groups=60, seed=0):
    draw = np.random.default_rng(seed)
    # Sizes differ: the first groups are large.
    column = pd.Series(
        np.minimum(draw.exponential(groups / 4, rows).astype(int), groups - 1), name="customer"
    )
    return column, pd.Series(draw.integers(0, 3, groups)[column], name="y")


@given(
    test_size=st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 0.7]),
    seed=st.integers(0, 99),
    stratify=st.booleans(),
)
def test_no_group_is_on_both_sides_and_about_the_share_is_held_out(
    tmp_path_factory, test_size, seed, stratify
):
    groups, target = groups_and_target(seed=seed % 5)
    folder = tmp_path_factory.getbasetemp()
    spec = spec_of(folder, group_column="customer", test_size=test_size, random_state=seed, stratify=stratify)
    train, test = split_rows(spec, target, groups=groups)

    assert not set(groups[train]) & set(groups[test])
    assert sorted([*train, *test]) == list(range(len(groups)))
    assert len(test) / len(groups) == pytest.approx(test_size, abs=0.08)
    assert [part.tolist() for part in split_rows(spec, target, groups=groups)] == [
        train.tolist(),
        test.tolist(),
    ]


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_no_group_is_on_both_sides_of_a_fold(tmp_path, task):
    groups, target = groups_and_target()
    spec = spec_of(tmp_path, group_column="customer", cross_validation=4)
    folds = split_folds(spec, task, target, groups=groups)

    assert len(folds) == 4
    assert sorted(row for _, test in folds for row in test) == list(range(len(groups)))
    assert not any(set(groups[train]) & set(groups[test]) for train, test in folds)


@pytest.mark.parametrize("stratify", [False, True])
def test_groups_are_held_out_whole_and_are_no_feature(train_table, stratify):
    result = train_table(
        CUSTOMERS, model=TREE, group_column="customer", stratify=stratify, cross_validation=3, target="y"
    )

    assert result.held_out.features["x"].map(lambda x: x % 40).value_counts().unique().tolist() == [5]
    assert result.held_out.features.columns.tolist() == ["x"]
    assert result.manifest["data"]["left_out"] == {"customer": "is the group column"}
    assert result.manifest["split"]["group_column"] == "customer"
    assert 'by group of "customer"' in result.summary


def test_a_group_that_is_a_number_may_be_a_feature_when_named(train_table):
    text = CUSTOMERS.replace("c", "").replace("ustomer", "customer")

    result = train_table(text, model=RIDGE, group_column="customer", features=("customer", "x"))

    assert result.held_out.features.columns.tolist() == ["customer", "x"]


def test_only_rows_that_are_used_need_a_group(train_table):
    text = f"{CUSTOMERS},7,\n"

    result = train_table(text, model=RIDGE, group_column="customer", missing_target="drop")

    assert result.manifest["data"]["rows"] == 200


def test_the_gap_before_the_last_rows_is_neither_learned_from_nor_held_out(tmp_path):
    times = pd.Series([2030 - year for year in range(10)], name="year")
    spec = spec_of(tmp_path, time_column="year", test_size=0.3, gap=2)
    learned, held_out = split_rows(spec, times, times)

    assert times[learned].tolist() == [2021, 2022, 2023, 2024, 2025]
    assert times[held_out].tolist() == [2028, 2029, 2030]


def test_each_fold_in_time_has_the_gap_of_scikit_learns(tmp_path):
    times = pd.Series(range(40), name="year")
    spec = spec_of(tmp_path, time_column="year", cross_validation=4, gap=3)
    folds = split_folds(spec, "regression", times, times)

    expected = TimeSeriesSplit(4, gap=3).split(times.to_frame())
    assert [tuple(map(list, fold)) for fold in folds] == [tuple(map(list, fold)) for fold in expected]


def test_a_time_that_is_a_number_may_be_a_feature_when_named(train_table):
    text = "year,x,y\n" + "".join(f"{2030 - i},{i},{i}\n" for i in range(10))

    result = train_table(text, model=RIDGE, time_column="year", features=("year", "x"), test_size=0.2)

    assert result.held_out.features["year"].tolist() == [2029, 2030]


def test_rows_of_the_same_time_keep_their_order(train_table):
    text = "year,x,y\n" + "".join(f"{2030 + i % 2},{i},{i}\n" for i in range(400))

    held_out = train_table(text, model=RIDGE, time_column="year").held_out

    assert held_out.actual.tolist() == list(range(241, 400, 2))


@pytest.mark.parametrize(
    ("text", "fields", "error", "message"),
    [
        (
            RARE.replace("99,usual", "99,unique"),
            {"model": TREE, "stratify": True},
            DatasetError,
            'evaluate.stratify: each class needs two rows or more, and "unique" of the target "y" occur in one row. Set',
        ),
        (
            "x,y\n" + "".join(f"{i},{i // 2}\n" for i in range(20)),
            {"stratify": True},
            DatasetError,
            "evaluate.stratify: 4 of 20 rows held out cannot hold each of the 10 classes; change evaluate.test_size",
        ),
        (
            DAYS,
            {"time_column": "day", "stratify": True},
            DatasetError,
            "evaluate.stratify: rows are held out by evaluate.time_column, not by class; set one of the two.",
        ),
        (
            DAYS.replace("2026-01-03", ""),
            {"time_column": "day"},
            DatasetError,
            'evaluate.time_column: 1 of 10 rows have no value in the column "day".',
        ),
        (
            DAYS.replace("2026-01-", "1/"),
            {"time_column": "day"},
            DatasetError,
            'evaluate.time_column: the column "day" holds values such as "1/03", whose order in time is ambiguous;',
        ),
        (
            DAYS,
            {"time_column": "days"},
            ColumnNotFoundError,
            'evaluate.time_column: the dataset has no column "days"; did you mean "day"?',
        ),
        (
            DAYS,
            {"time_column": "y"},
            ColumnRoleError,
            'The column "y" is the target and evaluate.time_column; name another target.',
        ),
        (
            DAYS,
            {"time_column": "day", "gap": 8},
            DatasetError,
            "evaluate.gap: only 8 of 10 rows come before those held out, and 8 of them are left out, so none is left",
        ),
        (
            DAYS,
            {"time_column": "day", "group_column": "day"},
            DatasetError,
            "evaluate.group_column: rows are held out by evaluate.time_column, not by group; set one of the two.",
        ),
        (
            f"{CUSTOMERS},7,1\n",
            {"group_column": "customer"},
            DatasetError,
            'evaluate.group_column: 1 of 201 rows have no value in the column "customer", the first is row 201;',
        ),
        (
            CUSTOMERS,
            {"group_column": "custommer"},
            ColumnNotFoundError,
            'evaluate.group_column: the dataset has no column "custommer"; did you mean "customer"?',
        ),
        (
            CUSTOMERS,
            {"group_column": "y"},
            ColumnRoleError,
            'The column "y" is the target and evaluate.group_column; name another target.',
        ),
        (
            "g,x,y\n" + "".join(f"a,{i},{i}\n" for i in range(20)),
            {"group_column": "g"},
            DatasetError,
            'evaluate.group_column: all rows are of one group, "a" in the column "g", so none can be held out;',
        ),
        (
            CUSTOMERS,
            {"group_column": "customer", "test_size": 0.99},
            DatasetError,
            "evaluate.group_column: 40 groups are too few to hold out 0.99 of them; change evaluate.test_size.",
        ),
        (
            CUSTOMERS,
            {"group_column": "customer", "cross_validation": 50},
            DatasetError,
            'evaluate.cross_validation: 40 groups in the column "customer" are too few for 50 folds;',
        ),
        (
            CUSTOMERS,
            {"group_column": "customer", "stratify": True, "test_size": 0.01},
            DatasetError,
            "evaluate.group_column: 40 groups are too few to hold out 1 of 100 parts of them, stratified;",
        ),
        (
            "g,x,y\n" + "".join(f"c{i % 40},{i},{'usual' if i % 40 else 'rare'}\n" for i in range(200)),
            {"model": TREE, "group_column": "g", "stratify": True},
            DatasetError,
            'evaluate.stratify: each class needs two groups or more, and "rare" of the target "y" occur in one;',
        ),
        ("t,x,y\n1,1,1\n", {"time_column": "t"}, DatasetError, "1 row is too few to hold out 0.2 of them"),
        (
            "x,y\n1,1\n2,2\n3,3\n",
            {"cross_validation": 5},
            DatasetError,
            "evaluate.cross_validation: 3 rows, or the rows of each class, are too few for 5 folds.",
        ),
    ],
)
def test_a_table_that_cannot_be_parted_as_asked_says_why(train_table, text, fields, error, message):
    with pytest.raises(error) as raised:
        train_table(text, **{"model": RIDGE} | fields)

    assert str(raised.value).startswith(message)
    assert not raised.value.retryable
