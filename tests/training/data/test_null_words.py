"""Words for missing values: only text tables have them, and those that may be classes or categories are reported."""

from __future__ import annotations

import pandas as pd
import pytest

from refinery.config.models.source import SourceConfig
from refinery.spec.training import ClassModel, ModuleModel
from refinery.training import SourceOptions, predict_file
from refinery.training.data.formats import DEFAULT_NULLS
from refinery.training.data.proposal import profile_dataset
from refinery.training.data.read import read_dataset
from refinery.training.errors import DatasetError, SourceOptionError

LOGISTIC = ClassModel("sklearn.linear_model.LogisticRegression")
RIDGE = ClassModel("sklearn.linear_model.Ridge")


def of_words(words, rows=60):
    lines = [f"{words[number % len(words)]},{number},{number % len(words)}" for number in range(rows)]
    return "\n".join(["word,x,y", *lines]) + "\n"


def test_the_default_words_are_those_that_the_documentation_lists():
    description = SourceConfig.model_fields["default_nulls"].description or ""

    assert [word for word in DEFAULT_NULLS if word and f"`{word}`" not in description] == []
    assert set(DEFAULT_NULLS) == set(pd._libs.parsers.STR_NA_VALUES)


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, [*DEFAULT_NULLS, '""']),
        ({"default_nulls": False}, ["", '""']),
        ({"default_nulls": False, "null_values": ("?", "NA")}, ["", '""', "?", " ? ", "NA"]),
        ({"null_values": ("?",)}, [*DEFAULT_NULLS, '""', "?"]),
    ],
)
def test_what_is_missing_in_a_csv(tmp_path, options, missing):
    texts = [*DEFAULT_NULLS, '""', "?", " ? ", "none", "na", "Na", "-", "a"]
    (tmp_path / "t.csv").write_text("word,x\n" + "".join(f"{text},1\n" for text in texts))

    word = read_dataset(tmp_path / "t.csv", SourceOptions(**options)).table["word"]

    found = [text for text, is_missing in zip(texts, word.isna(), strict=True) if is_missing]
    assert found == [text for text in texts if text in {*missing, *([" ? "] if "?" in missing else [])}]


class TestTarget:
    CONTENT = of_words(["None", "Mild", "Severe"])

    @pytest.mark.parametrize("options", [{}, {"dtypes": {"word": "str"}}])
    @pytest.mark.parametrize(
        "fields", [{}, {"batch_rows": 20, "model": ClassModel("sklearn.naive_bayes.GaussianNB")}]
    )
    def test_a_class_that_is_read_as_missing_is_reported(self, train_table, options, fields):
        with pytest.raises(DatasetError) as raised:
            train_table(
                self.CONTENT, target="word", source=SourceOptions(**options), **{"model": LOGISTIC} | fields
            )

        assert (
            '20 of 60 rows have no finite value in the target column "word": "None" in 20 rows is read as missing; '
            "set source.default_nulls to false if it is a class" in str(raised.value)
        )

    def test_without_the_default_words_it_is_a_class(self, train_table, tmp_path):
        source = SourceOptions(default_nulls=False)

        result = train_table(self.CONTENT, target="word", model=LOGISTIC, source=source)

        assert result.held_out.classes == ["Mild", "None", "Severe"]
        predicted = predict_file(result.model, result.manifest, tmp_path / "table.csv")
        assert predicted["word"].tolist()[:3] == ["None", "Mild", "Severe"]

    def test_empty_values_are_reported_as_such(self, train_table):
        with pytest.raises(DatasetError) as raised:
            train_table(of_words(["", "Mild", "Severe"]), target="word", model=LOGISTIC)

        assert "is read as missing" not in str(raised.value)


class TestFeatures:
    def test_a_word_among_categories_is_a_warning(self, train_table):
        result = train_table(of_words(["NA", "EU", "AS"]), model=RIDGE, preprocess="auto")

        assert (
            'Words are read as missing values in "word" ("NA" in 20 rows): if one is a value, set '
            "source.default_nulls: false; if not, list it in source.null_values."
        ) in result.manifest["warnings"]

    def test_it_is_one_in_batches_too(self, train_petrol, tmp_path):
        (tmp_path / "t.csv").write_text(of_words(["NA", "EU", "AS"]))
        (tmp_path / "of_x.py").write_text(
            "from sklearn.compose import ColumnTransformer\n"
            "from sklearn.linear_model import SGDRegressor\n"
            "from sklearn.pipeline import make_pipeline\n"
            "from sklearn.preprocessing import FunctionTransformer\n"
            "def x(rows):\n    return rows[['x']]\n"
            "def build_model():\n    return make_pipeline(FunctionTransformer(x), SGDRegressor(eta0=1e-6))\n"
        )

        result = train_petrol(
            dataset=tmp_path / "t.csv", model=ModuleModel("of_x"), models_dir=tmp_path, batch_rows=20
        )

        assert any('("NA" in 20 rows)' in warning for warning in result.manifest["warnings"])

    @pytest.mark.parametrize(
        ("words", "source"),
        [
            (["NA", "EU", "AS"], {"null_values": ("NA",)}),
            (["NA", "EU", "AS"], {"default_nulls": False}),
            (["", "EU", "AS"], {}),
            (["1", "NA", "3"], {}),
        ],
    )
    def test_what_is_meant_or_no_category_is_no_warning(self, train_table, words, source):
        result = train_table(of_words(words), model=RIDGE, preprocess="auto", source=SourceOptions(**source))

        assert not any("read as missing" in warning for warning in result.manifest["warnings"])

    def test_words_that_would_become_one_are_refused(self, train_table):
        content = of_words(["NA", "None", "EU"])

        with pytest.raises(SourceOptionError) as raised:
            train_table(content, model=RIDGE, preprocess="auto")

        assert str(raised.value) == (
            'table.csv: the column "word" holds "NA" in 20 rows, "None" in 20 rows, all read as missing; if they are '
            "values: set source.default_nulls to false, or, if they are missing values, list them in "
            "source.null_values: [NA, None]."
        )

    @pytest.mark.parametrize(
        "source", [{"default_nulls": False}, {"null_values": ("NA", "None")}], ids=["values", "missing"]
    )
    def test_either_option_settles_it(self, train_table, source):
        result = train_table(
            of_words(["NA", "None", "EU"]), model=RIDGE, preprocess="auto", source=SourceOptions(**source)
        )

        assert (result.metrics["r2"] > 0.99) == ("default_nulls" in source)

    def test_spellings_of_one_word_are_one(self, train_table):
        result = train_table(of_words(["NA", "N/A", "n/a", "EU"]), model=RIDGE, preprocess="auto")

        assert any('"N/A" in 15 rows' in warning for warning in result.manifest["warnings"])


def test_typed_files_have_nulls_alone(tmp_path):
    words = [word for word in DEFAULT_NULLS if word] + ["?"]
    table = pd.DataFrame({"word": words, "x": 1})
    table.to_parquet(tmp_path / "t.parquet")
    table.to_json(tmp_path / "t.jsonl", orient="records", lines=True)

    for name in ("t.parquet", "t.jsonl"):
        assert read_dataset(tmp_path / name, SourceOptions()).table["word"].tolist() == words


@pytest.mark.parametrize("target", ["y", "word"])
def test_a_profile_says_which_words_are_read_as_missing(tmp_path, target):
    (tmp_path / "t.csv").write_text(
        of_words(["NA", "EU", "AS"]).replace("word,", f"{'word' if target == 'y' else 'target'},")
    )

    notes = profile_dataset(tmp_path / "t.csv", SourceOptions()).notes

    assert any(
        'holds "NA" in 20 rows, read as missing: is it a value (default_nulls: false)?' in note
        for note in notes
    )
