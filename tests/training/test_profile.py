"""What is proposed for a dataset that nobody has described yet."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import RefineryError
from include.training import SourceOptions, profile_dataset
from include.training.errors import NoFeaturesError, SourceOptionError, UnreadableDatasetError


@pytest.fixture
def profile(tmp_path):
    def profile(content, name="table.csv", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return profile_dataset(path, SourceOptions(**options))

    return profile


@pytest.mark.parametrize(
    ("key", "target", "task", "columns"),
    [
        ("iasd-data-in-the-cloud/petrol_consumption.csv", "Petrol_Consumption", "regression", 5),
        ("datasets/diabetes_progression.parquet", "progression", "regression", 11),
        ("datasets/wine_cultivar.csv", "cultivar", "classification", 14),
    ],
)
def test_the_sample_data_need_no_options(sample_data, key, target, task, columns):
    profile = profile_dataset(sample_data / key, SourceOptions())

    assert (profile.target, profile.task, len(profile.columns)) == (target, task, columns)
    assert profile.options == SourceOptions()
    assert profile.drop == {}
    assert profile.notes == ()


ROWS = "".join(f"{i};{i * 1.5:.2f};{'yes' if i % 2 else 'no'}\n".replace(".", ",") for i in range(40))


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("a;b;c\n" + ROWS, {"separator": ";", "decimal": ","}),
        (
            ("caf\u00e9;b;c\n" + ROWS).encode("cp1252"),
            {"separator": ";", "decimal": ",", "encoding": "cp1252"},
        ),
        ("x,y\n1,2\n?,3\n4,5\n", {"null_values": ("?",)}),
        ("x,y\n1,2\n?,n.d.\n4,5\n", {"null_values": ("?", "n.d.")}),
        ("x;y\n1.234,5;2\n2.500,5;3\n", {"separator": ";", "decimal": ",", "thousands": "."}),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n4.7,3.2,other\n", {"header": False}),
        ("id,2020,2021\n7,1,2\n8,3,4\n9,5,6\n", {"header": True}),
        ("x\ty\n1\t2\n", {"separator": "\t"}),
        (b"x,y\n\x81,2\na,3\n\x81,5\n", {"encoding": "latin-1"}),
    ],
)
def test_options_that_the_file_needs_are_proposed(profile, content, options):
    assert profile(content).options == SourceOptions(**options)


def test_the_columns_are_described(profile):
    found = profile(
        "id,when,city,grown,size\n"
        + "".join(
            f"{i},2026-01-{i + 1:02},{'Oslo' if i % 2 else ''},{'true' if i % 3 else 'false'},{i / 7}\n"
            for i in range(20)
        )
    )

    kinds = {column.name: column.kind for column in found.columns}
    assert kinds == {"id": "number", "when": "date", "city": "text", "grown": "boolean", "size": "number"}
    city = found.columns[2]
    assert (city.nulls, city.distinct, city.examples) == (10, 1, ("Oslo",))
    assert found.rows == 20


@pytest.mark.parametrize(
    ("content", "drop"),
    [
        ("id,x,y\n7,1,2\n9,3,4\n3,4,8\n", {"id": "names the rows"}),
        ("x,comment,y\n1,good,2\n3,bad,4\n5,so so,5\n", {"comment": "holds a different text in every row"}),
        ("x,year,y\n1,2026,2\n3,2026,4\n4,2026,1\n", {"year": "holds one value only"}),
        (",x,y\n0,1,2\n1,3,4\n2,3,1\n", {"Unnamed: 0": "has no name and counts the rows"}),
        (",x,y\n9,1,2\n1,3,4\n2,3,1\n", {"Unnamed: 0": "has no name in the header"}),
        ("x,y,\n1,2,\n3,4,\n", {"Unnamed: 2": "holds no values"}),
    ],
)
def test_columns_that_teach_nothing_are_proposed_to_be_dropped(profile, content, drop):
    found = profile(content)

    assert found.drop == drop
    assert found.target == "y"


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["yes", "no"] * 10, "classification"),
        ([0, 1] * 10, "classification"),
        (["true", "false"] * 10, "classification"),
        ([1, 2, 3] * 20, "classification"),
        ([1, 2, 3] * 3, "regression"),
        ([0.5, 1.5, 2.5] * 20, "regression"),
        (list(range(60)), "regression"),
    ],
)
def test_the_task_follows_from_the_target(profile, values, task):
    assert profile("x,z\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values))).task == task


def test_nested_values_are_proposed_to_be_dropped(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"tags": [["a"], ["b"], []], "x": [1, 2, 4], "y": [0.5, 1.5, 3]}).to_parquet(path)

    found = profile_dataset(path, SourceOptions())

    assert found.drop == {"tags": "holds neither numbers nor text"}
    assert found.target == "y"


def test_a_column_that_is_called_target_is_the_target(profile):
    assert profile("x,Target,z\n1,2,3\n2,3,5\n").target == "Target"


def test_sentinels_and_missing_targets_are_noted(profile):
    found = profile("CO,x,y\n-200,1,1\n2.5,2,\n-200,3,3\n2.6,4,4\n")

    assert found.notes == (
        "1 of 4 rows have no value in the target column 'y'",
        "the column 'CO' holds -200 in 2 rows: is it a missing value (null_values)?",
    )


def test_text_with_some_numbers_stays_text(profile):
    grades = ["1", "2", "3", "4", "A", "B", "C", "D"] * 5
    found = profile("grade,y\n" + "".join(f"{grade},{i}\n" for i, grade in enumerate(grades)))

    assert found.columns[0].kind == "text"
    assert found.options == SourceOptions(dtypes={"grade": "str"})


def test_a_file_in_want_of_too_many_options_says_of_which(profile):
    rows = "".join(f"{','.join(f'bad{j}' if j == i else '1' for j in range(25))}\n" for i in range(25))

    with pytest.raises(SourceOptionError, match=r"set source.null_values to "):
        profile(",".join(f"x{j}" for j in range(25)) + "\n" + rows)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_of_a_large_file_the_first_rows_are_enough(profile, compress):
    rows = np.random.default_rng(0).integers(0, 10, (400_000, 8))
    content = pd.DataFrame(rows, columns=list("abcdefgh")).to_csv(index=False).encode()

    found = profile(compress(content), "table.csv")

    assert found.rows == 20_000


def test_of_a_text_file_its_beginning_is_enough(profile):
    content = "a,b,c\n" + "1,2.25,some text\n2,3.5,other text\n" * 200_000

    assert profile(content[:4_500_000]).rows == 20_000


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("<html>", UnreadableDatasetError),
        ("y\n1\n2\n", NoFeaturesError),
        ("a,a\n1,2\n", UnreadableDatasetError),
    ],
)
def test_what_is_no_dataset_says_why(profile, content, error):
    with pytest.raises(error):
        profile(content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(alphabet='ab12,.;\t\n"?|- \u00e9%', max_size=80))
def test_no_content_whatever_raises_anything_but_our_own_errors(tmp_path, content):
    path = tmp_path / "wild.csv"
    path.write_text(content)
    try:
        profile_dataset(path, SourceOptions())
    except RefineryError:
        return
