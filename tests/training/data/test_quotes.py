"""Quotes in text tables: those that open a value by mistake are reported with their row, text of several lines is read."""

from __future__ import annotations

import gzip

import pytest

from refinery.training import SourceOptions
from refinery.training.data.read import list_files, read_batches, read_dataset
from refinery.training.data.sample import take_sample
from refinery.training.errors import SourceOptionError

QUOTE = '"'


def rows(texts, separator=",", *, last=False):
    """Lay out texts with two columns of numbers, the texts first or last."""
    table = [("text", "x", "y"), *((text, number, 10 * number) for number, text in enumerate(texts))]
    ordered = [row[1:] + row[:1] if last else row for row in table]
    return "".join(separator.join(map(str, row)) + "\n" for row in ordered)


def with_quotes(count, *at, text="oops"):
    return [f"{QUOTE}{text}" if number in at else f"n{number}" for number in range(count)]


@pytest.fixture
def path_of(tmp_path):
    def path_of(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return path_of


STRAY = {
    "two in the first rows": (rows(with_quotes(60, 5, 30)), {}, 6, 7),
    "two far down": (rows(with_quotes(1000, 500, 900)), {}, 501, 502),
    "two rows in a row": (rows(with_quotes(40, 7, 8)), {}, 8, 9),
    "one, never closed": (rows(with_quotes(40, 7)), {}, 8, 9),
    "one far down, never closed": (rows(with_quotes(1000, 700)), {}, 701, 702),
    "quotes alone": (rows(with_quotes(40, 7, 20, text="")), {}, 8, 9),
    "quotes alone in the last column": (rows(with_quotes(40, 7, 20, text=""), last=True), {}, 8, 9),
    "in the last column": (rows(with_quotes(40, 7, 20), last=True), {}, 8, 9),
    "inches": (
        "size,y\n" + "".join(f"{QUOTE if i in (5, 30) else ''}{i} in,{i}\n" for i in range(40)),
        {},
        6,
        7,
    ),
    "a quoted value closes it": (rows([*with_quotes(20, 7), f"{QUOTE}a, b{QUOTE}"]), {}, 8, 9),
    "in another column": (
        "a,b,c\n"
        + "".join(f"{QUOTE if i == 5 else ''}n,{QUOTE if i == 9 else ''}m,{i}\n" for i in range(20)),
        {},
        6,
        7,
    ),
    "beside text of several lines": (rows([f"{QUOTE}two\nlines{QUOTE}", *with_quotes(40, 7, 20)]), {}, 9, 11),
    "semicolons": (rows(with_quotes(40, 7, 20), ";"), {"separator": ";"}, 8, 9),
    "another quote": (rows(with_quotes(40, 7, 20)).replace(QUOTE, "'"), {"quote": "'"}, 8, 9),
    "blanks": (rows(with_quotes(40, 7, 20), "  "), {"separator": " "}, 8, 9),
    "no header": (rows(with_quotes(40, 7, 20)).partition("\n")[2], {"header": False}, 8, 8),
    "more than a reader takes for one value": (rows(with_quotes(20_000, 7)), {}, 8, 9),
}


@pytest.mark.parametrize(("content", "options", "row", "line"), STRAY.values(), ids=STRAY.keys())
def test_a_quote_that_swallows_rows_is_reported_with_its_row(path_of, content, options, row, line):
    for path in (path_of(content), path_of(gzip.compress(content.encode()), "t.csv.gz")):
        with pytest.raises(SourceOptionError) as whole:
            read_dataset(path, SourceOptions(**options))
        with pytest.raises(SourceOptionError) as streamed:
            list(read_batches(path, SourceOptions(**options), 100))

        assert f"in row {row} (line {line}) the quote before " in str(whole.value)
        assert str(whole.value).endswith("if quotes are part of the text: set source.quote to none.")
        assert str(streamed.value) == str(whole.value)


def test_it_is_reported_for_a_tsv(path_of):
    path = path_of(rows(with_quotes(60, 10, 45), "\t"), "t.tsv")

    with pytest.raises(SourceOptionError, match=r"in row 11 \(line 12\)"):
        read_dataset(path, SourceOptions())


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (
            'a,b\n1,"two\nlines"\n2,"three\nlines, and\na comma"\n3,x\n',
            ["two\nlines", "three\nlines, and\na comma", "x"],
        ),
        ('a,b\n1,"Hello\nlove, Bob"\n2,"other\nlines"\n', ["Hello\nlove, Bob", "other\nlines"]),
        ('a,b\n1,"Hello\nlove, Bob"\n2,x\n', ["Hello\nlove, Bob", "x"]),
        ('a,b\nsad,"Hello\nlove, Bob"\nsad,x\n', ["Hello\nlove, Bob", "x"]),
        ('a,b\n1,"line\n""7"", more"\n2,x\n', ['line\n"7", more', "x"]),
        ('a,b\n1,"""Hi"",\nshe said"\n2,x\n', ['"Hi",\nshe said', "x"]),
        ('a,b\r\n1,"two\r\nlines"\r\n2,"x"\r\n', ["two\r\nlines", "x"]),
        ('a,b\n1,say "hi"\n2,5" pipe\n', ['say "hi"', '5" pipe']),
        ('a,b\n1,"a ""b"""\n2,"c, d"\n', ['a "b"', "c, d"]),
    ],
)
def test_quoted_text_is_read_as_it_stands(path_of, content, texts):
    path = path_of(content)

    assert read_dataset(path, SourceOptions()).table["b"].tolist() == texts
    assert [t for b in read_batches(path, SourceOptions(), 1) for t in b.table["b"]] == texts


def test_quotes_are_plain_characters_if_the_config_says_so(path_of, tmp_path):
    path = path_of(rows(with_quotes(300, 5, 30, 250)))
    options = SourceOptions(quote="none")

    table = read_dataset(path, options).table

    assert len(table) == 300
    assert table["text"][[5, 250]].tolist() == ['"oops', '"oops']
    assert sum(len(batch.table) for batch in read_batches(path, options, 100)) == 300
    sample = take_sample(path, tmp_path / "sample", options, 290)
    assert len(read_dataset(list_files(sample)[0], options).table) == 290


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            'mpg  name  kg\n10.0   "maker model 0"  5\n 11.0 plain  6 \n',
            [[10.0, "maker model 0", 5], [11.0, "plain", 6]],
        ),
        ('mpg "the name" kg\n1 "a ""b"" c" 2\n', [[1, 'a "b" c', 2]]),
        ("mpg name kg\n1 5' 2\n", [[1, "5'", 2]]),
    ],
)
def test_blanks_within_quotes_separate_nothing(path_of, content, expected):
    table = read_dataset(path_of(content), SourceOptions(separator=" ")).table

    assert table.to_numpy(dtype=object).tolist() == expected
