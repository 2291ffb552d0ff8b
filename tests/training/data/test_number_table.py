"""A large table of numbers holds the very values that pandas reads as a whole, or is left to pandas."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery.spec.training import ClassModel
from refinery.training.data import number_table
from refinery.training.data.number_table import read_number_table
from tests.effort import effort

NUMBERS = st.one_of(
    st.floats().map(repr), st.integers(-(2**63), 2**63 - 1).map(str), st.sampled_from(["", "1.50", "7"])
)


@settings(max_examples=effort(60, 400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=12))
def test_numbers_are_those_that_pandas_reads_as_a_whole(tmp_path, rows):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))

    table = read_number_table(path, {}, block_bytes=20)

    if table is not None:
        pd.testing.assert_frame_equal(
            table, pd.read_csv(path, low_memory=False).astype(table.dtypes), rtol=0, atol=0
        )


CELLS = st.sampled_from(
    ["1.5", "-2.25", "7", "", "NA", "x", '"4.5"', '"1', "1\n", '"2.5\n"', "1.5,2.5", "\ufeff", "1e400"]
)


@settings(max_examples=effort(150, 2000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    block_bytes=st.integers(4, 30),
)
def test_a_file_that_pandas_refuses_or_reads_otherwise_is_left_to_it(tmp_path, rows, end, block_bytes):
    path = tmp_path / "table.csv"
    path.write_bytes("".join(",".join(row) + end for row in [["a", "b"], ["0.5", "0.5"], *rows]).encode())
    arguments = {"index_col": False, "encoding": "utf-8"}

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        table = read_number_table(path, arguments, block_bytes=block_bytes)
        if table is not None:
            whole = pd.read_csv(path, low_memory=False, **arguments)
            pd.testing.assert_frame_equal(table, whole.astype(table.dtypes), rtol=0, atol=0)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1.5,x\n2.5,y\n",
        "a,b\n1,2\n3,4\n5,x\n",
        "a,b\n1,2\n3,4\n5,6.5\n",
        "a,b\n1.5,2.5\n2.5,3.5\n4.5,True\n",
        "a,b\n1,2.5\n3,4.5\n",
        "a,b\r1.5,2.5\r3.5,4.5\r5.5,6.5\r",
    ],
)
def test_what_is_not_numbers_of_one_type_throughout_is_left_to_pandas(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())

    assert read_number_table(path, {}, block_bytes=4) is None


def test_whole_numbers_in_a_part_of_a_column_are_no_reason_to_leave_it(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1.5,2.5\n2,3\n\n4.5,\n")

    table = read_number_table(path, {}, block_bytes=4)

    pd.testing.assert_frame_equal(table, pd.read_csv(path))


def test_a_model_of_a_large_table_is_the_same_to_the_last_byte(train_table, monkeypatch):
    draw = np.random.default_rng(0)
    text = pd.DataFrame(draw.normal(size=(500, 4)), columns=list("abcy")).to_csv(index=False)
    fields = {"model": ClassModel("sklearn.ensemble.HistGradientBoostingRegressor"), "cross_validation": 2}

    whole = train_table(text, **fields)
    monkeypatch.setattr("refinery.training.data.formats.LARGE_BYTES", 1)
    in_blocks = train_table(text, **fields)

    assert in_blocks.manifest["files"] == whole.manifest["files"]
    assert in_blocks.metrics == whole.metrics
    assert number_table.LARGE_BYTES > 2**20
