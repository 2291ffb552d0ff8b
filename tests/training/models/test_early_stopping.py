"""Early stopping: fits in rounds stop by rows of the training part that nothing else learns from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from refinery.cli.library_classes import check_library_class
from refinery.spec.training import ClassModel, SourceOptions, Step, StepsModel
from refinery.training import on_cores
from refinery.training.errors import DatasetError, ModelCodeError
from refinery.training.evaluation.inner_split import RowRules, TrainRows

XGBOOST, LIGHTGBM, CATBOOST = "xgboost.XGB", "lightgbm.LGBM", "catboost.CatBoost"
HISTOGRAMS = "sklearn.ensemble.HistGradientBoosting"
FAMILIES = (XGBOOST, LIGHTGBM, CATBOOST, HISTOGRAMS)
ROUNDS = 300


def most(family):
    return {"max_iter" if family == HISTOGRAMS else "n_estimators": ROUNDS}


@pytest.fixture
def table():
    """Noisy classes and values, categories, gaps, groups, times and weights."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "income": random.normal(size=300).round(3),
            "age": random.normal(size=300).round(3),
            "city": random.choice(["Paris", "Rome", "Oslo"], 300),
            "customer": random.integers(0, 60, 300),
            "day": pd.date_range("2024-01-01", periods=300).strftime("%Y-%m-%d"),
            "w": random.integers(1, 4, 300),
        }
    )
    signal = rows.income + (rows.city == "Rome") + random.normal(size=300)
    rows["level"] = np.select([signal < -0.5, signal < 1], ["low", "middle"], "high")
    rows["paid"] = np.where(signal > 1, "yes", "no")
    rows["cost"] = signal.round(3)
    rows.loc[3, "income"], rows.loc[5, "city"] = None, None
    return rows


@pytest.fixture
def fit(train_petrol, table, tmp_path):
    def fit(model, target, params=None, rows=None, **fields):
        path = model if isinstance(model, str) else model.steps[-1].path
        pytest.importorskip(path.partition(".")[0])
        dataset = tmp_path / "table.csv"
        rows = table if rows is None else rows
        rows.to_csv(dataset, index=False)
        others = {"level", "paid", "cost", "customer", "day", "w"} & {*rows.columns} - {target}
        used = {fields.get(name) for name in ("weight", "group_column", "time_column")}
        return train_petrol(
            dataset=dataset,
            model=ClassModel(model) if isinstance(model, str) else model,
            target=target,
            params=params or {},
            source=SourceOptions(drop=tuple(sorted(others - used))),
            preprocess="auto",
            **{"stopping_rounds": 5, **fields},
        )

    with on_cores(1):  # threads that wait for each other take long on a busy machine
        yield fit


def stopped(result):
    return result.manifest["fit"]["early_stopping"]


def sha256_of(result):
    return result.manifest["files"]["model.pkl"]["sha256"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("cost", {"time_column": "day"}),
        ("level", {"cross_validation": 2}),
        ("paid", {"weight": "w", "group_column": "customer", "stopping_share": 0.25}),
    ],
)
def test_a_fit_stops_and_says_so_and_two_runs_give_the_same_bytes(family, target, fields, fit, tmp_path):
    path = f"{family}{'Regressor' if target == 'cost' else 'Classifier'}"
    one, other = (fit(path, target, most(family), output_dir=tmp_path / name, **fields) for name in "ab")

    said = stopped(one)
    assert 0 < said["used"] < said["of"] == ROUNDS
    assert said["rounds"] == 5
    learned = one.manifest["split"]["train_rows"]
    assert said["rows"] == pytest.approx(learned * fields.get("stopping_share", 0.1), rel=0.2)
    assert f"{said['used']} of {ROUNDS}, stopped early by {said['rows']} rows set aside" in one.summary
    assert sha256_of(one) == sha256_of(other)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_model_is_that_of_the_library_stopped_by_the_same_rows(family, fit, table):
    """With the rounds that were used and no early stopping, the rows that were not set aside give the same model."""
    rows = table[["income", "age", "cost"]].dropna()
    result = fit(f"{family}Regressor", "cost", most(family), rows=rows)
    used = stopped(result)["used"]

    name = "iterations" if family == CATBOOST else next(iter(most(family)))
    train, _ = split(rows, 0.2)
    learned, _ = split(train, 0.1)
    model = result.model
    plain = type(model)(**model.get_params(deep=False))
    plain.set_params(**{name if family == HISTOGRAMS else f"estimator__{name}": used})
    if family == HISTOGRAMS:
        plain.set_params(early_stopping=False)
    plain.fit(learned[["income", "age"]], learned["cost"])
    held_out = result.held_out
    assert plain.predict(held_out.features) == pytest.approx(held_out.predicted, rel=1e-4, abs=1e-6)


def split(rows, share):
    from sklearn.model_selection import train_test_split

    return train_test_split(rows, test_size=share, random_state=0)


def test_earlier_steps_learn_nothing_of_the_rows_set_aside(fit, table):
    pytest.importorskip("lightgbm")
    steps = StepsModel(
        (
            Step("sklearn.preprocessing.StandardScaler"),
            Step("lightgbm.LGBMRegressor", {"n_estimators": ROUNDS}),
        )
    )
    rows = table[["income", "age", "cost"]].dropna()
    result = fit(steps, "cost", rows=rows)

    learned, aside = split(split(rows, 0.2)[0], 0.1)
    scaler, _ = (step for _, step in result.model.steps)
    assert scaler.mean_ == pytest.approx(learned[["income", "age"]].mean())
    assert stopped(result)["rows"] == len(aside)


def test_a_sampler_samples_only_the_rows_to_learn_from(fit):
    pytest.importorskip("imblearn")
    steps = StepsModel(
        (
            Step("imblearn.over_sampling.RandomOverSampler"),
            Step("lightgbm.LGBMClassifier", {"n_estimators": ROUNDS}),
        )
    )

    assert stopped(fit(steps, "paid"))["used"] < ROUNDS


def rows_of(target, **rules):
    from pathlib import Path

    from refinery.spec.training import TrainingSpec

    spec = TrainingSpec(
        model=ClassModel("x.Y"), models_dir=Path(), stopping_share=0.2, **rules.pop("spec", {})
    )
    target = pd.Series(target, name="paid")
    features = pd.DataFrame({"at": range(len(target))})
    return TrainRows(features, target, None, RowRules(spec, rules.get("times"), rules.get("groups")))


def positions(rows):
    return [part.features["at"].tolist() for part in rows.set_aside("classification")]


def test_groups_and_times_decide_what_is_set_aside():
    target = ["no", "yes"] * 20
    groups = pd.Series(np.arange(40) // 4, name="customer")
    learned, aside = positions(rows_of(target, groups=groups, spec={"group_column": "customer"}))
    assert not set(groups[learned]) & set(groups[aside])
    assert len(aside) == 8

    times = pd.Series(range(40, 0, -1), name="day")
    learned, aside = positions(rows_of(target, times=times, spec={"time_column": "day", "gap": 3}))
    assert aside == list(range(7, -1, -1))
    assert learned == list(range(39, 10, -1))


def test_each_class_is_set_aside_as_far_as_it_has_rows():
    learned, aside = positions(rows_of(["no"] * 30 + ["yes"] * 9 + ["once"]))

    assert 39 in learned
    assert sum(at < 30 for at in aside) == 6
    assert len(aside) == 8


def test_a_class_that_only_the_rows_set_aside_have_is_refused():
    times = pd.Series(range(40), name="day")
    rows = rows_of(["no", "yes"] * 16 + ["new"] * 8, times=times, spec={"time_column": "day"})

    with pytest.raises(DatasetError, match='all training rows of class "new" are among those set aside'):
        rows.set_aside("classification")


def test_too_few_groups_to_set_one_aside_are_refused():
    groups = pd.Series([1] * 4, name="customer")

    with pytest.raises(DatasetError, match=r"fit.early_stopping: the 4 training rows cannot be split again"):
        rows_of(["no", "yes"] * 2, groups=groups, spec={"group_column": "customer"}).set_aside(
            "classification"
        )


REFUSED = [
    ("sklearn.linear_model.Ridge", {}, "Ridge cannot stop at rows set aside for it; choose a boosting class"),
    ("sklearn.linear_model.SGDClassifier", {}, "SGDClassifier sets rows aside at random by itself"),
    ("sklearn.ensemble.GradientBoostingRegressor", {}, "sets rows aside at random by itself"),
    ("sklearn.neural_network.MLPClassifier", {}, "sets rows aside at random by itself"),
    ("xgboost.XGBRFClassifier", {}, "XGBRFClassifier cannot stop"),
    (
        "xgboost.XGBClassifier",
        {"early_stopping_rounds": 3},
        '"early_stopping_rounds" and fit.early_stopping both',
    ),
    ("xgboost.XGBClassifier", {"booster": "dart"}, 'with "booster": dart'),
    (
        "lightgbm.LGBMClassifier",
        {"early_stopping_round": 3},
        '"early_stopping_round" and fit.early_stopping both',
    ),
    ("lightgbm.LGBMClassifier", {"n_iter_no_change": 3}, '"n_iter_no_change" and fit.early_stopping both'),
    ("lightgbm.LGBMClassifier", {"boosting": "dart"}, 'with "boosting": dart'),
    ("lightgbm.LGBMClassifier", {"boosting_type": "dart"}, 'with "boosting_type": dart'),
    ("catboost.CatBoostClassifier", {"od_wait": 3}, '"od_wait" and fit.early_stopping both'),
    (f"{HISTOGRAMS}Classifier", {"early_stopping": True}, '"early_stopping" and fit.early_stopping both'),
    (f"{HISTOGRAMS}Classifier", {"validation_fraction": 0.2}, '"validation_fraction" and fit.early_stopping'),
]


@pytest.mark.parametrize(("path", "params", "text"), REFUSED)
def test_what_cannot_stop_so_is_refused_at_validate_and_in_training(path, params, text, train_petrol):
    pytest.importorskip(path.partition(".")[0])
    [problem] = check_library_class(path, params, incremental=False, followed=frozenset({"early_stopping"}))
    assert text in problem
    with pytest.raises(ModelCodeError) as error:
        train_petrol(model=ClassModel(path), params=params, stopping_rounds=5)
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("xgboost.XGBRegressor", {"early_stopping_rounds": 30}),
        ("lightgbm.LGBMClassifier", {"n_iter_no_change": 30}),
    ],
)
def test_params_that_stop_by_no_rows_are_refused_at_validate(path, params):
    pytest.importorskip(path.partition(".")[0])
    [problem] = check_library_class(path, params, incremental=False)
    [name] = params
    assert problem == (
        f'"{name}" needs rows to stop by, which nothing sets aside; write fit: {{early_stopping: 30}} instead'
    )


def test_a_module_stops_its_own_fit(train_petrol):
    with pytest.raises(ModelCodeError, match="does not apply to random_forest: it needs a library class"):
        train_petrol(stopping_rounds=5)
