"""A random target for each group: a random split leaks it and warns; a split by group does not leak it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from refinery.spec.training import Candidate, CandidatesModel, ClassModel, Step

FOREST = {"model": ClassModel("sklearn.ensemble.ExtraTreesRegressor"), "params": {"n_estimators": 10}}
CLASSIFIER = {"model": ClassModel("sklearn.ensemble.ExtraTreesClassifier"), "params": {"n_estimators": 10}}
GROUPED = ("Rows look grouped", "Rows with the same")


def customers(*, groups=100, rows=10, noise=0.0, own=0, classes=False):
    """Features of each customer with some noise, `own` columns of each row, and a target of each customer at random."""
    draw = np.random.default_rng(0)
    group = draw.permutation(np.repeat(np.arange(groups), rows))
    values = draw.normal(size=(groups, 5))[group] + noise * draw.normal(size=(len(group), 5))
    table = pd.DataFrame(values, columns=list("abcde"))
    for column in range(own):
        table[f"own{column}"] = draw.normal(size=len(group))
    target = draw.normal(size=groups)[group]
    return table.assign(customer=group, y=np.where(target > 0, "yes", "no") if classes else target)


def smooth(*, digits=None, classes=False, columns=3):
    """A target that is learned from all features, with noise."""
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.normal(size=(1000, columns)), columns=list("abcdefgh")[:columns])
    target = table.sum(axis=1) + draw.normal(size=len(table)) * 0.2
    table = table if digits is None else table.round(digits)
    return table.assign(
        customer=np.arange(1000) % 100, y=np.where(target > 0, "yes", "no") if classes else target
    )


@pytest.fixture
def warnings_of(train_table):
    def warnings_of(table, classes=False, **fields):
        result = train_table(table.to_csv(index=False), **(CLASSIFIER if classes else FOREST) | fields)
        return result, [one for one in result.manifest["warnings"] if one.startswith(GROUPED)]

    return warnings_of


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize(
    "shape",
    [{}, {"noise": 0.01}, {"own": 2}, {"groups": 20, "rows": 30, "noise": 0.01}],
    ids=[
        "the same features",
        "nearly the same features",
        "columns of each row beside them",
        "few large groups",
    ],
)
def test_groups_on_both_sides_are_a_warning_with_or_without_their_column(warnings_of, classes, shape):
    table = customers(**shape, classes=classes)

    for drop in ([], ["customer"]):
        result, (warning,) = warnings_of(table.drop(columns=drop), classes, target="y")
        assert "evaluate.group_column" in warning
    assert max(result.metrics.get("r2", 0), result.metrics.get("accuracy", 0)) > 0.8


def test_a_dropped_id_and_an_id_of_text_are_named(warnings_of):
    table = customers()
    as_text = table.assign(customer=table["customer"].map("C{:04}".format))

    _, dropped = warnings_of(table, features=tuple("abcde"), target="y")
    _, text = warnings_of(as_text, target="y", preprocess="auto")

    assert dropped == text
    assert dropped[0].endswith("set evaluate.group_column: customer.")


def test_split_by_group_there_is_no_warning_and_nothing_to_remember(warnings_of):
    result, warnings = warnings_of(customers(), group_column="customer", target="y")

    assert warnings == []
    assert result.metrics["r2"] < 0.2


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("digits", [None, 1, 0])
@pytest.mark.parametrize("columns", [1, 2, 6])
def test_what_can_be_learned_is_not_a_group(warnings_of, classes, digits, columns):
    _, warnings = warnings_of(smooth(digits=digits, classes=classes, columns=columns), classes, target="y")

    assert warnings == []


def test_the_demos_dataset_has_no_groups(train_petrol):
    result = train_petrol()

    assert not [one for one in result.manifest["warnings"] if one.startswith(GROUPED)]


def walk(*, classes=False, rows=400):
    """A target that goes up and down by chance from one row to the next, with the time of each row."""
    draw = np.random.default_rng(0)
    steps = np.cumsum(draw.normal(size=rows))
    return pd.DataFrame(
        {
            "a": draw.normal(size=rows),
            "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), "h"),
            "y": np.where(steps > np.median(steps), "up", "down") if classes else steps,
        }
    ).sample(frac=1, random_state=0)


ALL_PARTS = {
    "early stopping": {"model": ClassModel("lightgbm.LGBMRegressor"), "params": {}, "stopping_rounds": 5},
    "weights": {"weight": "w"},
    "a search": {
        "model": CandidatesModel(
            (
                Candidate((Step("sklearn.linear_model.Ridge"),)),
                Candidate((Step("sklearn.tree.DecisionTreeRegressor", search={"max_depth": "5..20"}),)),
            )
        ),
        "params": {},
        "search_trials": 4,
    },
}


@pytest.mark.parametrize("part", ALL_PARTS)
@pytest.mark.parametrize("kind", ["time", "duplicates", "groups"])
def test_whatever_is_used_a_random_target_is_not_known_without_a_warning(train_table, kind, part):
    draw = np.random.default_rng(1)
    noise = pd.DataFrame(draw.normal(size=(200, 4)), columns=list("abcy"))
    table = {"time": walk(), "duplicates": pd.concat([noise] * 3), "groups": customers(noise=0.01)}[kind]
    table = table.assign(w=draw.integers(1, 3, len(table))) if part == "weights" else table

    result = train_table(
        table.to_csv(index=False), **FOREST | {"preprocess": "auto", "target": "y"} | ALL_PARTS[part]
    )

    assert result.metrics["r2"] > result.manifest["baseline"]["r2"] + 0.3
    assert [
        one
        for one in result.manifest["warnings"]
        if "evaluate.group_column" in one or "evaluate.time_column: at" in one
    ]


@pytest.mark.parametrize("classes", [False, True])
def test_a_target_that_follows_time_names_the_column_until_the_last_rows_are_held_out(train_table, classes):
    text = walk(classes=classes).to_csv(index=False)
    kind = (CLASSIFIER if classes else FOREST) | {"preprocess": "auto"}
    told = 'The target follows the time in "at"'

    assert any(one.startswith(told) for one in train_table(text, **kind).manifest["warnings"])
    by_time = train_table(text, **kind, time_column="at", metrics=None if classes else ["r2"])
    assert not any(one.startswith(told) for one in by_time.manifest["warnings"])


def test_days_of_birth_and_a_target_without_time_are_no_series(train_table):
    draw = np.random.default_rng(0)
    born = pd.Timestamp("1990-01-01") + pd.to_timedelta(draw.integers(0, 100, 400), "D")
    at = pd.date_range("2024-01-01", periods=400)
    learned = pd.DataFrame({"born": born, "y": (born - born.min()).days.astype(float)})
    unrelated = pd.DataFrame({"at": at, "y": draw.normal(size=400)})

    for table in (learned, unrelated):
        warnings = train_table(table.to_csv(index=False), **FOREST, preprocess="auto").manifest["warnings"]
        assert not any("follows the time" in one for one in warnings)
