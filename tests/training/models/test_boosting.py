"""Classes of boosting libraries and of imbalanced-learn, from a raw table to a model file that predicts."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from refinery.spec.training import ClassModel, Step, StepsModel, TrainingSpec
from refinery.training import LatestModel, load_model_file, on_cores, predict_file, train
from refinery.training.errors import ModelCodeError

CLASSIFIERS = ("xgboost.XGBClassifier", "lightgbm.LGBMClassifier", "catboost.CatBoostClassifier")
REGRESSORS = ("xgboost.XGBRegressor", "lightgbm.LGBMRegressor", "catboost.CatBoostRegressor")


@pytest.fixture
def table():
    """Words, gaps, a date, and a column whose name two of the libraries refuse."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "income": random.normal(size=160).round(3),
            "city": random.choice(["Paris", "Rome", "Oslo"], 160),
            "size [m2]": random.normal(size=160).round(3),
            "since": pd.date_range("2020-01-01", periods=160).strftime("%Y-%m-%d"),
        }
    )
    rows["level"] = np.where(rows.city == "Paris", "low", np.where(rows.income > 0, "high", "middle"))
    rows["cost"] = rows.income * 3 + (rows.city == "Rome")
    rows.loc[3, "income"], rows.loc[5, "city"] = None, None
    return rows


@pytest.fixture
def train_rows(train_petrol, tmp_path):
    def train_rows(path_or_model, rows, target, params=None, **fields):
        model = ClassModel(path_or_model) if isinstance(path_or_model, str) else path_or_model
        if isinstance(path_or_model, str):
            pytest.importorskip(path_or_model.partition(".")[0])
        dataset = tmp_path / "table.csv"
        rows.to_csv(dataset, index=False)
        with on_cores(1):  # threads that wait for each other take long on a busy machine
            return train_petrol(
                dataset=dataset, model=model, target=target, params=params or {}, preprocess="auto", **fields
            )

    return train_rows


def sha256_of(folder):
    return hashlib.sha256((folder / "model.pkl").read_bytes()).hexdigest()


@pytest.mark.parametrize("path", CLASSIFIERS)
def test_words_categories_and_gaps_are_learned_as_they_are(path, train_rows, table, tmp_path):
    rows = table.drop(columns="cost")
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        result = train_rows(path, rows, "level", {"n_estimators": 20}, output_dir=folder)

    assert result.metrics["accuracy"] > 0.8
    assert list(result.manifest["preprocess"]["columns"]) == ["city", "since"]
    assert path.partition(".")[0] in result.manifest["environment"]["libraries"]
    assert sha256_of(folders[0]) == sha256_of(folders[1])
    new = rows.head(3).drop(columns="level").assign(city=["Paris", "Atlantis", None])
    new.to_csv(tmp_path / "new.csv", index=False)
    model = load_model_file(folders[0] / "model.pkl", sha256_of(folders[0]))
    predicted = predict_file(model, result.manifest, tmp_path / "new.csv", probabilities=True)
    assert predicted["prediction"][0] == "low"
    assert set(predicted["prediction"]) <= {"low", "middle", "high"}
    shares = predicted[["probability_high", "probability_low", "probability_middle"]]
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares.idxmax(axis=1) == "probability_" + predicted["prediction"]).all()


@pytest.mark.parametrize("path", REGRESSORS)
def test_numbers_are_predicted_in_folds_too(path, train_rows, table):
    result = train_rows(path, table.drop(columns="level"), "cost", {"n_estimators": 40}, cross_validation=2)

    assert result.metrics["r2"] > 0.5
    assert result.manifest["cross_validation"]["folds"] == 2


@pytest.mark.parametrize("path", CLASSIFIERS)
@pytest.mark.parametrize("classes", [(True, False), (3, 7)])
def test_classes_are_predicted_as_they_stand_in_the_dataset(path, classes, train_rows, table):
    rows = table[["income", "size [m2]"]].assign(paid=np.where(table.city == "Paris", *classes))
    result = train_rows(path, rows, "paid", {"n_estimators": 3})

    assert set(result.held_out.predicted) <= set(classes)
    assert sorted(result.model.classes_) == sorted(classes)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("xgboost.XGBClassifier", {"scale_pos_weight": 1000}),
        ("lightgbm.LGBMClassifier", {"class_weight": {"yes": 1000, "no": 1}}),
        ("catboost.CatBoostClassifier", {"class_weights": {"yes": 1000, "no": 1}}),
    ],
)
def test_classes_are_weighed_by_the_librarys_own_params(path, params, train_rows, table):
    noise = np.random.default_rng(1).choice(["yes", "no"], 160, p=[0.3, 0.7])
    rows = table[["income"]].assign(paid=noise)
    result = train_rows(path, rows, "paid", {"n_estimators": 3, **params})

    assert (result.held_out.predicted == "yes").mean() > 0.9


@pytest.mark.parametrize("path", REGRESSORS)
def test_no_more_threads_are_used_than_the_task_has_cores(path, train_rows, table):
    name = "thread_count" if "catboost" in path else "n_jobs"
    result = train_rows(path, table[["income", "cost"]], "cost", {"n_estimators": 2, name: 64})

    assert result.model.estimator_.get_params()[name] == 1


def test_the_rows_of_a_rare_class_are_sampled_again_and_only_for_the_fit(train_rows, table):
    pytest.importorskip("imblearn")
    model = StepsModel(
        (
            Step("imblearn.over_sampling.SMOTE", {"k_neighbors": 3}),
            Step("sklearn.linear_model.LogisticRegression", {"C": 0.5}),
        )
    )
    result = train_rows(model, table.drop(columns="cost"), "level")

    assert result.metrics["accuracy"] > 0.8
    assert len(result.held_out.actual) == 32
    assert result.manifest["params"] == {"SMOTE.k_neighbors": 3, "LogisticRegression.C": 0.5}
    assert result.manifest["model"]["kind"] == "steps"
    assert result.model.named_steps["smote"].random_state == 0


def test_steps_of_scikit_learn_alone_need_no_other_library(train_rows, table):
    model = StepsModel((Step("sklearn.preprocessing.StandardScaler"), Step("sklearn.linear_model.Ridge")))
    result = train_rows(model, table[["income", "size [m2]", "cost"]].dropna(), "cost")

    assert [name for name, _ in result.model.steps] == ["standardscaler", "ridge"]
    assert result.metrics["r2"] > 0.5


def test_a_step_that_neither_transforms_nor_samples_must_be_the_last(train_petrol):
    model = StepsModel((Step("sklearn.linear_model.Ridge"), Step("sklearn.linear_model.Lasso")))
    with pytest.raises(ModelCodeError, match="neither transforms nor samples rows; only the last"):
        train_petrol(model=model)


def test_a_class_that_ranks_rows_is_refused(train_petrol):
    pytest.importorskip("lightgbm")
    with pytest.raises(ModelCodeError, match="LGBMRanker is neither a regressor nor a classifier"):
        train_petrol(model=ClassModel("lightgbm.LGBMRanker"))


def test_a_library_that_is_not_installed_is_named_with_the_line_to_add(train_petrol, tmp_path):
    models_dir = tmp_path / "include" / "models"
    models_dir.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.refinery]\nlibraries = ["nowhere"]\n')
    with pytest.raises(ModelCodeError, match='nowhere is not installed; add the line "nowhere" to requirem'):
        train_petrol(model=ClassModel("nowhere.Model"), models_dir=models_dir)
    with pytest.raises(
        ModelCodeError, match=r'not in the libraries that a config may name\. It has "nowhere"'
    ):
        train_petrol(model=ClassModel("sklearn.linear_model.Ridge"), models_dir=models_dir)


@pytest.mark.parametrize("path", CLASSIFIERS)
def test_the_latest_model_is_measured_on_the_same_rows_with_its_own_categories_and_threshold(
    path, train_rows, table, tmp_path
):
    """Of a city that it never learned, and by the threshold in its file."""
    rows = table.drop(columns="cost").assign(level=np.where(table.level == "low", "yes", "no"))
    latest_rows = rows[rows.city != "Oslo"]
    latest = train_rows(
        path, latest_rows, "level", {"n_estimators": 5}, threshold=0.9, output_dir=tmp_path / "a"
    )
    model = load_model_file(tmp_path / "a" / "model.pkl", sha256_of(tmp_path / "a"))
    result = train_rows(
        path,
        rows,
        "level",
        {"n_estimators": 30},
        latest=LatestModel("v1", model, latest.manifest),
        require={"f1": {"no_worse_than_latest": 0}, "roc_auc": {"min": 0.6}},
        maximize="f1",
    )

    by_latest = model.predict(result.held_out.features)
    assert result.manifest["gate"] == "passed"
    gate = next(one for one in result.manifest["gates"] if one["metric"] == "f1")
    assert gate["required"] == pytest.approx(f1_score(result.held_out.actual, by_latest, pos_label="yes"))


@pytest.mark.parametrize("path", [*CLASSIFIERS, *REGRESSORS])
def test_weights_reach_the_library_through_the_preparation(path, train_rows, table):
    target = "level" if "Classifier" in path else "cost"
    rows = table.drop(columns={"level", "cost"} - {target}).assign(w=1.0)
    heavy = rows.assign(w=np.where(rows.city == "Rome", 1000.0, 1.0))
    even, uneven = (train_rows(path, one, target, {"n_estimators": 5}, weight="w") for one in (rows, heavy))
    plain = train_rows(path, rows.drop(columns="w"), target, {"n_estimators": 5})

    assert even.manifest["evaluation"]["weighted_by"] == "w"
    assert (even.held_out.predicted == plain.held_out.predicted).all()
    scores = [
        one.held_out.predicted if one.held_out.scores is None else one.held_out.scores
        for one in (even, uneven)
    ]
    assert not np.allclose(*scores)


def test_a_sampler_takes_no_weights(train_rows, table):
    pytest.importorskip("imblearn")
    model = StepsModel(
        (Step("imblearn.over_sampling.RandomOverSampler"), Step("sklearn.linear_model.LogisticRegression"))
    )
    with pytest.raises(
        ModelCodeError,
        match="weight: RandomOverSampler, one of the steps, samples rows without their weights",
    ):
        train_rows(model, table[["income", "level"]].dropna().assign(w=1), "level", weight="w")


@pytest.mark.parametrize("path", CLASSIFIERS)
def test_a_process_trains_one_after_the_other_with_several_threads(path, train_petrol, table, tmp_path):
    """As plan --try does: the process that reads a file back is forked from one whose threads it does not have."""
    pytest.importorskip(path.partition(".")[0])
    dataset = tmp_path / "table.csv"
    table[["income", "size [m2]", "level"]].dropna().to_csv(dataset, index=False)
    started = time.monotonic()
    for name in "ab":
        with on_cores(2):
            train_petrol(
                dataset=dataset,
                model=ClassModel(path),
                target="level",
                params={"n_estimators": 3},
                output_dir=tmp_path / name,
            )

    assert time.monotonic() - started < 120


@pytest.mark.parametrize("candidates", [False, True])
def test_a_boosting_class_in_onnx_is_refused_before_anything_is_read(tmp_path, candidates):
    boosting = {"class": "lightgbm.LGBMRegressor"}
    model = {"candidates": [{"class": "sklearn.linear_model.Ridge"}, boosting]} if candidates else boosting
    spec = TrainingSpec.from_dict({"model": {**model, "format": "onnx"}}, tmp_path)
    with pytest.raises(
        ModelCodeError, match=r"model.format: onnx cannot hold models of lightgbm; write pickle"
    ):
        train(spec, tmp_path / "not_there.csv", tmp_path / "output", provenance={})
