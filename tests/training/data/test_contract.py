"""What a config expects of its dataset, and how a dataset that differs is reported."""

from __future__ import annotations

import contextlib
import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinery.spec.errors import SpecError
from refinery.training.data.contract import Contract, check_contract, propose_contract
from refinery.training.errors import DatasetError, TrainingError
from tests.effort import effort


def broken_rules(values, rules):
    """Check one column against rules; give each broken rule with its text."""
    contract = Contract.from_dict({"columns": {"x": rules}})
    try:
        check_contract(pd.DataFrame({"x": values}), contract)
    except DatasetError as error:
        return [line.removeprefix("  ") for line in str(error).splitlines()[1:-1]]
    return []


KEPT = [
    ([1, 2.5, np.nan], {"type": "number", "min": 1, "max": 2.5}),
    ([1.0, 2.0, np.nan], {"type": "integer"}),
    ([1, 2], {"type": "integer", "unique": True, "nulls": 0}),
    (["a", None], {"type": "text", "nulls": 1}),
    (["a", None, "b", "c"], {"type": "text", "nulls": 0.25}),
    ([True, False, None], {"type": "boolean", "values": [True, False]}),
    (["2026-01-31", "2026-02-01T10:00:00Z", None], {"type": "date", "min": "2026-01-01"}),
    ([dt.date(2026, 1, 31)], {"type": "date", "max": dt.date(2026, 1, 31)}),
    (pd.to_datetime(["2026-01-31"], utc=True), {"min": "2026-01-31", "max": "2026-01-31"}),
    (["a", "b", 3], {"type": "category"}),
    (pd.Categorical(["a", "b"]), {"type": "category", "values": ["a", "b", "c"]}),
    ([1.0, np.nan], {"type": "category", "values": [1, 2]}),
    (["A-1", "B-22", None], {"pattern": r"[A-Z]-\d+"}),
    (["1", None, None], {"unique": True}),
    ([None, None], {"type": "number", "min": 3}),
    ([object()], {}),
]


@pytest.mark.parametrize(("values", "rules"), KEPT)
def test_a_column_that_keeps_its_rules_passes(values, rules):
    assert broken_rules(values, rules) == []


OTHER_FORM = "2026-01-31 (source.dates reads other forms)"
BROKEN = [
    ([1, 0.5, 9, 10, 11], {"max": 1}, ["columns.x.max: 3 values are above 1: 9 (row 3), 10 (row 4), 11 (row 5)"]),
    ([-1, 3], {"min": 0, "max": 2}, ["columns.x.min: 1 value is below 0: -1 (row 1)", "columns.x.max: 1 value is above 2: 3 (row 2)"]),
    ([5, 6, 7, 8], {"max": 1}, ["columns.x.max: 4 values are above 1: 5 (row 1), 6 (row 2), 7 (row 3), ..."]),
    (["1", "x", "-3"], {"type": "number", "min": 0}, [
        'columns.x.type: 1 value is not numeric: "x" (row 2)',
        'columns.x.min: 1 value is below 0: "-3" (row 3)',
    ]),
    (["1", "2"], {"type": "number"}, ['columns.x.type: 2 values are not numeric: "1" (row 1), "2" (row 2)']),
    ([True, False], {"type": "number"}, ["columns.x.type: 2 values are not numeric: True (row 1), False (row 2)"]),
    ([1.5, 2, np.inf], {"type": "integer"}, ["columns.x.type: 2 values are not whole numbers: 1.5 (row 1), inf (row 3)"]),
    ([7, 8], {"type": "text"}, [
        "columns.x.type: 2 values are not text (source.dtypes reads a column as text): 7 (row 1), 8 (row 2)"
    ]),
    ([0, 1], {"type": "boolean"}, ["columns.x.type: 2 values are neither true nor false: 0 (row 1), 1 (row 2)"]),
    (["2026-01-01", "31/01/2026", 20260131], {"type": "date", "min": "2026-01-02"}, [
        f'columns.x.type: 2 values are not of the form {OTHER_FORM}: "31/01/2026" (row 2), 20260131 (row 3)',
        'columns.x.min: 1 value is below 2026-01-02: "2026-01-01" (row 1)',
    ]),
    ([0.5, "a"], {"type": "category"}, ["columns.x.type: 1 value is neither text nor whole numbers: 0.5 (row 1)"]),
    (["a", "c"], {"values": ["a", "b"]}, ['columns.x.values: 1 value is not one of "a", "b": "c" (row 2)']),
    (["A1", "A1b", "xA1"], {"pattern": r"A\d"}, [
        'columns.x.pattern: 2 values are not of the form "A\\d": "A1b" (row 2), "xA1" (row 3)'
    ]),
    (["a\n"], {"pattern": "a"}, ['columns.x.pattern: 1 value is not of the form "a": "a\\n" (row 1)']),
    ([1, 2, 1, None], {"unique": True}, ["columns.x.unique: 2 values are in more than one row: 1 (row 1), 1 (row 3)"]),
    ([1, None, 2, None], {"nulls": 1}, ["columns.x.nulls: 2 rows have no value, at most 1 may: empty (row 2), empty (row 4)"]),
    ([1, None], {"nulls": 0}, ["columns.x.nulls: 1 row has no value, at most 0 may: empty (row 2)"]),
    ([1, None, 3], {"nulls": 0.1}, ["columns.x.nulls: 1 row has no value, at most 10% of the rows may: empty (row 2)"]),
    (["y" * 99], {"values": ["n"]}, ['columns.x.values: 1 value is not one of "n": "' + "y" * 36 + "... (row 1)"]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "rules", "expected"), BROKEN)
def test_a_broken_rule_is_reported_with_its_count_and_examples(values, rules, expected):
    assert broken_rules(values, rules) == expected


def test_all_broken_rules_are_reported_together_in_the_contracts_order():
    table = pd.DataFrame({"age": [1, -2], "towns": ["a", "b"], "extra": [1, 2]})
    contract = Contract.from_dict(
        {
            "columns": {"town": {"type": "text"}, "age": {"min": 0}, "income": {}},
            "rows": {"min": 40},
            "other_columns": False,
        }
    )

    with pytest.raises(DatasetError) as raised:
        check_contract(table, contract)

    assert str(raised.value).splitlines() == [
        "The dataset of 2 rows breaks 5 rules of its contract (expect):",
        "  rows.min: there are 2 rows, fewer than 40",
        '  other_columns: there are columns that the contract does not name: "towns", "extra"',
        '  columns.town.presence: the column is not there; did you mean "towns"?',
        "  columns.age.min: 1 value is below 0: -2 (row 2)",
        "  columns.income.presence: the column is not there",
        "Correct the dataset; or change expect, if the data is right and the contract is not.",
    ]
    assert isinstance(raised.value, TrainingError)
    assert not raised.value.retryable


def test_rows_count_from_one_whatever_the_tables_labels():
    table = pd.DataFrame({"x": [1, 99]}, index=["b", "a"])

    with pytest.raises(DatasetError, match=r"99 \(row 2\)"):
        check_contract(table, Contract.from_dict({"columns": {"x": {"max": 9}}}))


def test_a_long_report_is_cut():
    table = pd.DataFrame({f"column_{i}": ["x" * 500] * 1000 for i in range(200)})
    contract = Contract.from_dict({"columns": {name: {"type": "number"} for name in table.columns}})

    with pytest.raises(DatasetError, match="breaks 200 rules") as raised:
        check_contract(table, contract)

    assert "and 175 more" in str(raised.value)
    assert len(str(raised.value)) < 10_000


def test_too_many_rows_are_reported():
    with pytest.raises(DatasetError, match=r"rows\.max: there are 3 rows, more than 2"):
        check_contract(pd.DataFrame({"x": [1, 2, 3]}), Contract.from_dict({"rows": {"max": 2}}))


INVALID = [
    ({"row": {}}, 'expect.row: unknown key; did you mean "rows"?'),
    ({"rows": {"minimum": 3}}, 'expect.rows.minimum: unknown key; did you mean "min"?'),
    ({"rows": {"min": -1}}, "expect.rows.min: is -1; write a whole number"),
    ({"rows": {"min": 3, "max": 2}}, "expect.rows: min 3 is greater than max 2"),
    ({"columns": ["a"]}, "expect.columns: is not a mapping; write one from column names to rules"),
    ({"columns": {"a": 3}}, "expect.columns.a: is 3; write a mapping of"),
    ({"columns": {"a": {"mim": 3}}}, 'expect.columns.a.mim: unknown key; did you mean "min"?'),
    ({"columns": {"a": {"type": "numbr"}}}, 'unknown type "numbr"; did you mean "number"?'),
    ({"columns": {"a": {"min": "soon"}}}, 'expect.columns.a.min: is "soon"; write a date such as'),
    ({"columns": {"a": {"type": "number", "min": "3"}}}, 'expect.columns.a.min: is "3"; write a number'),
    (
        {"columns": {"a": {"type": "text", "min": 3}}},
        "expect.columns.a.min: applies to numbers and dates, but the type is text",
    ),
    ({"columns": {"a": {"min": 3, "max": 2}}}, "expect.columns.a: min 3 is greater than max 2"),
    ({"columns": {"a": {"nulls": 1.5}}}, "expect.columns.a.nulls: is 1.5; write a share below 1"),
    ({"columns": {"a": {"nulls": -1}}}, "expect.columns.a.nulls: is -1"),
    ({"columns": {"a": {"unique": "yes"}}}, 'expect.columns.a.unique: is "yes"; write true or false'),
    ({"columns": {"a": {"values": "x"}}}, "expect.columns.a.values: is not a list"),
    (
        {"columns": {"a": {"type": "date", "values": ["x"]}}},
        "expect.columns.a.values: does not apply to dates",
    ),
    ({"columns": {"a": {"pattern": "["}}}, 'expect.columns.a.pattern: "[" is not a valid regular expression'),
    (
        {"columns": {"a": {"type": "number", "pattern": "a"}}},
        "expect.columns.a.pattern: applies to text, but the type is number",
    ),
    ({"other_columns": "no"}, 'expect.other_columns: is "no"; write true or false'),
]


@pytest.mark.parametrize(("expect", "message"), INVALID)
def test_a_contract_that_makes_no_sense_is_refused_with_its_key(expect, message):
    with pytest.raises(SpecError, match=re.escape(message)):
        Contract.from_dict(expect)


def test_rules_are_counted():
    contract = Contract.from_dict(
        {"rows": {"min": 3}, "columns": {"a": {"type": "number", "min": 0}, "b": {}}}
    )

    assert contract.rule_count == 5


def test_the_proposal_for_the_petrol_table_leaves_room(petrol):
    table = pd.read_csv(petrol)

    proposal = propose_contract(table)

    assert proposal["rows"] == {"min": 24}
    assert proposal["columns"]["Petrol_tax"] == {"type": "number", "min": 0, "max": 13, "nulls": 0}
    assert proposal["columns"]["Population_Driver_licence(%)"] == {
        "type": "number", "min": 0, "max": 1, "nulls": 0,
    }  # fmt: skip
    check_contract(table, Contract.from_dict(proposal))


def test_a_proposal_knows_categories_keys_dates_and_gaps():
    table = pd.DataFrame(
        {
            "id": [f"customer {i}" for i in range(40)],
            "plan": ["basic", "full"] * 20,
            "since": ["2026-01-31"] * 40,
            "active": [True, False] * 20,
            "debt": [-5.0] * 20 + [None] * 10 + [5.0] * 10,
            "nothing": [None] * 40,
        }
    )

    assert propose_contract(table) == {
        "rows": {"min": 20},
        "columns": {
            "id": {"type": "text", "unique": True, "nulls": 0},
            "plan": {"type": "category", "values": ["basic", "full"], "nulls": 0},
            "since": {"type": "date", "nulls": 0},
            "active": {"type": "boolean", "nulls": 0},
            "debt": {"type": "integer", "min": -10, "max": 10, "nulls": 0.5},
            "nothing": {},
        },
    }


COLUMNS = st.one_of(
    st.lists(st.none() | st.floats(allow_infinity=True, allow_nan=True), min_size=30, max_size=30),
    st.lists(st.none() | st.integers(-(2**40), 2**40), min_size=30, max_size=30),
    st.lists(st.none() | st.sampled_from(["a", "b", "2026-01-31", "1", ""]), min_size=30, max_size=30),
    st.lists(st.none() | st.booleans() | st.text(max_size=3), min_size=30, max_size=30),
)


@settings(max_examples=effort(30, 300), deadline=None)
@given(st.lists(COLUMNS, min_size=1, max_size=3))
def test_a_dataset_keeps_the_contract_that_is_proposed_for_it(columns):
    table = pd.DataFrame({f"c{place}": column for place, column in enumerate(columns)})

    check_contract(table, Contract.from_dict(propose_contract(table)))


@settings(max_examples=effort(30, 300), deadline=None)
@given(
    COLUMNS,
    st.sampled_from(["number", "integer", "text", "boolean", "date", "category", None]),
    st.booleans(),
)
def test_any_column_passes_or_is_reported(column, column_type, unique):
    contract = Contract.from_dict({"columns": {"x": {"type": column_type, "unique": unique, "nulls": 0.5}}})

    with contextlib.suppress(DatasetError):
        check_contract(pd.DataFrame({"x": column}), contract)
