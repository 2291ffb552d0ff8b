"""Numbers that do not look like it: signs, units and marks, read by the form that the config gives for their column."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from refinery.spec.training import ClassModel, ModuleModel
from refinery.training import SourceOptions, load_model_file, predict_file
from refinery.training.data.number_form import NumberForm
from refinery.training.data.read import read_batches, read_dataset
from refinery.training.errors import ColumnNotFoundError, DatasetError

LINEAR = ClassModel("sklearn.linear_model.LinearRegression")
UNREAD = None


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ({}, {"7": 7, "-7": -7, "+7": 7, " 7 ": 7, "7.": 7, ".5": 0.5, "1e5": 100_000, "1.5E-3": 0.0015}),
        ({}, {"\u22127": -7, "\u20137": -7, "\u20147": -7, "- 7": -7, "--7": UNREAD, "7-": UNREAD}),
        ({}, {"\u00a07": 7, "7\u202f": 7, "7\u200b": 7, "\ufeff7": 7, "\u200e-7": -7, "\uff11\uff12": 12}),
        ({}, {"": UNREAD, " ": UNREAD, "x": UNREAD, "-": UNREAD, ".": UNREAD, "1,2": UNREAD, "1 2": UNREAD}),
        ({}, {"0x1F": UNREAD, "1_000": UNREAD, "10\u00b2": UNREAD, "\u00bd": UNREAD, "1/2": UNREAD, "(7)": UNREAD}),
        ({}, {"7": 7, "inf": np.inf, "-Infinity": -np.inf, None: UNREAD}),
        ({"thousands": ","}, {"1,234": 1234, "12,345,678.5": 12345678.5, "-1,000": -1000, "1234": 1234, "150": 150}),
        ({"thousands": ","}, {"12,34,567": 1234567, "1,00,000": 100_000, "1,2": UNREAD, "12,13": UNREAD}),
        ({"thousands": ","}, {"0,123": UNREAD, "1,2345": UNREAD, "1,234,5": UNREAD, ",123": UNREAD, "1,,234": UNREAD}),
        ({"thousands": " "}, {"1 234": 1234, "1\u00a0234": 1234, "1\u202f234 567": 1234567, "1  234": UNREAD}),
        ({"thousands": "'"}, {"1'234": 1234, "1\u2019234.50": 1234.5}),
        ({"thousands": "_"}, {"1_234": 1234}),
        ({"decimal": ","}, {"1,5": 1.5, "-0,25": -0.25, "7": 7, "1.5": UNREAD, "1,234": 1.234}),
        ({"decimal": ",", "thousands": "."}, {"1.234,5": 1234.5, "1.234": 1234, "10.12": UNREAD, "31.01.2026": UNREAD}),
        ({"decimal": ",", "thousands": " "}, {"1\u202f234,5": 1234.5}),
        ({"prefix": "$"}, {"$7": 7, "$ 7": 7, "-$7": -7, "$-7": -7, "$\u22127": -7, "7": 7, "-$-7": UNREAD, "\u20ac7": UNREAD}),
        ({"prefix": ["$", "US$"], "thousands": ","}, {"US$1,234": 1234, "$7": 7}),
        ({"prefix": [">", "<", "~"]}, {">5": 5, "~3": 3, "<1": 1, ">=5": UNREAD}),
        ({"suffix": "%"}, {"12%": 12, "12.5 %": 12.5, "-3%": -3, "12\uff05": 12, "12": 12}),
        ({"suffix": ["EUR", "\u20ac"]}, {"12 EUR": 12, "12\u20ac": 12, "12\u00a0EUR": 12, "12 eur": UNREAD}),
        ({"suffix": "+", "thousands": ","}, {"10,000+": 10_000, "500+": 500}),
        ({"suffix": "% TiO2"}, {"3% TiO2": 3}),
        ({"units": {"k": 1000, "M": 1_000_000}}, {"19M": 19e6, "1.005k": 1005, "8.7 k": 8700, "5": UNREAD, "5K": UNREAD}),
        ({"units": {"none": 1, "k": 1000}}, {"5": 5, "5k": 5000}),
        ({"units": {"%": 0.01}}, {"12%": 0.12, "7 %": 0.07}),
        ({"units": {"kg": 1, "lb": 0.4536, "lbs": 0.4536}}, {"4.5 kg": 4.5, "10 lb": 4.536, "10 lbs": 4.536}),
        ({"units": {"k": 1000}, "suffix": "\u20ac", "prefix": ">"}, {"> 12 k\u20ac": 12_000}),
        ({"negative": "parentheses"}, {"(3)": -3, "( 3.5 )": -3.5, "3": 3, "-3": -3, "(-3)": UNREAD, "-(3)": UNREAD, "(3": UNREAD}),
        ({"negative": "parentheses", "prefix": "$", "thousands": ","}, {"($1,200)": -1200, "$(5)": -5, "$5": 5}),
        ({"negative": "parentheses", "suffix": "%"}, {"(3%)": -3, "(3)%": -3}),
        ({"negative": "trailing"}, {"3-": -3, "3 -": -3, "3": 3, "-3": -3, "-3-": UNREAD, "-": UNREAD}),
    ],
)  # fmt: skip
def test_a_form_reads_its_numbers_and_nothing_else(form, numbers):
    """Each text alone, since one fraction makes the whole column floating point numbers."""
    parsed = {
        text: NumberForm.from_dict(form, decimal=".", thousands=None)
        .parse(pa.array([text], pa.string()))[0]
        .as_py()
        for text in numbers
    }

    assert parsed == numbers


def test_a_column_of_whole_numbers_stays_whole():
    form = NumberForm(thousands=",")

    assert form.parse(pa.array(["1,000", "9,007,199,254,740,993"])).to_pylist() == [1000, 2**53 + 1]
    assert form.parse(pa.array(["1,000.5"])).type == "double"


def test_marks_are_those_of_the_file_unless_the_column_has_its_own():
    forms = [{}, {"suffix": "%"}, {"decimal": "."}, {"thousands": "'"}]
    marks = [NumberForm.from_dict(form, decimal=",", thousands=".") for form in forms]

    assert [(form.decimal, form.thousands) for form in marks] == [
        (",", "."),
        (",", "."),
        (".", None),
        (".", "'"),
    ]


TABLE = pd.DataFrame(
    {
        "price": ["$1,200.50", "-$3", None, "$7"],
        "share": ["12%", "7 %", "0.5%", " "],
        "size": ["19M", "1.5k", "2k", "3M"],
        "note": ["a", "b", "c", "d"],
    }
)
NUMBERS = {
    "price": {"prefix": "$", "thousands": ","},
    "share": {"suffix": "%"},
    "size": {"units": {"k": 1000, "M": 1_000_000}},
}
READ = {"price": [1200.5, -3, None, 7], "share": [12, 7, 0.5, None], "size": [19e6, 1500, 2000, 3e6]}


def write(table, path):
    kind = path.suffixes[0] if path.suffixes else ""
    if not kind:
        path.mkdir()
        for part in range(2):
            table[part * 2 : part * 2 + 2].to_csv(path / f"{part}.csv", index=False)
    elif kind == ".parquet":
        table.to_parquet(path)
    elif kind == ".jsonl":
        path.write_text(table.to_json(orient="records", lines=True))
    else:
        content = table.to_csv(index=False, sep="\t" if kind == ".tsv" else ",").encode()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.parquet", "t.jsonl", "folder"])
def test_the_forms_hold_in_every_format_and_batch_by_batch(tmp_path, name):
    write(TABLE, tmp_path / name)
    options = SourceOptions(numbers=NUMBERS)

    whole = read_dataset(tmp_path / name, options).table
    batches = pd.concat(
        [batch.table for batch in read_batches(tmp_path / name, options, 2)], ignore_index=True
    )

    for table in (whole, batches):
        found = {column: [None if pd.isna(v) else v for v in table[column].tolist()] for column in READ}
        assert found == READ
        assert table["note"].tolist() == ["a", "b", "c", "d"]


def test_numbers_among_the_texts_of_json_count_as_they_stand(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": "1,000", "b": "2k"}\n{"a": 5.5, "b": 3}\n{"a": null, "b": null}\n')
    numbers = {"a": {"thousands": ","}, "b": {"units": {"k": 1000, "none": 1}}}

    table = read_dataset(path, SourceOptions(numbers=numbers)).table

    assert table["a"].tolist()[:2] == [1000, 5.5]
    assert table["b"].tolist()[:2] == [2000, 3]
    assert table.loc[2].isna().all()


@pytest.mark.parametrize(
    ("content", "form", "said"),
    [
        (
            "x\n$1\n$2\n5 USD\n",
            {"prefix": "$"},
            'source.numbers: 1 value is not a number in the form of the column "x": "5 USD" in row 3. ',
        ),
        ("x\n1\na\nb\nc\nd\n", {}, '4 values are not numbers in the form of the column "x": "a" in row 2, "b" in row 3, '),
        ("x\n1k\n950\n", {"units": {"k": 1000}}, '"950" in row 2'),
        ("x\n1k\n950\n", {"units": {"k": 1000}}, "such as none: 1."),
        ("x\n\n1\ntrue\n", {}, '"true" in row 2'),
    ],
)  # fmt: skip
def test_what_is_no_number_of_the_form_is_an_error_with_its_row(tmp_path, content, form, said):
    path = tmp_path / "t.csv"
    path.write_text(content)
    options = SourceOptions(numbers={"x": form}, header=True)

    with pytest.raises(DatasetError) as whole:
        read_dataset(path, options)
    with pytest.raises(DatasetError):
        list(read_batches(path, options, 2))

    assert said in str(whole.value)


@pytest.mark.parametrize(("value", "shown"), [("true", "True"), ('"x"', '"x"'), ("[1]", "[1]")])
def test_values_of_json_that_are_no_numbers_are_errors_too(tmp_path, value, shown):
    path = tmp_path / "t.jsonl"
    path.write_text(f'{{"x": "$1"}}\n{{"x": {value}}}\n')

    with pytest.raises(DatasetError, match="in row 2") as raised:
        read_dataset(path, SourceOptions(numbers={"x": {"prefix": "$"}}))

    assert shown in str(raised.value)


def test_a_batch_counts_the_rows_before_it(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x\n$1\n$2\n$3\n?\n")

    with pytest.raises(DatasetError, match=r'"\?" in row 4'):
        list(read_batches(path, SourceOptions(numbers={"x": {"prefix": "$"}}), 2))


def test_markers_of_missing_values_are_missing(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n$1,1\n?,2\nNA,3\n,4\n")

    table = read_dataset(path, SourceOptions(numbers={"x": {"prefix": "$"}}, null_values=("?",))).table

    assert table["x"].isna().tolist() == [False, True, True, True]


def test_a_form_for_a_column_that_is_not_there(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("price,y\n$1,1\n")

    with pytest.raises(
        ColumnNotFoundError, match=r'source.numbers: .*no column "prize"; did you mean "price"'
    ):
        read_dataset(path, SourceOptions(numbers={"prize": {"prefix": "$"}}))


MARKED = """pair;version;day;phone;flag;count;amount;share;code;gap
1,2;1.0.12;31.01.2026;555.123.4567;true;1.234;1.234,5;0,5;12.34;
12;1.0.1;01.02.2026;555.123.9876;false;12;1;1;1.234;1,5
1,3;1.10.2;02.02.2026;555.321.4567;true;1.000.000;-2.000,25;,5;101.2;
13;1.0.12;03.02.2026;555.321.9876;true;7;1e3;-999;7;-999,0
"""


@pytest.mark.parametrize("rows", [None, 4])
def test_marks_of_the_file_make_numbers_of_whole_columns_in_that_form_only(tmp_path, rows):
    path = tmp_path / "t.csv"
    path.write_text(MARKED)
    options = SourceOptions(
        separator=";",
        decimal=",",
        thousands=".",
        null_values=("-999",),
        dtypes={"pair": "str", "count": "int"},
    )

    table = (
        read_dataset(path, options).table if rows is None else next(read_batches(path, options, rows)).table
    )

    assert table["pair"].tolist() == ["1,2", "12", "1,3", "13"]
    assert table["version"].tolist()[0] == "1.0.12"
    assert table["day"].dtype.kind in "OM"  # text, or the dates that it tells
    assert table["phone"].tolist()[0] == "555.123.4567"
    assert table["code"].tolist() == ["12.34", "1.234", "101.2", "7"]
    assert table["flag"].tolist() == [True, False, True, True]
    assert table["flag"].dtype == "bool"
    assert table["count"].tolist() == [1234, 12, 1_000_000, 7]
    assert table["count"].dtype == "int64"
    assert table["amount"].tolist() == [1234.5, 1, -2000.25, 1000]
    assert table["share"].fillna(0).tolist() == [0.5, 1, 0.5, 0]
    assert table["gap"].fillna(0).tolist() == [0, 1.5, 0, 0]


def test_a_pair_stays_text_in_a_column_of_thousands(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('pair,people\n"1,2","1,200"\n12,"12,345"\n"1,3",150\n')

    table = read_dataset(path, SourceOptions(thousands=",")).table

    assert table["pair"].tolist() == ["1,2", "12", "1,3"]
    assert table["people"].tolist() == [1200, 12345, 150]


@pytest.mark.parametrize(
    ("column", "options", "said"),
    [
        # A point is a decimal mark all over the world, and a group's in a file with decimal commas.
        (["1.5", "2.25"], {"decimal": ","}, 'set source.numbers to {x: {decimal: "."}}'),
        (["1.234", "2.345"], {"decimal": ","}, 'set source.thousands to ".", or, for the other reading of "1.234"'),
        (["1.234", "2.345"], {"decimal": ","}, 'source.numbers to {x: {decimal: "."}}'),
        (["1,234", "12,345"], {"separator": ";"}, 'set source.decimal to ",", or, for the other reading of "1,234"'),
        (["1,234", "12,345"], {"separator": "|"}, 'set source.thousands to ",", or, for the other reading of "1,234"'),
        (["1,234", "12,345"], {"separator": "|"}, 'which may be 1234 or 1.234, source.numbers to {x: {decimal: ","}}'),
        ([f"{i}.25" for i in range(40)] + ["1,234.5"], {"separator": "|"}, 'set source.thousands to ",", or, if it is text'),
        (["12,345", "1,2", "17,000"] * 9, {"thousands": ",", "separator": ";"}, 'among them "1,2": set source.dtypes'),
        (["3 kg", "4 lb"], {}, 'numbers in several units ("kg", "lb")'),
        (["3 kg", "4 lb"], {}, "set source.numbers to {x: {units: {kg: FACTOR, lb: FACTOR}}}"),
        (["1", "2", "2A"], {}, 'or correct "2A", which may be values, in the dataset'),
        ([f"{i}.5x" for i in range(9)], {}, "set source.numbers to {x: {suffix: x}}"),
        (["'1", "'2.5"], {}, """set source.numbers to {x: {prefix: "'"}}"""),
        (["'1'", "'2.5'"], {}, """set source.numbers to {x: {prefix: "'", suffix: "'"}}"""),
        (["$1", "n/k"], {}, 'set source.numbers to {x: {prefix: "$"}}, and source.null_values to ["n/k"]'),
    ],
)  # fmt: skip
def test_an_error_names_each_reading_with_the_option_to_write(tmp_path, train_petrol, column, options, said):
    separator = options.get("separator", ",")
    path = tmp_path / "t.csv"
    path.write_text(
        "".join(f"{text}{separator}{number}\n" for number, text in enumerate(["x", *column * 3])).replace(
            "0\n", "y\n", 1
        )
    )

    with pytest.raises(DatasetError) as raised:
        train_petrol(dataset=path, model=LINEAR, source=SourceOptions(**options))

    assert said in str(raised.value)


@pytest.mark.parametrize("batch_rows", [None, 10])
def test_numbers_as_text_of_json_lines_are_refused_as_those_of_csv(tmp_path, train_petrol, batch_rows):
    path = tmp_path / "t.jsonl"
    path.write_text("".join(f'{{"x": "{i + 1},000", "y": {i}}}\n' for i in range(30)))

    with pytest.raises(DatasetError, match=r"set source.numbers to {x: {thousands: \",\"}}"):
        train_petrol(
            dataset=path, model=ClassModel("sklearn.linear_model.SGDRegressor"), batch_rows=batch_rows
        )


@pytest.mark.parametrize("batch_rows", [None, 20])
@pytest.mark.parametrize(
    ("texts", "options", "warned"),
    [
        ([f"{i}.50" for i in range(5)], {}, True),
        ([f"-{i}" for i in range(40)], {}, True),
        ([str(i) for i in range(10_000, 10_040)], {}, False),
        ([f"{i:03}" for i in range(40)], {}, False),
        (["1", "2", "10"], {}, False),
        (["1.5", "1.5a"], {}, False),
        (["1.5", "2.5"], {"dtypes": {"code": "str"}}, False),
        (["1.5", "2.5"], {"numbers": {"code": {}}}, False),
    ],
)
def test_numbers_that_a_typed_file_holds_as_text_are_text_with_a_warning(  # noqa: PLR0917
    tmp_path, train_petrol, texts, options, warned, batch_rows
):
    rows = pd.DataFrame({"code": texts * 20, "x": range(20 * len(texts)), "y": range(20 * len(texts))})
    rows.to_parquet(tmp_path / "t.parquet")
    (tmp_path / "of_x.py").write_text(
        "from sklearn.linear_model import SGDRegressor\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import FunctionTransformer\n"
        "def x(rows):\n    return rows[['x']] / 1e6\n"
        "def build_model():\n    return make_pipeline(FunctionTransformer(x), SGDRegressor())\n"
    )

    result = train_petrol(
        dataset=tmp_path / "t.parquet",
        model=ModuleModel("of_x"),
        models_dir=tmp_path,
        source=SourceOptions(**options),
        batch_rows=batch_rows,
    )

    said = [warning for warning in result.manifest["warnings"] if "set source.numbers: {code: {}}" in warning]
    assert bool(said) == warned


def shops(rows):
    sizes = np.arange(rows) % 37
    return pd.DataFrame(
        {
            "size": [f"{size}.5k" for size in sizes],
            "profit": [f"({2 * s})" if s % 2 else f"{2 * s}" for s in sizes],
        }
    )


SHOP_NUMBERS = {"size": {"units": {"k": 1000}}, "profit": {"negative": "parentheses"}}


@pytest.mark.parametrize("batch_rows", [None, 20])
def test_a_training_gates_and_the_contract_see_numbers(train_table, batch_rows):
    options = {"source": SourceOptions(numbers=SHOP_NUMBERS), "target": "profit"}
    model = LINEAR if batch_rows is None else ClassModel("sklearn.dummy.DummyRegressor")
    if batch_rows:
        model = ClassModel("sklearn.linear_model.SGDRegressor")
        options["params"] = {"learning_rate": "constant", "eta0": 1e-12}
    text = shops(100).to_csv(index=False)
    expect = {"columns": {"size": {"type": "number", "min": 500}, "profit": {"type": "number", "min": -100}}}

    result = train_table(
        text, model=model, batch_rows=batch_rows, expect=expect, require={"mae": {"max": 1000}}, **options
    )

    assert result.manifest["data"]["features"][0]["dtype"] == "float64"
    assert result.manifest["data"]["target"]["dtype"] == "int64"
    assert result.manifest["source"]["numbers"] == SHOP_NUMBERS
    assert result.held_out.features["size"].min() >= 500
    with pytest.raises(DatasetError, match="above"):
        train_table(
            text, model=model, batch_rows=batch_rows, expect={"columns": {"size": {"max": 1000}}}, **options
        )


def test_a_prediction_reads_its_file_by_the_same_forms(train_table, tmp_path):
    table = shops(100).assign(y=lambda t: t["size"].str.removesuffix("k").astype(float))
    options = SourceOptions(numbers=SHOP_NUMBERS)
    train_table(table.to_csv(index=False), model=LINEAR, source=options, features=("size",), target="profit")
    train_table(table.to_csv(index=False), model=LINEAR, source=options, features=("size",), target="y")
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    model = load_model_file(tmp_path / "model" / "model.pkl", manifest["files"]["model.pkl"]["sha256"])
    (tmp_path / "new.csv").write_text("size\n2k\n\u22121.5k\n")

    assert predict_file(model, manifest, tmp_path / "new.csv")["prediction"].tolist() == pytest.approx(
        [2, -1.5]
    )

    (tmp_path / "new.csv").write_text("size\n2k\n2 kg\n")
    with pytest.raises(DatasetError, match='"2 kg" in row 2'):
        predict_file(model, manifest, tmp_path / "new.csv")
