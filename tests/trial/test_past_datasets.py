"""What a manifest records of a dataset decides rules of a contract as the dataset itself would, or leaves them open."""

from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinery.spec.contract import ColumnRules, Contract
from refinery.spec.table_profile import RecordedProfile
from refinery.training import profile_table
from refinery.training.data.contract import check_contract
from refinery.training.errors import DatasetError
from refinery.trial.past_datasets import PastDataset
from tests.effort import effort


def recorded(table, total_rows=None):
    profile = RecordedProfile.of(profile_table(table), total_rows or len(table))
    data = {"target": {"name": "x"}, "features": [], "left_out": {}, "rows": len(table)}
    return PastDataset.of(json.loads(json.dumps({"data": data, "profile": profile.to_dict()})))


def decided(values, rules, total_rows=None):
    """Return what the manifest of a column says about its rules."""
    column = Contract.from_dict({"columns": {"x": rules}}).columns["x"]
    implied = () if column.implied_type is None else ("type",)
    keys = dict.fromkeys((*implied, *(key.name for key in fields(ColumnRules) if key.name in rules)))
    return recorded(pd.DataFrame({"x": values}), total_rows).keeps("x", column, tuple(keys))


MANY = [f"value {at}" for at in range(30)] * 2


@pytest.mark.parametrize(
    ("values", "rules", "verdict"),
    [
        ([18, 90], {"min": 18, "max": 90}, True),
        ([17, 90], {"min": 18}, False),
        ([0.5, None], {"type": "number", "nulls": 0.5}, True),
        ([0.5, None], {"nulls": 0}, False),
        ([None, None], {"type": "number", "min": 3}, True),
        ([1, 2], {"type": "integer"}, True),
        ([1.0, 2.0], {"type": "integer"}, None),  # no range says that all between are whole
        ([1.5, 2.0], {"type": "integer"}, False),
        (["a", "b"], {"type": "number"}, False),
        (["2026-01-31"], {"type": "date"}, None),
        (pd.to_datetime(["2026-01-31", "2026-02-01"]), {"min": "2026-01-31"}, True),
        (pd.to_datetime(["2026-01-31", "2026-02-01"]), {"max": "2026-01-31"}, False),
        (["a", "b", "a", "b"], {"values": ["a", "b"]}, True),
        (["a", "b", "a", "b"], {"values": ["a", "c"]}, False),
        (["a", "b", "c"], {"values": ["a", "b"]}, False),  # three values are more than two
        (["a", "b"], {"values": ["a", "b"]}, None),  # values that one row has are not recorded
        ([0, 1, 1], {"values": [0, 1, 5]}, True),
        ([0, 3], {"values": [0, 1, 2, 5]}, False),
        ([0, 3], {"values": [0, 3]}, None),
        (["A-1", "A-1"], {"pattern": r"[A-Z]-\d"}, True),
        (["A-1", "A-1"], {"pattern": r"[A-Z]"}, False),
        (MANY, {"pattern": "[a-z]+ .*"}, None),
        (["a", "b"], {"unique": True}, True),
        (["a", "a"], {"unique": True}, False),
        ([1, 2], {"unique": True}, None),
        (pd.Categorical(["a", "a"]), {"values": ["a"]}, None),
        ([["a"], ["a"]], {"type": "text"}, None),
    ],
)
def test_rules_of_a_column(values, rules, verdict):
    assert decided(values, rules) is verdict


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [({"min": 0}, None), ({"min": 3}, False), ({"nulls": 1}, False), ({"nulls": 0.3}, None), ({}, True)],
)
def test_a_sample_shows_what_is_wrong_but_not_that_nothing_is(rules, verdict):
    assert decided([2.0, None, None], rules, total_rows=10) is verdict


@pytest.mark.parametrize(
    ("dtype", "numbers"),
    [("float32", (0.1, 0.1)), ("int64", (2**53 + 1, 2**53))],
)
def test_numbers_that_differ_by_rounding_alone_decide_nothing(dtype, numbers):
    value, bound = numbers
    assert decided(np.array([value], dtype), {"max": bound}) is None


def test_columns_of_the_whole_table():
    data = {
        "target": {"name": "y"},
        "features": [{"name": "a"}],
        "left_out": {"id": "named in drop", "index": "holds the rows' labels"},
    }
    dataset = PastDataset.of({"data": data})  # as a former version wrote it
    assert dataset.keeps("id", ColumnRules(), ()) is True
    assert dataset.keeps("id", ColumnRules(unique=True), ("unique",)) is None
    assert dataset.keeps("b", ColumnRules(unique=True), ("unique",)) is False
    assert dataset.has_only(dict.fromkeys(("a", "id", "y", "z"))) is True
    assert dataset.has_only(dict.fromkeys(("a", "y"))) is False


@pytest.mark.parametrize("manifest", [{}, {"profile": {"rows": "many"}}, {"data": {"rows": "many"}}])
def test_a_manifest_that_says_nothing_decides_nothing(manifest):
    dataset = PastDataset.of(manifest)
    assert (dataset.rows, dataset.has_only({})) == (None, None)
    assert dataset.keeps("a", ColumnRules(nulls=0), ("nulls",)) is None


COLUMNS = st.one_of(
    st.lists(st.one_of(st.integers(-3, 3), st.none()), min_size=1),
    st.lists(st.integers(-3, 3), min_size=1).map(lambda values: np.array(values, "int16")),
    st.lists(st.integers(0, 3), min_size=1).map(lambda values: pd.array(values, "Int64")),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, float("inf"), float("nan")]), min_size=1),
    st.lists(st.sampled_from([0.0, 0.1, 1.0]), min_size=1).map(lambda values: np.array(values, "float32")),
    st.lists(st.sampled_from(["a", "b", "1", "2026-01-31", None]), min_size=1),
    st.lists(st.booleans(), min_size=1),
    st.lists(st.sampled_from([True, False, None]), min_size=1).map(
        lambda values: pd.array(values, "boolean")
    ),
    st.lists(st.sampled_from(["a", "b"]), min_size=1).map(pd.Categorical),
    st.lists(st.sampled_from(["2026-01-30", "2026-01-31 06:00", None]), min_size=1).map(
        lambda values: pd.to_datetime(values, format="ISO8601", utc=True)
    ),
)
RULES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["number", "integer", "text", "boolean", "date", "category"])}
    ),
    st.fixed_dictionaries({"min": st.sampled_from([-1, 0, 0.1, 0.5, 2])}),
    st.fixed_dictionaries({"max": st.sampled_from([-1, 0, 0.1, 0.5, 2])}),
    st.fixed_dictionaries({"type": st.just("integer"), "min": st.sampled_from([0, 1])}),
    st.fixed_dictionaries({"min": st.sampled_from(["2026-01-30", "2026-01-31"])}),
    st.fixed_dictionaries({"max": st.sampled_from(["2026-01-30", "2026-01-31"])}),
    st.fixed_dictionaries({"nulls": st.sampled_from([0, 0.5, 1, 2])}),
    st.just({"unique": True}),
    st.fixed_dictionaries(
        {
            "values": st.sampled_from(
                [["a"], ["a", "b", "1", "2026-01-31"], [0, 1, 2, 3], [0.5], [True], ["1", 1]]
            )
        }
    ),
    st.fixed_dictionaries({"pattern": st.sampled_from(["[ab]", ".*", r"\d+"])}),
)


@settings(max_examples=effort(40, 2000))
@given(values=COLUMNS, rules=RULES)
def test_what_is_decided_is_what_the_dataset_itself_would_say(values, rules):
    verdict = decided(values, rules)
    if verdict is None:
        return
    table = pd.DataFrame({"x": values})
    try:
        check_contract(table, Contract.from_dict({"columns": {"x": rules}}))
    except DatasetError:
        assert verdict is False, rules
    else:
        assert verdict is True, rules
