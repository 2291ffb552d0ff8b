"""The proposal for a dataset without a config."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery.errors import RefineryError
from refinery.training import SourceOptions, profile_dataset
from refinery.training.data.read import read_dataset
from refinery.training.errors import DatasetError
from tests.effort import effort


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

    assert (profile.target.column, len(profile.columns)) == (target, columns)
    assert profile.column(target).task == task
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


DAYS = [f"{1 + day % 12:02}/{1 + day // 12:02}/2026" for day in range(40)]


@pytest.mark.parametrize(
    ("days", "given", "dates", "dropped"),
    [
        ([f"2026-01-{1 + day % 28:02}" for day in range(40)], (), (), None),
        ([f"{1 + day % 28}.1.2026" for day in range(40)], (), {"when": "%d.%m.%Y"}, None),
        ([f"{1 + day % 28}.1.2026" for day in range(40)], ("when",), {"when": "%d.%m.%Y"}, None),
        (DAYS, {"when": "%m/%d/%Y"}, {"when": "%m/%d/%Y"}, None),
        (DAYS, (), (), 'source.dates: {when: "%d/%m/%Y"} or source.dates: {when: "%m/%d/%Y"}'),
        (
            ["31/01/2026"] * 39 + ["soon"],
            (),
            (),
            "correct them in the dataset and remove this line",
        ),
    ],
)
def test_formats_of_dates_are_proposed(profile, days, given, dates, dropped):
    content = "when,x,y\n" + "".join(f"{day},{i % 7},{i}\n" for i, day in enumerate(days))

    found = profile(content, dates=given)

    assert found.options.dates == dates
    assert found.columns[0].kind == ("text" if dropped else "date")
    assert (dropped or "") in found.drop.get("when", "")
    assert ("when" in found.drop) == (dropped is not None)


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
    assert found.target.column == "y"


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
    found = profile("x,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values)))

    assert found.column("y").task == task


def test_nested_values_are_proposed_to_be_dropped(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"tags": [["a"], ["b"], []], "x": [1, 2, 4], "y": [0.5, 1.5, 3]}).to_parquet(path)

    found = profile_dataset(path, SourceOptions())

    assert found.drop == {"tags": "holds neither numbers nor text"}
    assert found.target.column == "y"


BROKEN = {
    "zone": (
        pa.array([1] * 40, pa.timestamp("us", tz="Mars/Base")),
        'the time zone "Mars/Base" of "bad" is unknown',
    ),
    "bytes": (pa.array([b"\xff"] * 40).view(pa.string()), "ArrowInvalid: Invalid UTF8"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_column_that_cannot_be_read_is_left_out(tmp_path, kind):
    bad, reason = BROKEN[kind]
    columns = {f"x{j}": np.arange(40) * 1.5 for j in range(20)}
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({**columns, "bad": bad, "y": np.arange(40) / 7}), path)

    found = profile_dataset(path, SourceOptions())

    assert found.target.column == "y"
    assert found.options == SourceOptions(columns=(*columns, "y"))
    assert len(found.notes) == 1
    assert f'the column "bad" is left out (columns): it cannot be read ({reason}' in found.notes[0]
    # A training reads the file in the same way.
    assert list(read_dataset(path, found.options).table.columns) == [*columns, "y"]


def test_columns_of_one_name_are_left_out(profile):
    found = profile("a,a,b,y\n" + "".join(f"{i},{i},{i % 7},{i / 3}\n" for i in range(40)))

    assert found.options == SourceOptions(columns=("b", "y"))
    assert found.notes == ('the column "a" is left out (columns): more than one column has this name',)


def test_the_files_problem_is_reported_where_only_the_target_could_be_read(profile):
    with pytest.raises(DatasetError, match='more than one column has the name "a"; rename them'):
        profile("a,a,y\n" + "".join(f"{i},{i},{i / 3}\n" for i in range(40)))


def test_dates_in_several_formats_are_left_out(profile):
    days = ["2026-01-31", "31/01/2026"] * 20

    found = profile("day,x,y\n" + "".join(f"{day},{i % 7},{i / 3}\n" for i, day in enumerate(days)))

    assert found.drop == {
        "day": "its dates are not in one format; to learn from it, correct them in the dataset and remove this line"
    }


def test_bytes_are_described_as_they_are(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"key": [b"\xff\x00"] * 3, "x": [1, 2, 4], "y": [0.5, 1.5, 3]}).to_parquet(path)

    assert profile_dataset(path, SourceOptions()).drop == {"key": "holds neither numbers nor text"}


def test_sentinels_are_noted(profile):
    found = profile("CO,x,y\n-200,1,1\n2.5,2,2\n-200,3,3\n2.6,4,4\n")

    assert found.notes == ('the column "CO" holds -200 in 2 rows: is it a missing value (null_values)?',)


def test_text_with_some_numbers_stays_text(profile):
    grades = ["1", "2", "3", "4", "A", "B", "C", "D"] * 5
    found = profile("grade,y\n" + "".join(f"{grade},{i}\n" for i, grade in enumerate(grades)))

    assert found.columns[0].kind == "text"
    assert found.options == SourceOptions(dtypes={"grade": "str"})


def test_the_options_of_many_columns_are_proposed_at_once(profile):
    rows = "".join(f"{','.join(f'bad{j}' if j == i else str(i) for j in range(30))}\n" for i in range(30))

    found = profile(",".join(f"x{j}" for j in range(30)) + "\n" + rows.replace("bad", "none "))

    assert set(found.options.null_values) == {f"none {j}" for j in range(30)}


UNITS = "".join(f"{i} kg,{i}\n{i} lb,{i}\n" for i in range(9)) * 2


@pytest.mark.parametrize(
    ("content", "options", "notes"),
    [
        ("x,y\n$5,1\n$1.50,2\n", {"numbers": {"x": {"prefix": "$"}}}, []),
        ("x,y\n12%,$3\n7%,$4\n", {"numbers": {"x": {"suffix": "%"}, "y": {"prefix": "$"}}}, []),
        ("x,y\n(3),1\n4,2\n", {"numbers": {"x": {"negative": "parentheses"}}}, []),
        ("x,y\n3-,1\n4,2\n", {"numbers": {"x": {"negative": "trailing"}}}, []),
        ("x,y\n\u22123,1\n4,2\n", {"numbers": {"x": {}}}, []),
        ("x,y\n7\u200b,1\n\u00a04,2\n", {"numbers": {"x": {}}}, []),
        ('x,y\n"1,200",1\n150,2\n', {"thousands": ","}, []),
        ('x,y\n"12,34,567",1\n150,2\n', {"thousands": ","}, []),
        ("x,y\n1'200,1\n1\u2019300,2\n", {"thousands": "'"}, []),
        ("x,y\n1\u202f200,1\n1 300,2\n", {"thousands": " "}, []),
        ("x;y\n0,5;1\n1;2\n", {"separator": ";", "decimal": ","}, []),
        ("x;y\n1.234,5;1\n1,5;2\n", {"separator": ";", "decimal": ",", "thousands": "."}, []),
        # The file's other columns have a decimal point, or a comma for something else.
        ('x,y\n"0,5",1.25\n"1,5",2\n', {"numbers": {"x": {"decimal": ","}}}, []),
        ('x,z,y\n"0,5","1,200",1\n1,100,2\n', {"numbers": {"x": {"decimal": ","}, "z": {"thousands": ","}}}, []),
        # Numbers, and words that stand for none.
        ("x,y\n19M,1\n8.7k,2\nvaries,3\n", {"numbers": {"x": {"units": {"k": 1000, "M": 1_000_000}}}, "null_values": ("varies",)}, []),
        ("x,y\n$5,1\n?,2\n$6,3\n", {"numbers": {"x": {"prefix": "$"}}, "null_values": ("?",)}, []),
        # What a person has to look at.
        ('x,y\n"1,234",1\n"2,345",2\n', {"thousands": ","}, ['"1,234", which may be 1234 or 1.234']),
        ("x,y\n19M,1\n950,2\n", {"numbers": {"x": {"units": {"none": 1, "M": 1_000_000}}}}, ["without a unit"]),
        ('x,y\n"10,000+",1\n500+,2\n', {"numbers": {"x": {"suffix": "+", "thousands": ","}}}, ['"10,000+" is read as the number alone']),
        ("x,y\n>5,1\n7,2\n", {"numbers": {"x": {"prefix": ">"}}}, ['">5" is read as the number alone']),
        ("x,y\n1,1\n2,2\n3,5\n1A,3\n", {"null_values": ("1A",)}, ['"1A" among its numbers, which null_values makes missing: are they values?']),
        (f"x,y\n{UNITS}", {"dtypes": {"x": "str"}}, ['several units ("kg", "lb")']),
        ("x,y\n$5,1\n\u20ac6,2\n$5,1\n", {"dtypes": {"x": "str"}}, ["several units"]),
    ],
)  # fmt: skip
def test_numbers_with_signs_and_units_are_proposed_to_be_read(profile, content, options, notes):
    found = profile(content)

    assert found.options == SourceOptions(**options)
    assert len(found.notes) == len(notes)
    for note, part in zip(found.notes, notes, strict=True):
        assert part in note
    assert not any(letter.isdigit() for null in found.options.null_values for letter in null) or notes


@pytest.mark.parametrize(
    "texts",
    [
        ("1.0.12", "1.0.1"), ("555-1234", "555-9876"), ("12:30", "13:45"),
        ("18-24", "65+"), ("Q1", "Q2"), ("A12", "B13"), ("12A", "13B"), ("1st", "2nd"), ("5XL", "3XL"), ("#12", "#13"),
        ("1/2", "3/4"), ("192.168.0.1", "10.0.0.1"), ("10 Downing St", "3 Baker St"), ("36 months", "60 months"),
        ("(555) 1234", "(555) 9876"), ("3D", "2D"), ("H2O", "CO2"), ("007-1", "007-2"), ("10 to 20", "20 to 30"),
    ],
)  # fmt: skip
def test_codes_dates_and_ranges_stay_text(profile, texts):
    found = profile("x,y\n" + "".join(f"{text},{i}\n" for i, text in enumerate(texts * 4)))

    assert found.options == SourceOptions()
    assert found.columns[0].kind in ("text", "date")


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_text_of_typed_files_is_checked_as_that_of_csv(tmp_path, kind):
    path = tmp_path / f"table.{kind}"
    table = pd.DataFrame(
        {"a": ["1,200", "150"] * 3, "zip": ["01234", "9000"] * 3, "v": ["NA", "1.5"] * 3, "y": range(6)}
    )
    table.to_parquet(path) if kind == "parquet" else table.to_json(path, orient="records", lines=True)

    found = profile_dataset(path, SourceOptions())

    assert found.options == SourceOptions(numbers={"a": {"thousands": ","}})


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
        ("<html>", DatasetError),
        ("y\n1\n2\n", DatasetError),
        ("a,a\n1,2\n", DatasetError),
    ],
)
def test_what_is_no_dataset_says_why(profile, content, error):
    with pytest.raises(error):
        profile(content)


@settings(
    max_examples=effort(50, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.text(alphabet='ab12,.;\t\n"?|- \u00e9%', max_size=80))
def test_no_content_whatever_raises_anything_but_our_own_errors(tmp_path, content):
    path = tmp_path / "wild.csv"
    path.write_text(content)
    try:
        profile_dataset(path, SourceOptions())
    except RefineryError:
        return
