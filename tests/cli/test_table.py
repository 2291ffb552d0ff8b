"""A table in a terminal: no word is broken, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery.cli.table import format_table

URL = "s3://models/petrol_consumption/2026-01-30/"
LONG = "risk_scoring.retention_of_premium_customers_monthly"
CELLS = st.lists(st.text(st.sampled_from("abc "), max_size=60).map(str.strip), min_size=3, max_size=3)


@pytest.mark.parametrize(
    ("rows", "below", "expected"),
    [
        ([["churn", "-", "r2 0.4"]], 0, ["name   gate  metrics", "churn  -     r2 0.4"]),
        (
            [["churn", "passed", "mae 48.34  mse 3494  r2 0.4"]],
            0,
            ["name   gate    metrics", "churn  passed  mae 48.34  mse 3494\n               r2 0.4"],
        ),
        (
            [["churn", "passed", URL]],
            0,
            ["name   gate    metrics", f"churn  passed\n  {URL}"],
        ),
        (
            [["churn", "passed", "mae 48.34  mse 3494  rmse 59.11  r2 0.4"]],
            1,
            ["name   gate", "churn  passed", "  mae 48.34  mse 3494  rmse 59.11\n  r2 0.4"],
        ),
        (
            [[LONG, "passed", "r2 0.4"], ["churn", "-", "r2 0.3"]],
            0,
            ["name   gate    metrics", f"{LONG}\n       passed  r2 0.4", "churn  -       r2 0.3"],
        ),
        (
            [["churn", "-", "to s3://models/{{ ds }}/ and not further"]],
            0,
            [
                "name   gate  metrics",
                "churn  -     to\n             s3://models/{{ ds }}/\n             and not further",
            ],
        ),
    ],
)
def test_what_does_not_fit_goes_to_lines_of_its_own(rows, below, expected):
    (header, _), *lines = format_table([["name", "gate", "metrics"], *rows], width=36, below=below)
    assert [header, *(part for line in lines for part in line if part)] == expected


@given(st.lists(CELLS, min_size=1, max_size=4), st.integers(12, 80), st.integers(0, 2))
def test_every_word_is_there_and_only_words_are_too_long(rows, width, below):
    lines = "\n".join(
        part for row in format_table(rows, width=width, below=below) for part in row
    ).splitlines()
    words = [word for row in rows for cell in row for word in cell.split()]
    pieces = [piece for row in rows for cell in row for piece in cell.split("  ")]
    assert sorted(" ".join(lines).split()) == sorted(words)
    assert all(len(line) <= max(width, max(map(len, pieces)) + 2) for line in lines)
