"""Each column's type is decided once, at reading: text stays text, numbers stay numbers, missing means missing."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from refinery.spec.training import ClassModel, ModuleModel
from refinery.training import SourceOptions, predict_file
from refinery.training.data.read import read_batches, read_dataset
from refinery.training.errors import DatasetError

RIDGE = "sklearn.linear_model.Ridge"
TREE = "sklearn.tree.DecisionTreeRegressor"
FOREST = "sklearn.ensemble.ExtraTreesRegressor"
BOOSTING = "sklearn.ensemble.HistGradientBoostingRegressor"
# Texts that parsers take for one another, for numbers, for dates or for nothing, with the target of their rows.
LOOKALIKES = {
    "digits": {"01234": 100.0, "1234": -100.0, "07000": 50.0, "7e3": -50.0},
    "null words": {"NA": 100.0, "None": -100.0, "null": 50.0, "?": -50.0, "N/A": 20.0},
    "dates": {"01/02/2026": 100.0, "2026-02-01": -100.0, "2026-02-01 00:00": 50.0},
    "booleans": {"True": 100.0, "true": -100.0, "1": 50.0},
    "blanks": {"a": 100.0, "a ": -100.0, " ": 50.0, "b": 0.0},
}


def of_texts(targets, rows=400):
    random = np.random.default_rng(1)
    texts = random.choice(list(targets), rows)
    table = pd.DataFrame({"text": texts, "x": random.normal(size=rows)})
    return table.assign(y=[targets[text] for text in texts] + table["x"])


def as_csv(table):
    return table.to_csv(index=False).encode()


def as_json_lines(table):
    return table.to_json(orient="records", lines=True).encode()


def as_parquet(table):
    return table.to_parquet()


def arrow_file(**columns):
    file = io.BytesIO()
    pa.parquet.write_table(pa.table(columns), file)
    return file.getvalue()


@pytest.fixture
def read(tmp_path):
    def read(name, content, **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_dataset(path, SourceOptions(**options)).table

    return read


@pytest.fixture
def learn(tmp_path, train_petrol):
    def learn(name, content, *, model=RIDGE, source=None, **fields):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        options = SourceOptions(**source or {})
        return train_petrol(
            dataset=path, model=ClassModel(model), source=options, **{"preprocess": "auto"} | fields
        )

    return learn


class TestTextStaysText:
    @pytest.mark.parametrize(("name", "write"), [("t.parquet", as_parquet), ("t.jsonl", as_json_lines)])
    @pytest.mark.parametrize("kind", LOOKALIKES)
    def test_text_of_typed_files_is_learned_as_it_stands(self, learn, name, write, kind):
        # Text that may be dates has to be declared, in files of any format.
        source = {"dtypes": {"text": "str"}} if kind == "dates" else None

        assert learn(name, write(of_texts(LOOKALIKES[kind])), source=source).metrics["r2"] > 0.99

    @pytest.mark.parametrize("kind", ["digits", "dates", "booleans"])
    def test_declared_text_of_a_csv_is_learned_as_it_stands(self, learn, kind):
        content = as_csv(of_texts(LOOKALIKES[kind]))

        assert learn("t.csv", content, source={"dtypes": {"text": "str"}}).metrics["r2"] > 0.99

    @pytest.mark.parametrize(
        ("model", "params"), [(FOREST, {"n_estimators": 5}), (BOOSTING, {"max_iter": 50})]
    )
    def test_it_is_learned_so_by_every_kind_of_estimator(self, learn, model, params):
        content = as_parquet(of_texts(LOOKALIKES["digits"]))

        result = learn("t.parquet", content, model=model, params=params | {"random_state": 0})

        assert result.metrics["r2"] > 0.99

    def test_a_prediction_tells_texts_apart_as_the_training_did(self, learn, tmp_path):
        content = as_csv(of_texts(LOOKALIKES["digits"]))
        result = learn("t.csv", content, source={"dtypes": {"text": "str"}})
        (tmp_path / "new.csv").write_text("text,x\n01234,0\n1234,0\n")

        predicted = predict_file(result.model, result.manifest, tmp_path / "new.csv")

        assert predicted["text"].tolist() == ["01234", "1234"]
        assert predicted["prediction"].round(-1).tolist() == [100, -100]

    @pytest.mark.parametrize("words", [["NA", "None"], ["None", "NA"]])
    def test_a_csv_for_a_model_of_typed_files_holds_words_as_they_stand(self, learn, tmp_path, words):
        result = learn("t.parquet", as_parquet(of_texts(LOOKALIKES["null words"])))
        (tmp_path / "new.csv").write_text("text,x\n" + "".join(f"{word},0\n" for word in words))

        predicted = predict_file(result.model, result.manifest, tmp_path / "new.csv")

        assert predicted["prediction"].round(-1).tolist() == [
            LOOKALIKES["null words"][word] for word in words
        ]

    def test_the_card_sees_no_gaps_where_there_are_words(self, learn):
        seen = []
        content = as_parquet(of_texts(LOOKALIKES["null words"]))

        learn("t.parquet", content, write_extras=lambda folder, trained: seen.append(trained.profile))

        assert {column.name: column.nulls for column in seen[0].columns}["text"] == 0


class TestPlainTypes:
    @pytest.mark.parametrize(
        ("written", "values", "plain"),
        [
            ("boolean", [True, False], "bool"),
            ("bool[pyarrow]", [True, False], "bool"),
            ("boolean", [True, None], "boolean"),
            ("bool[pyarrow]", [True, None], "boolean"),
            ("object", [True, None], "boolean"),
            ("Int64", [1, 2], "int64"),
            ("Int16", [1, 2], "int16"),
            ("UInt8", [1, 2], "uint8"),
            ("int64[pyarrow]", [1, 2], "int64"),
            ("Int64", [1, None], "float64"),
            ("int32[pyarrow]", [1, None], "float64"),
            ("Int64", [2**60 + 1, None], "Int64"),
            ("int64[pyarrow]", [2**60 + 1, None], "Int64"),
            ("uint64[pyarrow]", [2**64 - 1, None], "UInt64"),
            ("Float64", [1.5, None], "float64"),
            ("Float32", [1.5, None], "float32"),
            ("double[pyarrow]", [1.5, None], "float64"),
            ("string", ["a", None], "str"),
            ("string[pyarrow]", ["a", None], "str"),
            ("timestamp[ns][pyarrow]", [pd.Timestamp("2026-01-31"), None], "datetime64[ns]"),
            ("date32[pyarrow]", [pd.Timestamp("2026-01-31").date(), None], "datetime64"),
            ("category", ["a", None], "category"),
        ],
    )
    def test_nullable_and_arrow_types_become_plain_ones(self, read, written, values, plain):
        column = pd.Series(values, dtype=written)

        found = read("t.parquet", pd.DataFrame({"a": column}).to_parquet())["a"]

        assert str(found.dtype).startswith(plain)
        assert found.dropna().tolist() == [
            pd.Timestamp(v) if written.startswith("date") else v for v in column.dropna()
        ]
        assert found.isna().tolist() == column.isna().tolist()

    @pytest.mark.parametrize(
        "written", ["bool", "boolean", "bool[pyarrow]", "Int64", "string[pyarrow]", "category"]
    )
    def test_a_target_of_any_type_is_learned_the_same(self, learn, written):
        x = np.random.default_rng(0).normal(size=200)
        values = pd.Series(x > 0, dtype="bool")
        target = values.astype("str" if written in ("string[pyarrow]", "category") else "bool").astype(
            written
        )

        result = learn(
            "t.parquet",
            pd.DataFrame({"x": x, "y": target}).to_parquet(),
            model="sklearn.linear_model.LogisticRegression",
        )

        assert result.metrics == {"accuracy": 1.0, "f1": 1.0, "roc_auc": 1.0}

    @pytest.mark.parametrize(
        ("written", "classes"),
        [("boolean", [False, True]), ("Int64", [0, 1]), ("string[pyarrow]", ["False", "True"])],
    )
    def test_its_positive_class_and_predictions_are_plain_values(self, learn, tmp_path, written, classes):
        x = np.random.default_rng(0).normal(size=60)
        target = pd.Series(np.where(x > 0, *reversed(classes))).astype(written)
        content = pd.DataFrame({"x": x, "y": target}).to_parquet()

        result = learn(
            "t.parquet",
            content,
            model="sklearn.linear_model.LogisticRegression",
            positive_class=classes[0],
        )

        assert result.manifest["evaluation"]["positive_class"] == classes[0]
        predicted = predict_file(result.model, result.manifest, tmp_path / "t.parquet")["prediction"]
        assert sorted(set(predicted.tolist())) == classes

    @pytest.mark.parametrize("model", [RIDGE, TREE])
    @pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
    def test_features_of_nullable_types_are_learned_like_plain_ones(self, learn, model, backend):
        random = np.random.default_rng(0)
        table = pd.DataFrame(
            {
                "number": random.normal(size=200),
                "whole": random.integers(0, 9, 200),
                "flag": random.random(200) < 0.5,
                "text": random.choice(["a", "b"], 200),
            }
        )
        table["y"] = table["number"] + table["whole"] + table["flag"]
        table["flag"] = table["flag"].astype("boolean")
        table.loc[::7, ["number", "whole", "flag"]] = pd.NA
        nullable = table.convert_dtypes(dtype_backend=backend)

        plain, found = (learn("t.parquet", data.to_parquet(), model=model) for data in (table, nullable))

        assert found.metrics == plain.metrics

    def test_periods_are_their_first_moments(self, read):
        months = pd.Series(pd.period_range("2026-01", periods=2, freq="M"))

        when = read("t.parquet", pd.DataFrame({"when": months}).to_parquet())["when"]

        assert when.dtype.kind == "M"
        assert when.dt.strftime("%Y-%m-%d").tolist() == ["2026-01-01", "2026-02-01"]


BIG = 1577134800018164900
IDS = [None, BIG + 1, BIG + 2, BIG + 3]


def id_files(ids):
    rows = [(number, x, 2 * x) for x, number in enumerate(ids)]
    yield "t.csv", "id,x,y\n" + "".join(f"{'' if i is None else i},{x},{y}\n" for i, x, y in rows)
    yield "t.tsv", "id\tx\ty\n" + "".join(f"{'' if i is None else i}\t{x}\t{y}\n" for i, x, y in rows)
    yield (
        "t.jsonl",
        "".join(json.dumps(dict(zip("ixy", row, strict=True))) + "\n" for row in rows).replace('"i"', '"id"'),
    )
    yield (
        "t.parquet",
        arrow_file(
            id=pa.array(ids, pa.uint64() if (max(i or 0 for i in ids) > 2**63) else pa.int64()),
            x=range(len(ids)),
            y=[2 * x for x in range(len(ids))],
        ),
    )


class TestLargeWholeNumbers:
    @pytest.mark.parametrize(
        "ids", [IDS, IDS[1:], [None, -BIG, -BIG - 1, 5], [2**64 - 1, None, 2**64 - 2, 2**63]]
    )
    def test_they_keep_their_digits(self, read, ids):
        for name, content in id_files(ids):
            found = read(name, content)["id"]

            assert [None if value is pd.NA else value for value in found.tolist()] == ids, name

    def test_their_contract_of_unique_values_holds(self, learn):
        for name, content in id_files(IDS + [BIG + n for n in range(4, 40)]):
            learn(name, content, features=("x",), expect={"columns": {"id": {"unique": True}}})

    def test_a_repeated_one_is_reported_with_all_digits(self, learn):
        for name, content in id_files([*IDS, BIG + 3]):
            with pytest.raises(DatasetError, match=f"2 values are in more than one row: {BIG + 3}"):
                learn(name, content, expect={"columns": {"id": {"unique": True}}})

    def test_their_bounds_and_nulls_are_reported_with_all_digits(self, learn):
        rules = {"type": "integer", "max": BIG + 2, "nulls": 0}

        for name, content in id_files(IDS * 10):
            with pytest.raises(DatasetError) as raised:
                learn(name, content, expect={"columns": {"id": rules}})

            assert f"10 values are above {BIG + 2}: {BIG + 3} (row 4)" in str(raised.value)
            assert "id.nulls: 10 rows have no value" in str(raised.value)

    def test_they_are_classes_of_a_target(self, learn, tmp_path):
        content = "x,y\n" + "".join(f"{x % 2},{BIG + x % 2}\n" for x in range(60))

        result = learn("t.csv", content, model="sklearn.tree.DecisionTreeClassifier")

        predicted = predict_file(result.model, result.manifest, tmp_path / "t.csv")["prediction"]
        assert predicted.tolist()[:2] == [BIG, BIG + 1]

    def test_they_are_in_the_predictions_as_written(self, learn, tmp_path):
        for name, content in id_files(IDS + [BIG + n for n in range(4, 40)]):
            result = learn(name, content, features=("x",))

            predicted = predict_file(result.model, result.manifest, tmp_path / name)

            assert predicted["id"].astype(str).tolist()[1:3] == [str(BIG + 1), str(BIG + 2)]

    def test_features_that_a_model_would_take_for_one_another_are_refused_by_name(self, learn):
        for name, content in id_files(IDS + [BIG + n for n in range(4, 40)]):
            with pytest.raises(DatasetError, match=r'the column "id" holds 39 whole numbers beyond 2\*\*53'):
                learn(name, content)

    def test_they_are_kept_in_several_files_with_and_without_gaps(self, tmp_path):
        for number, ids in enumerate(([BIG + 1, BIG + 2], [None, None], [None, BIG + 3], [5, None])):
            (tmp_path / f"{number}.csv").write_text("id,x\n" + "".join(f"{i or ''},1\n" for i in ids))

        found = read_dataset(tmp_path, SourceOptions()).table["id"]

        assert found.dropna().tolist() == [BIG + 1, BIG + 2, BIG + 3, 5]

    def test_more_digits_than_any_type_holds_name_the_option(self, learn):
        content = "x,y\n" + "".join(f"{10**25 + x},{x}\n" for x in range(20))

        with pytest.raises(DatasetError, match=r"more than 64 bits; set source.dtypes to \{x: float\}"):
            learn("t.csv", content)

        assert learn("t.csv", content, source={"dtypes": {"x": "float"}}).manifest["data"]["rows"] == 20


class TestOneTypeWhateverTheSize:
    # pandas infers the types of a file part by part from about a megabyte on, and in threads from five.
    @pytest.mark.parametrize("rows", [10, 60_000, 700_000])
    def test_a_column_of_a_csv(self, read, rows):
        lines = "".join(f"{i},{'' if i % 2 else 'True'}\n" for i in range(rows))

        table = read("t.csv", f"late,flag\n{lines}oops,\n")

        assert table["late"].dtype == "str"
        assert table["late"].iloc[[0, -2, -1]].tolist() == ["0", str(rows - 1), "oops"]
        assert table["flag"].dtype == "boolean"

    def test_mixed_columns_of_typed_files_are_refused_by_name(self, learn):
        content = "".join(
            f'{{"code": {value}, "x": {x}, "y": {x}}}\n' for x, value in enumerate([1, 2, '"A3"', "true"] * 9)
        )

        with pytest.raises(
            DatasetError,
            match=r'the column "code" holds numbers such as "1" in row 1 and text such as "A3" in row 3 and truth values',
        ):
            learn("t.jsonl", content)

        result = learn("t.jsonl", content, source={"dtypes": {"code": "str"}})
        assert result.held_out.features["code"].isin(["1", "2", "A3", "True"]).all()

    def test_mixed_columns_out_of_use_do_no_harm(self, learn):
        content = "".join(
            f'{{"code": {value}, "x": {x}, "y": {x}}}\n' for x, value in enumerate([1, '"A3"'] * 9)
        )

        assert learn("t.jsonl", content, features=("x",)).manifest["data"]["rows"] == 18


class TestCategories:
    OPTIONS = SourceOptions(dtypes={"code": "category"})

    def test_digits_of_a_csv_stay_apart(self, learn):
        content = as_csv(of_texts(LOOKALIKES["digits"]).rename(columns={"text": "code"}))

        result = learn("t.csv", content, source={"dtypes": {"code": "category"}})

        assert result.metrics["r2"] > 0.99
        assert result.held_out.features["code"].cat.categories.tolist() == ["01234", "07000", "1234", "7e3"]

    def test_several_files_have_the_categories_of_all(self, tmp_path):
        (tmp_path / "1.csv").write_text("code,x\n007,1\n7,1\n")
        (tmp_path / "2.csv").write_text("code,x\n7,1\n07,1\n")

        code = read_dataset(tmp_path, self.OPTIONS).table["code"]

        assert code.tolist() == ["007", "7", "7", "07"]
        assert code.cat.categories.tolist() == ["007", "07", "7"]

    def test_batches_have_the_categories_of_all(self, tmp_path, train_petrol):
        path = tmp_path / "table.csv"
        path.write_text("code,y\n" + "".join(f"{'0' * (i // 30)}7,{i % 5}\n" for i in range(90)))
        (tmp_path / "of_codes.py").write_text(
            "from sklearn.linear_model import SGDRegressor\n"
            "from sklearn.pipeline import make_pipeline\n"
            "from sklearn.preprocessing import FunctionTransformer\n"
            "def codes(rows):\n    return rows.assign(code=rows['code'].cat.codes)\n"
            "def build_model():\n    return make_pipeline(FunctionTransformer(codes), SGDRegressor())\n"
        )

        result = train_petrol(
            model=ModuleModel("of_codes"),
            models_dir=tmp_path,
            dataset=path,
            source=self.OPTIONS,
            batch_rows=10,
        )

        assert result.held_out.features["code"].cat.categories.tolist() == ["007", "07", "7"]

    def test_a_prediction_has_the_categories_of_the_training(self, tmp_path, train_petrol):
        path = tmp_path / "table.csv"
        path.write_text("code,y\n" + "".join(f"{'0' * (i // 30)}7,{i // 30}\n" for i in range(90)))
        (tmp_path / "of_codes.py").write_text(
            "from sklearn.tree import DecisionTreeRegressor\n"
            "from sklearn.pipeline import make_pipeline\n"
            "from sklearn.preprocessing import FunctionTransformer\n"
            "def codes(rows):\n    return rows.assign(code=rows['code'].cat.codes)\n"
            "def build_model():\n    return make_pipeline(FunctionTransformer(codes), DecisionTreeRegressor())\n"
        )
        result = train_petrol(
            model=ModuleModel("of_codes"), models_dir=tmp_path, dataset=path, source=self.OPTIONS
        )
        (tmp_path / "new.csv").write_text("code\n7\n07\n")

        predicted = predict_file(result.model, result.manifest, tmp_path / "new.csv")

        assert predicted["prediction"].tolist() == [0, 1]


class TestDeclaredTypes:
    @pytest.mark.parametrize(
        ("dtype", "values", "problem"),
        [
            ("int", ["1", "", "3"], "is not int: row 2 has no value"),
            ("int", ["1", "2", "3.5"], 'is not int: row 3 holds "3.5"'),
            ("bool", ["True", "", "False"], "is not bool: row 2 has no value"),
            ("float", ["1.5", "2", "x"], 'is not float: row 3 holds "x"'),
        ],
    )
    def test_a_value_of_a_csv_that_does_not_fit_is_named(self, read, tmp_path, dtype, values, problem):
        content = "a,b\n" + "".join(f"{value},1\n" for value in values)

        with pytest.raises(DatasetError, match=f'source.dtypes: the column "a" {problem}'):
            read("t.csv", content, dtypes={"a": dtype})
        with pytest.raises(DatasetError, match=f'source.dtypes: the column "a" {problem}'):
            list(read_batches(tmp_path / "t.csv", SourceOptions(dtypes={"a": dtype}), 10))

    @pytest.mark.parametrize(
        ("dtype", "values", "problem"),
        [
            ("int", [1, None], "1 of 2 rows have no value"),
            ("int", [1, 1.5], 'it holds "1.5"'),
            ("bool", [True, None], "1 of 2 rows have no value"),
            ("bool", [True, "false"], 'it holds "false"'),
            ("float", [1, "x"], "could not convert string to float: 'x'"),
        ],
    )
    def test_one_of_json_lines_is_not_bent_to_fit(self, read, dtype, values, problem):
        content = "".join(json.dumps({"a": value}) + "\n" for value in values)

        with pytest.raises(DatasetError, match=f'the column "a" is not {dtype}: {problem}'):
            read("t.jsonl", content, dtypes={"a": dtype})

    @pytest.mark.parametrize(
        ("dtype", "values", "expected"),
        [
            ("int", [1, 2], [1, 2]),
            ("int", ["7", "8"], [7, 8]),
            ("int", [1.0, 2.0], [1, 2]),
            ("int", [BIG, BIG + 1], [BIG, BIG + 1]),
            ("bool", [True, False], [True, False]),
            ("bool", [1, 0], [True, False]),
            ("float", [1, "2.5"], [1.0, 2.5]),
            ("str", [7, None, True], ["7", None, "True"]),
            ("category", ["07", "7"], ["07", "7"]),
        ],
    )
    def test_what_fits_is_read(self, read, dtype, values, expected):
        content = "".join(json.dumps({"a": value}) + "\n" for value in values)

        found = read("t.jsonl", content, dtypes={"a": dtype})["a"]

        assert [
            None if missing else value for value, missing in zip(found, found.isna(), strict=True)
        ] == expected
