"""Datasets as they come: what is read, and what is said of a file that pandas would misread in silence."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery.errors import RefineryError
from refinery.spec.training import ClassModel
from refinery.training import SourceOptions
from refinery.training.data.read import read_dataset
from refinery.training.errors import ColumnNotFoundError, DatasetError, SourceOptionError
from tests.effort import effort

ZSTD = zstandard.ZstdCompressor()
LONG = b"a,b\n" + b"".join(b"%d,%d\n" % (i * i % 9973, i) for i in range(90_000))
PLAIN = "age,income,spend\n25,1200.5,3\n31,1900.0,5\n47,2500.25,8\n52,3100.0,9\n"


@pytest.fixture
def read(tmp_path):
    def read(content, name="table.csv", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_dataset(path, SourceOptions(**options)).table

    return read


@pytest.fixture
def learn(tmp_path, train_petrol):
    """Train on a file, so that the checks of the columns in use are made too."""

    def learn(content, name="table.csv", *, model="sklearn.linear_model.Ridge", fields=None, **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return train_petrol(
            dataset=path, model=ClassModel(model), source=SourceOptions(**options), **fields or {}
        )

    return learn


def zipped(content, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.csv", content)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "download"])
@pytest.mark.parametrize(
    "compress",
    [bytes, gzip.compress, bz2.compress, lzma.compress, ZSTD.compress, "zip"],
)
def test_compression_is_recognized_by_the_bytes_and_not_by_the_name(read, tmp_path, name, compress):
    content = zipped(PLAIN, tmp_path / "a.zip") if compress == "zip" else compress(PLAIN.encode())

    table = read(content, name, format="csv")

    assert table["income"].tolist() == [1200.5, 1900.0, 2500.25, 3100.0]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, ZSTD.compress])
def test_a_file_that_was_compressed_in_parts_is_read_whole(read, compress):
    content = PLAIN.encode()

    assert len(read(compress(content[:30]) + compress(content[30:]))) == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.csv", PLAIN),
        ("table.TSV", PLAIN.replace(",", "\t")),
        (
            "table.jsonl",
            "".join(
                f"{line}\n"
                for line in pd.DataFrame({"age": [25], "spend": [3]})
                .to_json(orient="records", lines=True)
                .split()
            ),
        ),
        ("table.ndjson", '{"age": 25, "spend": 3}\n'),
    ],
)
def test_the_format_follows_from_the_name(read, name, content):
    assert read(content, name)["age"].iloc[0] == 25


@pytest.mark.parametrize("name", ["table.parquet", "table.csv", "download"])
def test_parquet_is_known_by_its_bytes(tmp_path, name):
    pd.DataFrame({"x": [1, 2], "y": [0.5, 1.5]}).to_parquet(tmp_path / name)

    assert read_dataset(tmp_path / name, SourceOptions()).table["y"].tolist() == [0.5, 1.5]


def test_a_column_may_have_the_name_of_one_of_its_values(tmp_path):
    """Names above numbers show that the first row is not data."""
    (tmp_path / "table.csv").write_text("amount,fraud\n1,fraud\n2,legitimate\n")
    assert list(read_dataset(tmp_path / "table.csv", SourceOptions()).table.columns) == ["amount", "fraud"]


def test_parquet_with_two_columns_of_one_name_is_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(table, tmp_path / "table.parquet")

    with pytest.raises(DatasetError, match=r'more than one column has the name "a"|it cannot be read'):
        read_dataset(tmp_path / "table.parquet", SourceOptions())


def test_row_labels_of_parquet_are_left_out_and_listed(tmp_path, train_petrol):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"id": range(9), "x": range(9), "y": range(9)}).set_index("id").to_parquet(path)

    data = train_petrol(dataset=path, model=ClassModel("sklearn.linear_model.Ridge")).manifest["data"]

    assert [feature["name"] for feature in data["features"]] == ["x"]
    assert data["left_out"] == {"id": "holds the rows' labels"}


def test_json_lines_keep_their_types(read):
    table = read('{"zip": "007", "day_at": 1700000000, "y": 1}\n', "table.jsonl")

    assert table.iloc[0].tolist() == ["007", 1700000000, 1]


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        (
            "a;b\n1,5;1.234,5\n2,5;7\n",
            {"separator": ";", "decimal": ",", "thousands": "."},
            [[1.5, 1234.5], [2.5, 7]],
        ),
        ("a\tb\n1\t2\n", {"separator": "\t"}, [[1, 2]]),
        ("a  b\n1   2\n", {"separator": " "}, [[1, 2]]),
        ("\ufeffa,b\n1,2\n", {}, [[1, 2]]),
        ("\ufeffa,b\n1,2\n", {"encoding": "UTF8", "columns": ("a",)}, [[1]]),
        ("a,b\n1,2\n".encode("utf-16"), {"encoding": "utf-16"}, [[1, 2]]),
        ("a,b\ncaf\u00e9,2\n".encode("cp1252"), {"encoding": "cp1252"}, [["caf\u00e9", 2]]),
        ('a,b\n"line one\nline two",2\n', {}, [["line one\nline two", 2]]),
        ("a,b\n'x,y',2\n", {"quote": "'"}, [["x,y", 2]]),
        ("5.1,3.5\n4.9,3.0\n", {"header": False, "columns": ("a", "b")}, [[5.1, 3.5], [4.9, 3.0]]),
        ("what it says\nall is well\nnot so good\n", {}, [["all is well"], ["not so good"]]),
        ("5.1,3.5\n4.9,3.0\n", {"header": False}, [[5.1, 3.5], [4.9, 3.0]]),
        ("1990,1991\n1,2\n", {"header": True}, [[1, 2]]),
        ("?,red\n4,blue\n", {"header": False}, [["?", "red"], ["4", "blue"]]),
        ("a,b,a\n1,2,3\n", {"columns": ("b",)}, [[2]]),
        ("a,b,c\n1,2,3\n", {"columns": ("c", "a")}, [[3, 1]]),
        ("a,b\n1,2,\n3,4,\n", {}, [[1, 2], [3, 4]]),
        ("a,b\n\n1,2\n\n", {}, [[1, 2]]),
        ("a,b\r\n1,2\r\n", {}, [[1, 2]]),
        ("a,b\r1,2\r", {}, [[1, 2]]),
        ("zip,b\n007,2\n", {"dtypes": {"zip": "str"}}, [["007", 2]]),
    ],
)
def test_a_nasty_file_is_read_right_with_the_right_options(read, content, options, expected):
    table = read(content, **options)

    assert table.to_numpy(dtype=object).tolist() == expected


def test_null_values_are_missing_in_any_spelling(read):
    table = read("a,b\n?,-200\n ?,-200.0\n1,5\n", null_values=("?", -200))

    assert table["a"].isna().tolist() == [True, True, False]
    assert table["b"].isna().tolist() == [True, True, False]


def test_dates_are_read_as_dates(read):
    table = read("day,y\n2026-01-31,1\n2026-02-28,2\n", dates=("day",))

    assert table["day"].dt.month.tolist() == [1, 2]


@pytest.mark.parametrize(("first", "second"), [("01/02/2026", "13/02/2026"), ("02/01/2026", "02/13/2026")])
def test_the_whole_column_decides_the_order_of_day_and_month(read, first, second):
    table = read(f"day,y\n{first},1\n{second},2\n", dates=("day",))

    assert table["day"].dt.strftime("%m-%d").tolist() == ["02-01", "02-13"]


def test_dates_whose_day_may_be_the_month_are_refused(read):
    with pytest.raises(
        DatasetError,
        match='the column "day" holds dates such as "01/02/2026", in which the day may come first or the month',
    ):
        read("day,y\n01/02/2026,1\n02/02/2026,2\n", dates=("day",))


def test_options_hold_for_typed_formats_too(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": ["1", "?"], "day": ["2026-01-31", "2026-02-01"], "b": [1.0, -200.0]}).to_parquet(path)
    options = SourceOptions(
        null_values=("?", -200), dtypes={"a": "float"}, dates=("day",), columns=("day", "b", "a")
    )

    table = read_dataset(path, options).table

    assert table["a"].isna().tolist() == [False, True]
    assert table["b"].isna().tolist() == [False, True]
    assert table.columns.tolist() == ["day", "b", "a"]
    assert table["day"].dt.day.tolist() == [31, 1]


@pytest.mark.parametrize(
    ("content", "options", "option", "value", "problem"),
    [
        (
            "a;b\n1;2\n",
            {},
            "separator",
            ";",
            '1 column found with the separator ",", and semicolons in every row',
        ),
        (
            "a;b\n1,5;2,5\n",
            {},
            "separator",
            ";",
            '1 column found with the separator ",", and semicolons in every row',
        ),
        ("a;b;c\n1,5;2,5;3\n1,5;2,5;3\n", {}, "separator", ";", "1 column found"),
        (
            "a\tb\n1\t2\n",
            {},
            "separator",
            "\t",
            '1 column found with the separator ",", and tabs in every row',
        ),
        ("a|b\n1|2\n", {}, "separator", "|", "bars in every row"),
        ("a  b\n1   2\n3 4\n", {}, "separator", " ", "blanks in every row"),
        ("name, first;x\n1;2\n3;4\n", {}, "separator", ";", '2 columns found with the separator ","'),
        ("a,b\n1,2\n", {"separator": ";"}, "separator", ",", "commas in every row"),
        (
            "a,b\ncaf\u00e9,2\n".encode("cp1252"),
            {},
            "encoding",
            "cp1252",
            "the text is not UTF-8: byte 0xe9 at position 7",
        ),
        ("a,b\n1,2\n".encode("utf-16"), {}, "encoding", "utf-16", "the text is UTF-16"),
        ("a,b\ncaf\u00e9,2\n", {"encoding": "cp1252"}, "encoding", "utf-8", "the text is UTF-8, not cp1252"),
        ("a,b\n1,2\n", {"encoding": "utf8x"}, "encoding", "utf-8", 'there is no encoding "utf8x"'),
        (
            "5.1,3.5,setosa\n4.9,3.0,setosa\n",
            {},
            "header",
            False,
            "the first row looks like data, not names",
        ),
        (
            "id,2020,2021\n7,1,2\n8,3,4\n",
            {},
            "header",
            True,
            'the first row looks like names, of which some are numbers ("id", "2020", "2021")',
        ),
        ("5.1\n4.9\n5.1\n", {}, "header", False, "the first row looks like data, not names"),
        ("red,small\nred,large\n", {}, "header", False, "the first row looks like data, not names"),
        ("a,b\n1,2\n3,4\n", {"header": False}, "header", True, 'the first row looks like names ("a", "b")'),
        (
            "a,b\n1,2\n3,4\n",
            {"header": False, "columns": ("x", "y")},
            "header",
            True,
            'the first row looks like names ("a", "b")',
        ),
    ],
)
def test_a_wrong_guess_names_the_option_to_set(read, *, content, options, option, value, problem):
    with pytest.raises(SourceOptionError) as raised:
        read(content, **options)

    assert (raised.value.option, raised.value.value) == (option, value)
    assert problem in str(raised.value)
    assert f"set source.{option} to " in str(raised.value)


@pytest.mark.parametrize(
    ("separator", "spoken", "written"),
    [(";", "semicolons", '";"'), ("\t", "tabs", '"\\t"'), ("|", "bars", '"|"')],
)
def test_the_message_of_a_wrong_separator_in_full(read, separator, spoken, written):
    with pytest.raises(SourceOptionError) as raised:
        read(f"a{separator}b\n1{separator}2\n")

    assert str(raised.value) == (
        f'table.csv: 1 column found with the separator ",", and {spoken} in every row: set source.separator to {written}.'
    )
    assert yaml.safe_load(written) == separator


@pytest.mark.parametrize(
    ("column", "options", "option", "value"),
    [
        (["1", "?", "3"], {}, "null_values", ("?",)),
        (["1", "n.d.", "3", "unknown"], {}, "null_values", ("n.d.", "unknown")),
        (["1", " ", "3"], {}, "null_values", (" ",)),
        (["1,5", "2,5", "7"], {"separator": ";"}, "decimal", ","),
        (["1,523", "2,511"], {"separator": ";"}, "decimal", ","),
        (["1.234,5", "2.511,0"], {"separator": ";"}, "decimal", ","),
        (["1.234,5", "2.511,0"], {"separator": ";", "decimal": ","}, "thousands", "."),
        (['"1,234"', '"12,511"', '"1,000,000"'], {}, "thousands", ","),
        (["1 234", "12 511"], {}, "thousands", " "),
        (["1\u00a0234", "12\u00a0511"], {}, "thousands", " "),
    ],
)
@pytest.mark.parametrize("is_target", [True, False])
def test_numbers_that_would_be_read_as_text_name_the_option_to_set(
    learn, *, column, options, option, value, is_target
):
    separator = options.get("separator", ",")
    rows = [(text, str(number)) for number, text in enumerate(column * 3)]
    names = ("x", "y")
    if is_target:
        rows = [row[::-1] for row in rows]
    content = "\n".join(separator.join(row) for row in [names, *rows])

    with pytest.raises(SourceOptionError) as raised:
        learn(content, model="sklearn.tree.DecisionTreeClassifier", **options)

    assert (raised.value.option, raised.value.value) == (option, value)
    assert f'the column "{names[is_target]}" holds numbers' in str(raised.value)
    name = '"y"' if is_target else "x"  # y alone would be true in older YAML
    assert f"set source.dtypes to {{{name}: str}}" in str(raised.value)


def test_one_blemish_after_very_many_numbers_is_found(learn):
    rows = "".join(f"{number},{number}\n" for number in range(30_000))

    with pytest.raises(SourceOptionError, match='the column "x" holds numbers, and among them "oops"'):
        learn(f"x,y\n{rows}oops,1\n")


def test_text_on_purpose_is_left_alone(learn):
    with pytest.raises(RefineryError, match=r'"grade" .text'):
        learn("grade,y\n1,1\n2,2\nK,3\n3,4\n", dtypes={"grade": "str"})


def test_blemishes_in_columns_out_of_use_do_no_harm(learn):
    result = learn("id,x,y\n1,1,1\nA2,2,2\n3,3,3\n", drop=("id",))

    assert result.manifest["data"]["left_out"] == {"id": "named in drop"}


@pytest.mark.parametrize(
    ("content", "options", "error", "message"),
    [
        (b"", {}, DatasetError, "the file is empty"),
        (gzip.compress(b"", mtime=0), {}, DatasetError, "the file is empty"),
        ("\n\n", {}, DatasetError, "the file holds no rows"),
        ("a,b\n", {}, DatasetError, r'the file has columns \("a", "b"\) but no rows'),
        (
            "<!DOCTYPE html>\n<html><head><title>Sign in</title>",
            {},
            DatasetError,
            'it is a web page with the title "Sign in", not a table; check that the URL',
        ),
        ("<html>\n<body>", {}, DatasetError, "it is a web page, not a table"),
        (
            '<?xml version="1.0"?><Error><Code>AccessDenied',
            {},
            DatasetError,
            "it is XML, not a table",
        ),
        (
            '{"error": "not found", "code": 404}\n',
            {},
            DatasetError,
            "it is JSON, not a table; it begins",
        ),
        ('{\n  "message": "Forbidden"\n}\n', {}, DatasetError, "Check that the URL is still right"),
        ('[{"a": 1},\n{"a": 2}]\n', {}, DatasetError, "set source.format to jsonl"),
        ("Not found\n", {}, DatasetError, 'the file is the one line "Not found": a server\'s message'),
        (
            "Access denied, please log in.",
            {},
            DatasetError,
            'the one line "Access denied, please log in."',
        ),
        ("Not found", {"separator": ";"}, DatasetError, 'the file is the one line "Not found"'),
        (b"a,b\n\x00\x01\x02", {}, DatasetError, "it holds binary data, not text"),
        ("a,b\n1,2\n1,2,3\n", {}, DatasetError, "row 3 has 3 of 2 values"),
        ("a,b\n1,2\n1\n", {}, DatasetError, "row 3 has 1 of 2 values"),
        ("a,b\n1,5,2\n1,5,2\n", {}, DatasetError, "row 2 has 3 of 2 values"),
        ("Report\n\na,b\n1,2\n", {}, DatasetError, "nothing may come before the header"),
        ("a,b\n1,2\na,b\n3,4\n", {}, DatasetError, "row 3 repeats the first one"),
        ("a,b,a\n1,2,3\n", {}, DatasetError, 'more than one column has the name "a"; rename them'),
        (
            "a,b\n1,2\n",
            {"columns": ("c",)},
            ColumnNotFoundError,
            'source.columns: the dataset has no column "c"',
        ),
        (
            "1,2\n",
            {"header": False, "columns": ("c",)},
            DatasetError,
            "names 1 columns, but the rows have 2",
        ),
        ("a,b\n1,2\n", {"dtypes": {"c": "str"}}, ColumnNotFoundError, 'has no column "c"'),
        (
            "a,b\n1,2\n",
            {"dtypes": {"b": "strng"}},
            DatasetError,
            "data type 'strng' not understood",
        ),
        (
            "a,b\n1,x\n",
            {"dtypes": {"b": "float"}},
            DatasetError,
            'the column "b" is not float: row 1 holds "x"',
        ),
        (
            "a,b\n1,x\n",
            {"dates": ("b",)},
            DatasetError,
            'the column "b" holds values such as "x", whose format is ambiguous',
        ),
        (
            'a,b\n1,"2\n3,4\n',
            {},
            SourceOptionError,
            r'in row 1 \(line 2\) the quote before "2" opens a value that goes on to line 3',
        ),
        (gzip.compress(LONG, mtime=0)[:-20], {}, DatasetError, "gzip file is damaged or cut short"),
        (bz2.compress(LONG)[:-20], {}, DatasetError, "bz2 file is damaged or cut short"),
        (lzma.compress(LONG)[:-20], {}, DatasetError, "xz file is damaged or cut short"),
        (ZSTD.compress(LONG)[:-20], {}, DatasetError, "zstd file is damaged or cut short"),
        (ZSTD.compress(LONG) + ZSTD.compress(LONG)[:-20], {}, DatasetError, "zstd file is damaged"),
        (b"PK\x03\x04" + LONG[:200], {}, DatasetError, "zip file is damaged or cut short"),
        (
            b"\x1f\x8bnot gzip at all",
            {},
            DatasetError,
            "the gzip file is damaged or cut short",
        ),
        (b"PAR1 and nothing else", {}, DatasetError, "it cannot be read as parquet"),
        (PLAIN, {"format": "parquet"}, DatasetError, "it cannot be read as parquet"),
        (PLAIN, {"format": "jsonl"}, DatasetError, "line 1 is not JSON"),
        (
            '{"a": 1}\n\n[2]\n',
            {"format": "jsonl"},
            DatasetError,
            r'line 3 is not a JSON object but "\[2\]"',
        ),
    ],
)
def test_a_file_that_is_no_table_says_why(read, content, options, error, message):
    with pytest.raises(error, match=message) as raised:
        read(content, **options)

    assert not raised.value.retryable


def test_a_row_far_down_that_is_too_long_is_found(read):
    with pytest.raises(DatasetError, match="Expected 2 fields in line 30002, saw 3"):
        read("a,b\n" + "1,2\n" * 30_000 + "1,2,3\n")


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_row_far_down_that_is_too_short_is_found(read, compress):
    with pytest.raises(DatasetError, match="row 40002 ends after 1 of 2 values; the file may be cut short"):
        read(compress(b"a,b\n" + b"1,\n3,4\n" * 20_000 + b"1"))


def test_a_value_far_down_that_has_no_name_is_found(read):
    with pytest.raises(DatasetError, match="rows have more values than the header has names"):
        read("a,b\n" + "1,2,\n" * 90_000 + "1,2,3\n")


def test_bytes_far_down_that_are_no_utf8_are_found(read):
    with pytest.raises(SourceOptionError, match=r"set source.encoding to cp1252"):
        read(b"a,b\n" + b"x,2\n" * 200_000 + b"caf\xe9,2\n")


def test_a_name_that_tells_no_format_asks_for_it(read):
    with pytest.raises(DatasetError, match=r'set source.format to one of "csv", "tsv", "parquet", "jsonl"'):
        read(PLAIN, "table.xlsx")


@pytest.mark.parametrize(
    ("content", "left_out"),
    [
        (",x,y\n0,5,1\n1,6,2\n2,7,4\n", {"Unnamed: 0": "has no name and counts the rows"}),
        ("x,y,\n5,1,\n6,2,\n7,4,\n", {"Unnamed: 2": "holds no values"}),
        ("x,z,y\n5,,1\n6,,2\n7,,4\n", {"z": "holds no values"}),
    ],
)
def test_columns_of_no_use_are_left_out_and_listed_once(learn, content, left_out):
    result = learn(content)

    assert result.manifest["data"]["left_out"] == left_out
    assert result.manifest["data"]["target"]["name"] == "y"
    (name, reason), *_ = left_out.items()
    assert result.summary.count(f'left out  "{name}": {reason}') == 1


def test_a_column_without_a_name_that_holds_data_is_refused(learn):
    for first, last in [(9, 4), (1, 4)]:
        with pytest.raises(RefineryError, match=r'The column "Unnamed: 0" has no name in the header'):
            learn(f",x,y\n{first},5,1\n{first + 1},6,2\n{last},7,4\n")


def test_odd_names_reach_the_model_as_they_are(learn):
    result = learn('" a ",%b[0],"c,d",y\n1,2,3,4\n2,3,4,5\n5,6,6,8\n', fields={"target": "y "})

    assert [feature["name"] for feature in result.manifest["data"]["features"]] == [" a ", "%b[0]", "c,d"]


def test_a_thousand_columns_are_read(learn):
    names = ",".join(f"x{number}" for number in range(1000))
    rows = "\n".join(",".join(map(str, row)) for row in np.random.default_rng(0).random((30, 1000)))

    result = learn(f"{names}\n{rows}\n")

    assert result.manifest["data"]["columns"] == 1000
    assert len(result.summary.splitlines()) < 10


def test_the_files_of_a_folder_are_one_table(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "2026-02.csv").write_text("b,a\n20,2\n")
    (folder / "2026-01.csv").write_text("a,b\n1,10\n")
    (folder / ".hidden").write_text("no")

    table = read_dataset(folder, SourceOptions()).table

    assert table.to_dict("list") == {"a": [1, 2], "b": [10, 20]}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("a,c\n1,2\n", 'b.csv: its columns are not those of a.csv: only one of the two has "b", "c"'),
        (
            "a,b\n1,x\n",
            'b.csv: the column "b" is str here and int64 in a.csv; write its values the same way in all files, or, if',
        ),
    ],
)
def test_files_that_do_not_fit_together_are_reported(tmp_path, second, message):
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "a.csv").write_text("a,b\n1,2\n")
    (folder / "b.csv").write_text(second)

    with pytest.raises(DatasetError, match=message):
        read_dataset(folder, SourceOptions())


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(DatasetError, match=r"gone\.csv: the dataset file is missing"):
        read_dataset(tmp_path / "gone.csv", SourceOptions())


def test_an_empty_folder_is_reported(tmp_path):
    with pytest.raises(DatasetError, match="the folder holds no files"):
        read_dataset(tmp_path, SourceOptions())


@settings(
    max_examples=effort(60, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.one_of(st.text(alphabet="ab1,.;\t\n\"'|- \u00e9%?", max_size=60), st.binary(max_size=60)))
def test_no_content_whatever_raises_anything_but_our_own_errors(tmp_path, content):
    path = tmp_path / "wild.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        table = read_dataset(path, SourceOptions()).table
    except RefineryError:
        return
    assert len(table) > 0


NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(str.strip)


@settings(
    max_examples=effort(30, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(NAMES, min_size=2, max_size=5, unique=True), separator=st.sampled_from(",;\t|"))
def test_any_column_names_written_by_pandas_are_read_back(tmp_path, names, separator):
    written = pd.DataFrame(np.arange(6 * len(names)).reshape(6, -1) * 1.5, columns=names)
    written.to_csv(tmp_path / "names.csv", index=False, sep=separator)

    options = SourceOptions(separator=separator, header=True)
    try:
        table = read_dataset(tmp_path / "names.csv", options).table
    except SourceOptionError as error:
        raise AssertionError(str(error)) from error

    assert table.columns.tolist() == names
    assert (table.to_numpy() == written.to_numpy()).all()
