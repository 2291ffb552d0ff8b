"""Columns that an estimator cannot take as they are, made ready for it."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from refinery.training import predict_file
from refinery.training.models.preprocessing import describe_preprocessing, with_preprocessing
from refinery.training.output.model_file import load_model_file, write_model
from refinery.training.seeding import seed_estimator

ROWS = 300
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def flats():
    """Flats to let: text, categories, dates, truth values and gaps; whether one is taken follows from city and age."""
    random = np.random.default_rng(0)
    city = random.choice(["Lyon", "Paris", "Nice"], ROWS)
    age = random.integers(0, 100, ROWS).astype(float)
    taken = np.where((city == "Paris") | (age < 30), "taken", "free")
    table = pd.DataFrame(
        {
            "city": city,
            "age": age,
            "ad": [f"flat {i} with {random.choice(['garden', 'balcony', 'nothing'])}" for i in range(ROWS)],
            "since": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 99, ROWS), "D"),
            "seen_on": [f"2026-0{random.integers(1, 9)}-15" for _ in range(ROWS)],
            "floor": pd.Categorical(random.choice(["low", "high"], ROWS)),
            "lift": random.random(ROWS) < 0.5,
            "house": [f"{random.integers(1, 99)}{'b' if i % 20 == 0 else ''}" for i in range(ROWS)],
        }
    )
    table.loc[random.random(ROWS) < 0.1, "age"] = np.nan
    table.loc[random.random(ROWS) < 0.1, "city"] = None
    return table, taken


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        RandomForestClassifier(n_estimators=20),
        HistGradientBoostingClassifier(max_iter=20),
        GradientBoostingClassifier(n_estimators=20),
        KNeighborsClassifier(),
        SVC(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_text_dates_and_gaps_become_trainable(flats, estimator):
    table, taken = flats[0][["city", "age", "since", "floor", "lift"]], flats[1]
    model, description = with_preprocessing(estimator, table, "auto")

    model.fit(table[:200], taken[:200])

    assert model.steps[-1][1] is estimator
    assert accuracy_score(taken[200:], model.predict(table[200:])) > 0.7
    assert description["columns"]["since"] == "dates"
    assert description["columns"]["floor"] == "categories"
    assert description["columns"]["city"].startswith("text")
    assert "lift" not in description["columns"]
    assert description["steps"][0].startswith("ApplyToCols(cols=['city']")
    assert description["steps"][1].startswith("TableVectorizer(")


@pytest.mark.parametrize("estimator", [Ridge(), RandomForestRegressor(), LogisticRegression()])
def test_numbers_without_gaps_are_left_alone(estimator):
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [1, 2], "c": [True, False]})

    assert with_preprocessing(estimator, table, "auto") == (estimator, None)


@pytest.mark.parametrize(
    "estimator", [HistGradientBoostingClassifier(), RandomForestClassifier(), DummyClassifier()]
)
def test_gaps_are_left_to_an_estimator_that_takes_them(estimator):
    table = pd.DataFrame({"a": [1.0, np.nan]})

    assert with_preprocessing(estimator, table, "auto") == (estimator, None)


def test_gaps_are_filled_for_one_that_does_not():
    table = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [1.0, 2.0, 3.0]})

    model, description = with_preprocessing(Ridge(), table, "auto")

    assert description["columns"] == {"a": "missing values"}
    assert describe_preprocessing(description) == 'made ready "a" (missing values)'
    assert np.isfinite(model.fit(table, [1, 2, 3]).predict(table)).all()


def test_it_can_be_turned_off(flats):
    estimator = Ridge()

    assert with_preprocessing(estimator, flats[0], "none") == (estimator, None)
    assert describe_preprocessing(None) == "none"


def fitted(flats, estimator):
    table, taken = flats
    model, _ = with_preprocessing(estimator, table, "auto")
    seed_estimator(model, 0)
    return model.fit(table, taken)


@pytest.mark.filterwarnings("ignore:Found unknown categories:UserWarning")
def test_new_rows_may_lack_values_and_hold_new_ones(flats):
    model = fitted(flats, LogisticRegression())

    new = flats[0].head(3).assign(city=["Rome", None, "Lyon"], floor=None, age=np.nan, since=pd.NaT)

    assert len(model.predict(new)) == 3


@pytest.mark.parametrize("file", ["model.pkl", "model.skops"])
def test_a_stored_model_predicts_the_same_in_a_fresh_process(flats, tmp_path, file):
    """Neither format needs a list of what Refinery itself puts before an estimator."""
    model = fitted(flats, LogisticRegression())
    write_model(model, tmp_path / file)
    flats[0].to_pickle(tmp_path / "rows.pkl")
    code = (
        "import sys, pickle, hashlib; from pathlib import Path; import pandas as pd\n"
        "from refinery.training import load_model_file\n"
        "path = Path(sys.argv[1])\n"
        "model = load_model_file(path, hashlib.sha256(path.read_bytes()).hexdigest())\n"
        "predicted = model.predict(pd.read_pickle(path.with_name('rows.pkl')))\n"
        'path.with_name("predicted").write_text(",".join(predicted))\n'
    )

    subprocess.run([sys.executable, "-c", code, tmp_path / file], cwd=ROOT, check=True)

    assert (tmp_path / "predicted").read_text().split(",") == model.predict(flats[0]).tolist()


def test_the_same_training_gives_the_same_bytes(flats):
    first, second = (pickle.dumps(fitted(flats, RandomForestClassifier(n_estimators=3))) for _ in range(2))

    assert first == second


def test_a_column_of_text_stays_one_where_new_rows_hold_digits_only(flats, tmp_path):
    """House numbers such as "12b" were text in training; these rows happen to have none with a letter."""
    model = fitted(flats, LogisticRegression())
    write_model(model, tmp_path / "model.pkl")
    sha256 = hashlib.sha256((tmp_path / "model.pkl").read_bytes()).hexdigest()
    dtypes = flats[0].dtypes
    manifest = {"data": {"features": [{"name": name, "dtype": str(dtypes[name])} for name in flats[0]]}}
    rows = flats[0].head(5).assign(house=["007", "8", "9", "10", "11"])
    rows.to_csv(tmp_path / "new.csv", index=False)

    predicted = predict_file(load_model_file(tmp_path / "model.pkl", sha256), manifest, tmp_path / "new.csv")

    assert predicted["house"].tolist() == ["007", "8", "9", "10", "11"]
    assert predicted["prediction"].tolist() == model.predict(rows).tolist()
