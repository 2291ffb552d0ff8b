"""The file of a train function or a script is scored, whatever metrics its own code reports."""

from __future__ import annotations

import textwrap

import pytest

from refinery.training import ScriptModel
from refinery.training.output import file_score as scoring

TARGET = "Petrol_Consumption"
# As the lab does it: the model learns from scaled rows, and the scaler is not in the file.
LAB = """
import json, pickle, sys
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def train(dataset_path, model_path, keep_scaler=False):
    table = pd.read_csv(dataset_path)
    X, y = table.iloc[:, 0:4].values, table.iloc[:, 4].values
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
    scaler, forest = StandardScaler(), RandomForestRegressor(n_estimators=200, random_state=0)
    model = make_pipeline(scaler, forest).fit(X_train, y_train)
    predicted = model.predict(X_test)
    with open(model_path, "wb") as file:
        pickle.dump(model if keep_scaler else forest, file)
    return {"mae": mean_absolute_error(y_test, predicted), "r2": r2_score(y_test, predicted), "own": 1.0}
"""
SCRIPT = (
    LAB
    + """
json.dump(train(sys.argv[1], "model.pkl"), open("metrics.json", "w"))
"""
)


@pytest.fixture
def train_script(train_petrol, tmp_path):
    def train_script(source, **fields):
        (tmp_path / "legacy.py").write_text(textwrap.dedent(source))
        return train_petrol(model=ScriptModel("legacy.py", ("{dataset}",)), models_dir=tmp_path, **fields)

    return train_script


def written(result):
    return result.manifest["written_file"]


@pytest.mark.parametrize("by_script", [False, True], ids=["train function", "script"])
def test_a_file_without_its_scaler_is_a_warning_next_to_the_codes_own_metrics(
    train_module, train_script, by_script
):
    result = train_script(SCRIPT, target=TARGET) if by_script else train_module(LAB, target=TARGET)

    assert result.metrics == pytest.approx({"mae": 48.339, "r2": 0.4037, "own": 1}, abs=5e-4)
    assert written(result)["rows"] == 48
    assert written(result)["metrics"]["mae"] > 70
    assert written(result)["metrics"]["r2"] < -0.2
    assert "r2" in written(result)["worse"]
    (warning,) = result.manifest["warnings"]
    assert (
        "The written file is worse than always predicting the mean, on rows that it may have learned from: "
        in warning
    )
    assert "r2 -0." in warning
    assert "(baseline 0)" in warning
    assert warning.endswith("pickle a Pipeline.")
    (note,) = result.manifest["notes"]
    assert "scored on all 48 rows of the dataset, which it may have learned from, has mae " in note
    assert "(the model's own code reports mae 48.34, r2 0.4037)." in note
    assert f"  warning   {warning}" in result.summary
    assert f"  note      {note}" in result.summary


def test_a_file_with_all_that_it_needs_gets_a_note_alone(train_module):
    result = train_module(LAB, target=TARGET, params={"keep_scaler": True})

    assert result.manifest["warnings"] == []
    assert written(result)["worse"] == []
    assert written(result)["metrics"]["r2"] > 0.5


def test_without_a_target_nothing_is_scored(train_module):
    result = train_module(LAB)

    assert "written_file" not in result.manifest
    assert result.manifest["notes"] == result.manifest["warnings"] == []


CLASSES = "x,y\n" + "\n".join(f"{row},{'rare' if row % 4 == 0 else 'usual'}" for row in range(40))
DUMP = """
import pickle
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier

class Rare(DummyClassifier):
    pass

class Own:
    def predict(self, X):
        return {predicted}

def train(dataset_path, model_path):
    table = pd.read_csv(dataset_path)
    model = {model}
    with open(model_path, "wb") as file:
        pickle.dump(model, file)
    return {{"accuracy": 0.99}}
"""


def dump(model, predicted="np.zeros(len(X))"):
    return DUMP.format(model=model, predicted=predicted)


@pytest.fixture
def train_classes(train_module, tmp_path):
    def train_classes(model, predicted="np.zeros(len(X))", *, text=CLASSES, target="y", **fields):
        (tmp_path / "classes.csv").write_text(text)
        return train_module(dump(model, predicted), dataset=tmp_path / "classes.csv", target=target, **fields)

    return train_classes


class TestClassification:
    def test_worse_than_the_most_frequent_class(self, train_classes):
        result = train_classes("Rare(strategy='constant', constant='rare').fit(table[['x']], table['y'])")

        assert written(result)["metrics"]["accuracy"] == 0.25
        (warning,) = result.manifest["warnings"]
        assert "worse than always predicting the most frequent class" in warning
        assert "accuracy 0.25 (baseline 0.75)" in warning

    def test_as_good_is_no_warning(self, train_classes):
        result = train_classes("Rare(strategy='prior').fit(table[['x']], table['y'])")

        assert written(result)["metrics"]["accuracy"] == 0.75
        assert result.manifest["warnings"] == []

    def test_the_columns_are_those_that_the_model_names(self, train_classes):
        text = "other,y,x\n" + "\n".join(f"text,{'a' if row < 20 else 'b'},{row}" for row in range(40))

        result = train_classes("KNeighborsClassifier(1).fit(table[['x']], table['y'])", text=text)

        assert written(result)["metrics"]["accuracy"] == 1

    def test_metrics_that_the_code_names_say_what_two_numbers_are(self, train_classes):
        text = "x,y\n" + "\n".join(f"{row},{row % 2}" for row in range(40))

        result = train_classes("Own()", "X['x'] % 2", text=text)

        assert written(result)["metrics"]["accuracy"] == 1

    def test_rows_without_a_target_are_left_out(self, train_classes):
        text = CLASSES + "\n50,\n51,\n"

        assert (
            written(train_classes("Rare().fit(table[['x']][:40], table['y'][:40])", text=text))["rows"] == 40
        )


NOT_SCORED = "The written file was not scored on the dataset: "


class TestWhatCannotBeScored:
    @pytest.mark.parametrize(
        ("model", "predicted", "reason"),
        [
            ("{'model': 1}", "", "dict has no predict method"),
            ("KMeans(2).fit(table[['x']])", "", "KMeans groups rows and learns no target"),
            ("IsolationForest().fit(table[['x']])", "", "IsolationForest looks for outliers"),
            ("Own()", "np.zeros(1)", "Own failed to predict: it returned 1 value for 40 rows"),
            ("Own()", "X['x'] / 100", "look like probabilities"),
            ("Own()", "np.asarray(X)[:, 7]", "IndexError"),
            ("LinearRegression().fit(table[['x', 'x']].values, table['x'])", "", "ValueError: X has 1 features"),
        ],
    )  # fmt: skip
    def test_is_a_note(self, train_classes, model, predicted, reason):
        result = train_classes(model, predicted or "np.zeros(len(X))")

        (note,) = result.manifest["notes"]
        assert note.startswith(NOT_SCORED)
        assert reason in note
        assert result.manifest["warnings"] == []
        assert result.metrics == {"accuracy": 0.99}

    def test_two_numbers_that_nothing_says_are_classes_are_a_note(self, train_module, tmp_path):
        (tmp_path / "bits.csv").write_text("x,y\n" + "\n".join(f"{row},{row % 2}" for row in range(40)))
        source = dump("Own()").replace('"accuracy"', '"own"')

        (note,) = train_module(source, dataset=tmp_path / "bits.csv", target="y").manifest["notes"]

        assert note.startswith(NOT_SCORED)
        assert "let the code report a metric of one" in note

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"target": "z"}, 'the dataset has no column "z"'),
            ({"target": "y", "features": ("q",)}, 'the dataset has no column "q"'),
        ],
    )
    def test_a_column_that_is_not_there_is_a_note(self, train_classes, fields, reason):
        (note,) = train_classes("Rare().fit(table[['x']], table['y'])", **fields).manifest["notes"]

        assert note.startswith(NOT_SCORED)
        assert reason in note

    def test_a_script_whose_class_is_its_own_is_warned_of_once(self, train_script):
        result = train_script(
            """
            import pickle
            class Mine:
                def predict(self, X):
                    return [0] * len(X)
            pickle.dump(Mine(), open("model.pkl", "wb"))
            """,
            target=TARGET,
        )

        assert result.manifest["notes"] == []
        assert "cannot be loaded by Refinery" in " ".join(result.manifest["warnings"])

    def test_a_script_that_leaves_another_format_has_no_file_to_score(self, train_script):
        result = train_script("open('model.bin', 'w').write('any')", target=TARGET)

        assert "written_file" not in result.manifest


def test_of_many_rows_a_sample_is_scored(train_module, monkeypatch):
    monkeypatch.setattr(scoring, "_MOST_ROWS", 20)

    result = train_module(LAB, target=TARGET, params={"keep_scaler": True})

    assert written(result)["rows"] == 20
    assert "scored on 20 of 48 rows of the dataset" in result.manifest["notes"][0]
