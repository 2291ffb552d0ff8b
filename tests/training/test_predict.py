"""A trained model used on new rows."""

from __future__ import annotations

import gzip
import json
from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow.parquet import read_table, write_table

from refinery.spec.training import ClassModel, ModuleModel
from refinery.training import SourceOptions, load_model_file, predict_file
from refinery.training.data.raw_rows import read_raw_rows
from refinery.training.errors import ColumnNotFoundError, DatasetError, FitError, TrainingError
from refinery.training.predict import predict_rows


@pytest.fixture
def trained(train_petrol, tmp_path):
    manifest = train_petrol().manifest
    model = load_model_file(tmp_path / "model" / "model.pkl", manifest["files"]["model.pkl"]["sha256"])
    return model, manifest


def test_rows_are_predicted_whatever_the_order_of_their_columns(trained, petrol, tmp_path):
    model, manifest = trained
    table = pd.read_csv(petrol).drop(columns="Petrol_Consumption")
    table[sorted(table.columns)].assign(id=7).to_csv(tmp_path / "new.csv", index=False)

    predicted = predict_file(model, manifest, tmp_path / "new.csv")

    assert predicted["prediction"].tolist() == model.predict(table).tolist()
    assert predicted.columns[-2:].tolist() == ["id", "prediction"]


def test_a_file_is_read_with_the_options_of_the_training(train_petrol, tmp_path):
    options = SourceOptions(
        separator=";", decimal=",", columns=("x", "zip", "y"), dtypes={"y": "float"}, drop=("zip",)
    )
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("id;x;zip;y\n" + "".join(f"{i};{i},5;A{i};{i}\n" for i in range(20)))
    new.write_text("x\n1,5\n3,5\n")
    result = train_petrol(
        dataset=old, model=ClassModel("sklearn.linear_model.LinearRegression"), source=options
    )
    model = load_model_file(tmp_path / "model" / "model.pkl", result.manifest["files"]["model.pkl"]["sha256"])

    predicted = predict_file(model, json.loads((tmp_path / "model" / "manifest.json").read_text()), new)

    assert predicted["prediction"].tolist() == pytest.approx([1, 3])


def test_missing_columns_are_named(trained, petrol, tmp_path):
    table = pd.read_csv(petrol).rename(columns={"Average_income": "average_income"})
    table.to_csv(tmp_path / "new.csv", index=False)

    with pytest.raises(
        ColumnNotFoundError, match=r'no column "Average_income"; did you mean "average_income"\?'
    ):
        predict_file(*trained, tmp_path / "new.csv")


def test_all_missing_columns_are_named_together(trained, petrol, tmp_path):
    table = pd.read_csv(petrol)
    table[["Petrol_tax", "Paved_Highways"]].to_csv(tmp_path / "new.csv", index=False)

    with pytest.raises(ColumnNotFoundError, match='no columns "Average_income", "Population_Driver_licence'):
        predict_file(*trained, tmp_path / "new.csv")


def test_text_where_numbers_were_learned_is_one_sentence_a_column(trained, petrol, tmp_path):
    table = pd.read_csv(petrol).astype({"Average_income": str, "Petrol_tax": str})
    table.loc[3, "Average_income"] = "much"
    table.loc[[0, 7], "Petrol_tax"] = "9 cents"
    table.to_csv(tmp_path / "new.csv", index=False)

    with pytest.raises(DatasetError) as error:
        predict_file(*trained, tmp_path / "new.csv")
    assert str(error.value) == (
        'new.csv: the column "Petrol_tax" was numbers in training and holds the text "9 cents" in row 1; '
        'the column "Average_income" was numbers in training and holds the text "much" in row 4'
    )


def test_text_where_truth_values_were_learned_is_named_too(train_petrol, tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("paid,x,y\n" + "".join(f"{n % 2 == 0},{n},{n}\n" for n in range(40)))
    new.write_text("paid,x\nTrue,1\nmaybe,2\n")
    result = train_petrol(dataset=old, model=ClassModel("sklearn.tree.DecisionTreeRegressor"))
    with pytest.raises(
        DatasetError,
        match='"paid" was true or false in training and holds the text "maybe" in row 2',
    ):
        predict_file(result.model, result.manifest, new)


@pytest.fixture
def flowers(train_petrol, tmp_path):
    """A classifier of text classes from one number, and its manifest."""
    old = tmp_path / "old.csv"
    old.write_text("x;kind\n" + "".join(f"{n},5;{'late' if n > 20 else 'early'}\n" for n in range(40)))
    result = train_petrol(
        dataset=old,
        model=ClassModel("sklearn.linear_model.LogisticRegression"),
        source=SourceOptions(separator=";", decimal=","),
    )
    return result.model, result.manifest


_ROWS = (
    'id;note;x;"share; %"\r\n'
    '007;"a ""quoted"" text; of\r\ntwo lines";1,50;1.234,5\r\n'
    "\r\n"
    "0x1F;N/A;39,0;?\r\n"
    " 12 ;;2e0;caf\u00e9"
)
_ANSWER = (
    'id;note;x;"share; %";prediction\r\n'
    '007;"a ""quoted"" text; of\r\ntwo lines";1,50;1.234,5;early\r\n'
    "\r\n"
    "0x1F;N/A;39,0;?;late\r\n"
    " 12 ;;2e0;caf\u00e9;early"
)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_comes_back_as_it_stood_with_its_predictions(flowers, tmp_path, mark):
    new, out = tmp_path / "new.csv", tmp_path / "out.csv"
    new.write_bytes(mark + _ROWS.encode())

    predicted = predict_rows(*flowers, new)
    predicted.write(out)

    assert out.read_bytes() == mark + _ANSWER.encode()
    assert "".join(predicted.lines()) == _ANSWER
    assert predicted.table["id"].tolist() == ["007", "0x1F", " 12 "]
    assert predicted.table["share; %"].tolist() == ["1.234,5", "?", "caf\u00e9"]
    assert list(predicted.table.columns) == ["id", "note", "x", "share; %", "prediction"]


def test_each_class_has_its_probability(flowers, tmp_path):
    (tmp_path / "new.csv").write_text("x\n1,5\n39\n")
    predicted = predict_rows(*flowers, tmp_path / "new.csv", probabilities=True)

    table = predicted.table
    assert list(table.columns) == ["x", "prediction", "probability_early", "probability_late"]
    assert (table["probability_early"] + table["probability_late"]).tolist() == pytest.approx([1, 1])
    assert (table["probability_late"] > 0.5).tolist() == [False, True]
    # Written with the file's decimal sign, so that the reader of the file reads it.
    header, first, _ = "".join(predicted.lines()).splitlines()
    assert header == "x;prediction;probability_early;probability_late"
    assert first.startswith("1,5;early;0,9")


def test_a_model_without_probabilities_is_named(trained, petrol):
    with pytest.raises(FitError, match=r"Pipeline failed to predict_proba: it gives no probabilities"):
        predict_file(*trained, petrol, probabilities=True)


@pytest.mark.parametrize("name", ["prediction", "probability_late"])
def test_a_column_that_is_there_already_is_refused(flowers, tmp_path, name):
    (tmp_path / "new.csv").write_text(f"x;{name}\n1,5;a\n")
    with pytest.raises(DatasetError, match=f'it has a column "{name}" already'):
        predict_file(*flowers, tmp_path / "new.csv", probabilities=True)


def _numbers(train_petrol, tmp_path, **source):
    old = tmp_path / "old.csv"
    options = SourceOptions(**source)
    comma = options.separator or ","
    old.write_text(f"x{comma}y\n" + "".join(f"{n}{comma}{2 * n}\n" for n in range(40)))
    model = ClassModel("sklearn.linear_model.LinearRegression")
    result = train_petrol(dataset=old, model=model, source=options)
    return result.model, result.manifest


def test_json_lines_come_back_as_they_stood(train_petrol, tmp_path):
    new, out = tmp_path / "new.jsonl", tmp_path / "out.jsonl"
    new.write_text('{"id": "007", "x": 1.50, "n": 9007199254740993, "l": [1]}\n\n{"x":3, "id": null }\n')
    predicted = predict_rows(*_numbers(train_petrol, tmp_path), new)
    predicted.write(out)

    first, second = out.read_text().splitlines()
    assert first.startswith('{"id": "007", "x": 1.50, "n": 9007199254740993, "l": [1], "prediction": ')
    assert second.startswith('{"x":3, "id": null, "prediction": ')
    assert predicted.table["id"].tolist() == ["007", None]


def test_parquet_comes_back_with_its_types(train_petrol, tmp_path):
    new, out = tmp_path / "new.parquet", tmp_path / "out.parquet"
    rows = pa.table(
        {
            "id": pa.array([2**53 + 1, None], pa.int64()),
            "x": pa.array([1, 3], pa.int8()),
            "code": ["007", "N/A"],
            "price": pa.array([Decimal("1.50"), None]),
        }
    )
    write_table(rows, new)
    predicted = predict_rows(*_numbers(train_petrol, tmp_path), new)
    predicted.write(out)

    written = read_table(out)
    assert written.drop_columns(["prediction"]).equals(rows)
    assert written["prediction"].to_pylist() == pytest.approx([2, 6])
    assert predicted.table["id"].tolist() == [2**53 + 1, None]


@pytest.mark.parametrize(
    ("name", "content", "source"),
    [
        ("new.tsv", "x\tid\n1\t007\n3\t\n", {}),
        ("new.csv.gz", "x,id\n1,007\n3,\n", {}),
        ("new.txt", "x,id\n1,007,\n3,8,\n", {}),
        ("new.csv", 'x,id\n1,"0"07\n3,5"\n', {"quote": "none"}),
        ("new.csv", " x   id\n 1  007\n 3    8\n", {"separator": " "}),
        ("new.csv", "\nx,id\n1,007\n\n3,NA\n\n", {}),
    ],
)
def test_other_layouts_come_back_as_they_stood(train_petrol, tmp_path, name, content, source):
    new, out = tmp_path / name, tmp_path / f"out.{name}"
    packed = name.endswith("gz")
    new.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    predicted = predict_rows(*_numbers(train_petrol, tmp_path, **source), new)
    predicted.write(out)

    written = (gzip.decompress(out.read_bytes()) if packed else out.read_bytes()).decode()
    again = read_raw_rows(out, SourceOptions(**source)).table(())
    assert again["prediction"].astype(float).tolist() == pytest.approx([2, 6])
    assert again["id"].tolist() == predicted.table["id"].tolist()
    assert [line.strip().startswith(("1", "3")) for line in written.splitlines() if line.strip()][1:] == [
        True,
        True,
    ]


def test_a_file_without_a_header_comes_back_without_one(train_petrol, tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("".join(f"{n},{2 * n}\n" for n in range(40)))
    model = ClassModel("sklearn.linear_model.LinearRegression")
    result = train_petrol(dataset=old, model=model, source=SourceOptions(header=False))
    new.write_text("01,0\n03,0\n")
    predicted = predict_rows(result.model, result.manifest, new)

    assert [line[:5] for line in predicted.lines()] == ["01,0,", "03,0,"]
    assert list(predicted.table.columns) == ["0", "1", "prediction"]


def test_another_suffix_asks_for_another_format(flowers, tmp_path):
    (tmp_path / "new.csv").write_text("id;x\n007;1,5\n")
    predict_rows(*flowers, tmp_path / "new.csv").write(tmp_path / "out.parquet")
    assert read_table(tmp_path / "out.parquet").to_pylist() == [
        {"id": "007", "x": "1,5", "prediction": "early"}
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("out.xlsx", 'ends with ".xlsx" promises what is not written; write .csv, .tsv, .jsonl or .parquet'),
        ("out.json", 'ends with ".json" promises'),
        ("out.csv.zip", "zip files are not written; write .gz, .zst, .bz2 or .xz"),
        ("out.parquet.gz", r"Parquet is compressed in itself; leave out the \.gz"),
    ],
)
def test_a_name_that_promises_what_is_not_written_is_refused(flowers, tmp_path, name, reason):
    (tmp_path / "new.csv").write_text("id;x\n007;1,5\n")
    with pytest.raises(TrainingError, match=reason):
        predict_rows(*flowers, tmp_path / "new.csv").write(tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("suffix", ["gz", "zst", "bz2", "xz"])
def test_a_suffix_of_a_compression_compresses(flowers, tmp_path, suffix):
    (tmp_path / "new.csv").write_text("id;x\n007;1,5\n")
    out = tmp_path / f"out.csv.{suffix}"
    predict_rows(*flowers, tmp_path / "new.csv").write(out)
    assert pd.read_csv(out, sep=";", dtype="str").to_dict("records") == [
        {"id": "007", "x": "1,5", "prediction": "early"}
    ]


def test_json_lines_of_another_format_keep_every_digit_and_kind(train_petrol, tmp_path):
    new, out = tmp_path / "new.parquet", tmp_path / "out.jsonl"
    row = {
        "x": 1,
        "id": 2**53 + 1,
        "price": Decimal("1.10"),
        "day": date(2026, 1, 31),
        "raw": b"\xff",
        "list": [1, None],
    }
    write_table(pa.Table.from_pylist([row, {"x": 3}]), new)
    predicted = predict_rows(*_numbers(train_petrol, tmp_path), new)
    predicted.write(out)
    first, second = map(json.loads, out.read_text().splitlines())
    exact = predicted.predictions["prediction"].tolist()
    assert first == {
        "x": 1,
        "id": 2**53 + 1,
        "price": "1.10",
        "day": "2026-01-31",
        "raw": "\\xff",
        "list": [1, None],
        "prediction": exact[0],
    }
    assert second == dict.fromkeys(row) | {"x": 3, "prediction": exact[1]}


def test_a_prediction_that_the_encoding_of_the_rows_lacks_is_refused(train_petrol, tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("x,y\n" + "".join(f"{n},{'早' if n < 20 else '晚'}\n" for n in range(40)))
    result = train_petrol(dataset=old, model=ClassModel("sklearn.linear_model.LogisticRegression"))
    manifest = result.manifest | {"source": result.manifest["source"] | {"encoding": "cp1252"}}
    new.write_bytes("x,n\n1,é\n".encode("cp1252"))
    with pytest.raises(
        TrainingError,
        match='"早" of a prediction cannot be written in the encoding of the rows',
    ):
        predict_rows(result.model, manifest, new).write(tmp_path / "out.csv")


def test_a_quote_is_a_letter_where_nothing_quotes(train_petrol, tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("x,y\n" + "".join(f'{n},{"ab"[n // 20]}"\n' for n in range(40)))
    model = ClassModel("sklearn.linear_model.LogisticRegression")
    result = train_petrol(dataset=old, model=model, source=SourceOptions(quote="none"))
    new.write_text("x\n1\n")
    assert list(predict_rows(result.model, result.manifest, new).lines()) == ["x,prediction\n", '1,a"\n']


def test_a_cell_may_have_any_length(train_petrol, tmp_path):
    (tmp_path / "new.csv").write_text(f"x,a\n1,{'a' * 200_000}\n")
    (row,) = predict_file(*_numbers(train_petrol, tmp_path), tmp_path / "new.csv").to_dict("records")
    assert len(row["a"]) == 200_000


def test_truth_values_where_numbers_were_learned_are_refused(train_petrol, tmp_path):
    (tmp_path / "new.csv").write_text("x\ntrue\nfalse\n")
    with pytest.raises(DatasetError, match='the column "x" was numbers in training and holds true and false'):
        predict_file(*_numbers(train_petrol, tmp_path), tmp_path / "new.csv")


def test_what_the_model_does_not_need_may_be_anything(train_petrol, tmp_path):
    """Columns that no model could learn from are only carried along."""
    (tmp_path / "new.csv").write_text("x,y,a\n1,n/a,1\n3,2.5 EUR,x\n")
    predicted = predict_file(*_numbers(train_petrol, tmp_path), tmp_path / "new.csv")
    assert predicted["y"].tolist() == ["n/a", "2.5 EUR"]
    assert predicted["prediction"].tolist() == pytest.approx([2, 6])


def test_a_scripts_model_takes_the_columns_that_it_was_fitted_with(train_petrol, sample_data, tmp_path):
    wine = sample_data / "datasets" / "wine_cultivar.csv"
    manifest = train_petrol(dataset=wine, model=ModuleModel("wine_classifier")).manifest
    model = load_model_file(tmp_path / "model" / "model.pkl", manifest["files"]["model.pkl"]["sha256"])

    predicted = predict_file(model, manifest, wine)

    assert (predicted["prediction"].astype(str) == predicted["cultivar"]).mean() > 0.95
