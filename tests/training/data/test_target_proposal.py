"""Which column of a dataset is proposed as the target, and the message if none stands out."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import vega_datasets
from sklearn import datasets as sklearn_datasets

from refinery.training import SourceOptions, profile_dataset

VEGA = Path(vega_datasets.__file__).parent / "_data"
NUMBERS = random.Random(0)


@pytest.fixture
def target(tmp_path):
    """The proposal for a table, given as its columns."""

    def target(columns, rows=60):
        path = tmp_path / "table.csv"
        lines = [",".join(columns)]
        lines += [",".join(str(value(row)) for value in columns.values()) for row in range(rows)]
        path.write_text("\n".join(lines) + "\n")
        return profile_dataset(path, SourceOptions()).target

    return target


def number(_):
    return f"{NUMBERS.random():.4f}"


def two(row):
    return row * 7 // 3 % 2


def text(row):
    return "abc"[row % 3]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iasd-data-in-the-cloud/petrol_consumption.csv", "Petrol_Consumption"),
        ("datasets/diabetes_progression.parquet", "progression"),
        ("datasets/wine_cultivar.csv", "cultivar"),
    ],
)
def test_of_the_sample_data(sample_data, name, expected):
    assert profile_dataset(sample_data / name, SourceOptions()).target.column == expected


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_of_scikit_learns_datasets(tmp_path, name):
    table = getattr(sklearn_datasets, f"load_{name}")(as_frame=True).frame
    path = tmp_path / "table.parquet"
    table[["target", *table.columns.drop("target")]].to_parquet(path)

    assert profile_dataset(path, SourceOptions()).target.column == "target"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("seattle-weather.csv", "weather"),
        ("stocks.csv", "price"),
        ("iris.json", "species"),
        ("barley.json", "yield"),
        # Places, sums and times, of which none is to be predicted more than another.
        ("airports.csv", None),
        ("us-employment.csv", None),
        ("iowa-electricity.csv", None),
        ("la-riots.csv", None),
        ("burtin.json", None),
    ],
)
def test_of_vegas_datasets(tmp_path, name, expected):
    path = VEGA / name
    if path.suffix == ".json":
        path = tmp_path / "table.jsonl"
        path.write_text("\n".join(map(json.dumps, json.loads((VEGA / name).read_text()))) + "\n")

    assert profile_dataset(path, SourceOptions()).target.column == expected


@pytest.mark.parametrize(
    ("columns", "expected", "reason"),
    [
        ({"churned": two, "a": number, "b": number}, "churned", "its name and its two values"),
        ({"a": number, "SalePrice": number, "b": number}, "SalePrice", "its name and its numbers"),
        ({"is_fraud": two, "amount": number, "y2": number}, "is_fraud", "its name and its two values"),
        ({"kind": text, "loan status": text, "a": number, "Label": text}, "Label", "its name and its three values"),
        # What happened comes before what it cost; a whole name before the end of one.
        ({"price": number, "Survived": two, "class": text}, "Survived", "its name and its two values"),
        ({"list_price": number, "price": number, "a": number}, "price", "its name and its numbers"),
        # Of two, the one at the end, which is where targets are.
        ({"price": number, "a": number, "cost": number}, "cost", "its name and its numbers"),
        # The end of a name that features have too, and coordinates.
        ({"marital_status": text, "a": number, "wage": number, "b": number}, "wage", "its name and its numbers"),
        ({"rent": number, "x": number, "y": number, "z": number}, "rent", "its name and its numbers"),
        # A date is not what happened, and an id is nothing to learn.
        ({"death": lambda row: f"2026-01-{row % 28 + 1:02}", "a": number, "y": number}, "y", "its name and its numbers"),
        # By its place.
        (
            {"a": number, "b": number, "c": number, "kind": text},
            "kind",
            "its place and its three values: it is the last column and the only one with classes",
        ),
    ],
)  # fmt: skip
def test_why_it_is_proposed(target, columns, expected, reason):
    found = target(columns)

    assert (found.column, found.reason) == (expected, reason)


@pytest.mark.parametrize(
    ("columns", "reason", "others"),
    [
        (
            {"a": number, "price": number, "cost": number, "b": number},
            'Each of "price" and "cost" may be the target, by its name',
            ("price", "cost"),
        ),
        (
            {"salary": lambda row: number(row) if row % 4 else "", "a": number, "b": number},
            '"salary" has the name of a target, but 15 of 60 rows have no value in it',
            ("salary", "b", "a"),
        ),
        (
            {"a": number, "b": number, "note": lambda row: f"note {row // 2}"},
            "No column stands out as the target by its name or its values",
            ("b", "a"),
        ),
        (
            {"a": number, "b": number, "c": number, "sex": text},
            "No column stands out as the target by its name or its values",
            ("sex", "a", "b", "c"),
        ),
        (
            {"label": lambda row: f"label {row}", "a": number, "b": number},
            "No column stands out as the target by its name or its values",
            ("b", "a"),
        ),
    ],
)
def test_none_is_guessed(target, columns, reason, others):
    found = target(columns)

    assert (found.column, found.reason, found.others) == (None, reason, others)
