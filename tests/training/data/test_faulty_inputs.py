"""Datasets by broken producers and attackers: each gives an error that says what to do, or trains a model."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import textwrap
import zipfile
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import zstandard

from refinery.training import ClassModel, SourceOptions
from refinery.training.data.read import read_batches, read_dataset
from refinery.training.data.stream_limits import LONGEST_LINE
from refinery.training.errors import DatasetError, SourceOptionError
from tests.effort import effort

LINEAR = ClassModel("sklearn.linear_model.LinearRegression")
LOGISTIC = ClassModel("sklearn.linear_model.LogisticRegression")
GOOD = "".join(f"{i},{i * 2 % 7},{i % 2}\n" for i in range(50))
MEBIBYTE = b"1,2\n" * (1 << 18)


def zipped(content: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("table.csv",):
            archive.writestr(name, content)
    return file.getvalue()


def with_field(archive: bytes, *, local: int, central: int, value: int) -> bytes:
    """Change a number in both descriptions of a zip file's first entry: its flags, or its compression."""
    changed, directory = bytearray(archive), archive.index(b"PK\x01\x02")
    changed[local] = changed[directory + central] = value
    return bytes(changed)


COMPRESSIONS = {
    "gz": gzip.compress,
    "zip": zipped,
    "zst": zstandard.ZstdCompressor().compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize(
    ("text", "model", "error", "message"),
    [
        ("", LINEAR, DatasetError, "the file is empty. Check that its producer wrote it completely"),
        ("\n\n  \n", LINEAR, DatasetError, "the file holds no rows"),
        ("a,b,y\n", LINEAR, DatasetError, r'the file has columns \("a", "b", "y"\) but no rows'),
        ("a,b,y\n1,2,3\n", LINEAR, DatasetError, "1 row is too few"),
        ("a,b,y\n" + "1,2,\n" * 40, LINEAR, DatasetError, "All 40 rows .*name another target"),
        (
            f"a,b,y\n1,1,nan\n{GOOD}",
            LINEAR,
            DatasetError,
            '1 of 51 rows .*"y": "nan" in 1 row is read as missing',
        ),
        (f"a,b,y\n1,1,inf\n{GOOD}", LINEAR, DatasetError, "1 of 51 rows has no finite value"),
        (f"a,b,y\n1,1,-inf\n{GOOD}", LOGISTIC, DatasetError, "1 of 51 rows has no finite value"),
        (
            f"a,b,y\n1,inf,0\n{GOOD}",
            LINEAR,
            DatasetError,
            'infinite .*"b" .*Correct them in the data',
        ),
        (f"a,b,y\n1,1e999,0\n{GOOD}", LINEAR, DatasetError, 'infinite or huge values: "b"'),
        ("a,b,y\n" + "1,2,1\n3,4,1\n" * 20, LOGISTIC, DatasetError, 'only one class, "1", in all rows'),
        (
            "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>",
            LINEAR,
            DatasetError,
            'a web page with the title "502 Bad Gateway", not a table; check that the URL needs no login',
        ),
    ],
)
def test_a_table_of_no_use_says_why(train_table, *, text, model, error, message):
    with pytest.raises(error, match=message) as caught:
        train_table(text, model=model, preprocess="auto")
    assert not caught.value.retryable


def test_gaps_among_the_features_are_filled(train_table):
    result = train_table(f"a,b,y\n1,nan,0\n2,,1\n{GOOD}", model=LINEAR, preprocess="auto")
    assert "missing values" in str(result.manifest["preprocess"])


def test_thousands_of_columns_are_learned(train_table):
    count = effort(2_000, 10_000)
    table = pd.DataFrame(np.random.default_rng(0).random((30, count + 1)).round(3)).add_prefix("c")
    result = train_table(table.to_csv(index=False), model=LINEAR, preprocess="auto", target=f"c{count}")
    assert len(result.manifest["data"]["features"]) == count


TABLE = f"a,b,y\n{GOOD}".encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped(TABLE, "a.csv", "b.csv"), r'the zip file holds 2 files \("a.csv", "b.csv"\)'),
        (
            zipped(TABLE, "[Content_Types].xml", "xl/workbook.xml"),
            "an Excel workbook .*save its sheet as CSV",
        ),
        (with_field(zipped(TABLE), local=6, central=8, value=1), "needs a password; write it without one"),
        (
            with_field(zipped(TABLE), local=8, central=10, value=99),
            "compressed in a way that Python does not know",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel workbook, not text"),
        (b"%PDF-1.7\n1 0 obj\n", "a PDF, not a table"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
        (
            TABLE.decode().encode("utf-16-le"),
            r"UTF-16 without a byte order mark: set source\.encoding to utf-16-le",
        ),
        (
            TABLE.decode().encode("utf-16-be"),
            r"UTF-16 without a byte order mark: set source\.encoding to utf-16-be",
        ),
        (TABLE.replace(b"3,6,1", b"3,\0,1"), r"binary data, not text \(a zero byte at position 26\)"),
        (b'<div class="error">\n<p>Sorry, no</p></div>', "a web page, not a table"),
        (TABLE + b"1,2,3\n" * 50_000 + b"1,\xe9,3\n", r"byte 0xe9 at position 300\d\d\d \(line 50052\)"),
    ],
)
def test_a_file_of_another_kind_says_which(tmp_path, content, message):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message) as caught:
        read_dataset(path, SourceOptions())
    assert not caught.value.retryable


def test_the_name_within_a_zip_file_leads_nowhere(tmp_path):
    path = tmp_path / "deep" / "down" / "table.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(zipped(TABLE, "../../outside.csv"))
    assert len(read_dataset(path, SourceOptions()).table) == 50
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["table.csv"]


def test_a_json_array_in_place_of_lines_is_reported(tmp_path):
    path = tmp_path / "table.jsonl"
    path.write_text(json.dumps([{"a": i, "y": i} for i in range(40)]))
    with pytest.raises(DatasetError, match="one JSON array; write an object on each line"):
        read_dataset(path, SourceOptions())


def test_a_header_without_rows_is_reported_in_batches_too(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b,y\n")
    with pytest.raises(DatasetError, match=r'columns \("a", "b", "y"\) but no rows'):
        list(read_batches(path, SourceOptions(), 100))


class TestParquet:
    @pytest.fixture
    def dataset(self, tmp_path):
        path = tmp_path / "table.parquet"
        table = pd.DataFrame(
            {
                "price": [None, *(Decimal(f"{i}.25") for i in range(1, 40))],
                "account": [Decimal(10**20 + i) for i in range(40)],
                "y": [Decimal(i) for i in range(40)],
            }
        )
        table.to_parquet(path)
        return path

    def test_decimals_are_numbers(self, train_petrol, dataset):
        result = train_petrol(
            dataset=dataset, model=LINEAR, preprocess="auto", features=("price",), target="y"
        )
        assert result.metrics["r2"] > 0.9
        assert result.manifest["data"]["features"] == [{"name": "price", "dtype": "float64"}]

    @pytest.mark.parametrize("rows", [None, 10])
    def test_those_that_are_names_keep_their_digits(self, dataset, rows):
        table = read_dataset(dataset, SourceOptions(dtypes={"account": "str"}), rows=rows).table
        assert table["account"][3] == "100000000000000000003"
        assert table["price"].dtype == table["y"].dtype == "float64"

    def test_batches_have_the_same_types(self, dataset):
        batches = list(read_batches(dataset, SourceOptions(), 1))
        assert {str(dtype) for batch in batches for dtype in batch.table.dtypes} == {"float64"}

    def test_bytes_are_refused_by_name(self, train_petrol, tmp_path):
        path = tmp_path / "table.parquet"
        pd.DataFrame({"raw": [b"\xff%d" % i for i in range(40)], "y": range(40)}).to_parquet(path)
        with pytest.raises(DatasetError, match=r"binary values: \"raw\" \(such as b'"):
            train_petrol(dataset=path, model=LINEAR, preprocess="auto")

    def test_one_that_was_compressed_again_is_reported(self, dataset):
        dataset.write_bytes(gzip.compress(dataset.read_bytes()))
        with pytest.raises(DatasetError, match="Parquet within gzip"):
            read_dataset(dataset, SourceOptions())


class TestNestedValues:
    """Lists and records are refused by name, where an encoder would fail or take each for a category."""

    TABLE = pd.DataFrame(
        {
            "place": [{"lat": i, "lon": 0} for i in range(40)],
            "tags": [[1, i] for i in range(40)],
            "m": range(40),
            "y": range(40),
        }
    )

    @pytest.fixture(params=["parquet", "jsonl"])
    def dataset(self, request, tmp_path):
        path = tmp_path / f"table.{request.param}"
        if request.param == "parquet":
            self.TABLE.to_parquet(path)
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in self.TABLE.to_dict("records")))
        return path

    @pytest.mark.parametrize("preprocess", ["auto", "none"])
    def test_they_are_refused_by_name(self, train_petrol, dataset, preprocess):
        with pytest.raises(
            DatasetError,
            match=r"nested values: \"place\" \(records, such as .*\"tags\" \(lists, such as \[1, \d+\]\)\. Leave them out",
        ):
            train_petrol(dataset=dataset, model=LINEAR, preprocess=preprocess)

    def test_without_them_the_rest_is_learned(self, train_petrol, dataset):
        source = SourceOptions(drop=("place", "tags"))
        result = train_petrol(dataset=dataset, model=LINEAR, preprocess="auto", source=source)
        assert result.metrics["r2"] > 0.99


class TestBombs:
    @pytest.mark.parametrize("suffix", COMPRESSIONS)
    def test_a_file_that_unpacks_to_more_than_it_may_is_refused(self, tmp_path, suffix):
        path = tmp_path / f"table.csv.{suffix}"
        path.write_bytes(COMPRESSIONS[suffix](b"a,b\n" + 3 * MEBIBYTE))
        with pytest.raises(
            SourceOptionError,
            match=r'unpacks to more than 2,000,000 bytes, .*set source\.max_uncompressed to "1G"',
        ):
            read_dataset(path, SourceOptions(max_uncompressed=2_000_000))
        assert len(read_dataset(path, SourceOptions(max_uncompressed=4_000_000)).table) == 3 << 18

    def test_a_bomb_takes_no_memory(self, tmp_path, project):
        """A gigabyte of rows in a megabyte, read where memory is less."""
        bomb = tmp_path / "table.csv.gz"
        bomb.write_bytes(gzip.compress(b"a,b\n") + gzip.compress(8 * MEBIBYTE) * 128)
        code = f"""
            import resource
            from pathlib import Path
            import pandas
            from refinery.training import SourceOptions
            from refinery.training.data.read import read_dataset
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                read_dataset(Path({str(bomb)!r}), SourceOptions(max_uncompressed=500_000_000))
            except Exception as error:
                print(type(error).__name__, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
        """
        command = [sys.executable, "-c", textwrap.dedent(code)]
        output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=project).stdout
        error, grown_by = output.split()
        assert error == "SourceOptionError"
        assert int(grown_by) < 100  # MiB

    @pytest.mark.parametrize("suffix", ["", "gz"])
    @pytest.mark.parametrize("rows", [None, 10])
    def test_a_line_beyond_all_bounds_is_refused_before_it_is_in_memory(self, tmp_path, suffix, rows):
        path = tmp_path / "table.csv"
        content = b"a,b\n1,2\n" + b"3" * (LONGEST_LINE + 2 * len(MEBIBYTE))
        path.write_bytes(gzip.compress(content, 1) if suffix else content)
        with pytest.raises(DatasetError, match="a line of it goes on for more than 67,108,864 bytes"):
            read_dataset(path, SourceOptions(), rows=rows)

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
    def test_a_large_file_of_short_lines_is_read(self, tmp_path, end):
        path = tmp_path / "table.csv"
        row = b"12345678," * 99 + b"1" + end
        rows = LONGEST_LINE // len(row) + 5_000
        path.write_bytes(b",".join(b"c%d" % i for i in range(100)) + end + row * rows)
        assert len(read_dataset(path, SourceOptions(header=True)).table) == rows
