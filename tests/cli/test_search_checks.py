"""`refinery validate` checks candidates and search spaces by the libraries' own constraints."""

from __future__ import annotations

import pytest

from refinery.cli.library_classes import check_library_classes
from refinery.config import load_project

RIDGE, LOGISTIC = "sklearn.linear_model.Ridge", "sklearn.linear_model.LogisticRegression"


@pytest.fixture
def problems(tmp_path):
    """Load a config with a model and a search, and return its problems as places and messages."""

    def problems(model, search=""):
        (tmp_path / "configs").mkdir()
        text = f"source: s3://data/x.csv\nmodel: {model}\noutput: s3://models/p/{{{{ ds }}}}/\n{search}"
        (tmp_path / "configs/p.yml").write_text(text)
        read = load_project(
            tmp_path / "configs", models_dir=tmp_path / "models", check_classes=check_library_classes
        )
        return [f"{problem.key}: {problem.message}" for problem in read.problems]

    return problems


def candidates(*items):
    return f"{{candidates: [{', '.join(items)}]}}"


@pytest.mark.parametrize(
    ("model", "search"),
    [
        (f"{{class: {RIDGE}, search: {{alpha: 0.001..100.0 log, solver: [auto, svd]}}}}", "search: {by: mae}\n"),
        (
            "{class: lightgbm.LGBMClassifier, search: {num_leaves: 15..255 log, max_depth: [3, 5, 8, -1]}}",
            "search: {by: roc_auc}\n",
        ),
        ("{class: xgboost.XGBClassifier, search: {eta: 0.01..0.3 log, max_depth: 2..9}}", ""),
        (candidates(f"{{class: {RIDGE}}}", "{class: sklearn.dummy.DummyRegressor}"), ""),
        (
            candidates(
                f"{{class: {LOGISTIC}}}",
                f"{{steps: [{{class: sklearn.decomposition.PCA, search: {{n_components: 1..9}}}}, {{class: {LOGISTIC}}}]}}",
            ),
            "",
        ),
        ("{class: sklearn.ensemble.RandomForestRegressor, search: {max_features: 0.1..1.0, max_depth: 2..20}}", ""),
    ],
)  # fmt: skip
def test_what_the_class_takes_may_be_searched(problems, model, search):
    assert problems(model, search) == []


@pytest.mark.parametrize(
    ("model", "search", "expected"),
    [
        (
            f"{{class: {RIDGE}, search: {{alhpa: 1..5}}}}",
            "",
            'model.search.alhpa: Ridge takes no parameter "alhpa"; did you mean alpha?',
        ),
        (
            f"{{class: {RIDGE}, search: {{alpha: -1..5}}}}",
            "",
            'model.search.alpha: the "alpha" parameter of Ridge must be a float in the range [0.0, inf)',
        ),
        (
            f"{{class: {RIDGE}, search: {{max_iter: 0.5..3.5}}}}",
            "",
            'model.search.max_iter: the "max_iter" parameter of Ridge must be an int in the range [1, inf)',
        ),
        (
            f"{{class: {RIDGE}, search: {{solver: [auto, fastest]}}}}",
            "",
            'model.search.solver: the "solver" parameter of Ridge must be a str among',
        ),
        (
            "{class: sklearn.ensemble.RandomForestRegressor, search: {max_features: 0.5..1.5}}",
            "",
            'model.search.max_features: the "max_features" parameter of RandomForestRegressor must be',
        ),
        (
            "{class: xgboost.XGBRegressor, search: {max_depth: -3..5}}",
            "",
            'model.search.max_depth: XGBRegressor refuses "max_depth": value -3',
        ),
        (
            "{class: lightgbm.LGBMRegressor, search: {num_leaves: 15..500000}}",
            "",
            'model.search.num_leaves: LGBMRegressor refuses "num_leaves"',
        ),
        (
            "{class: lightgbm.LGBMRegressor, params: {max_leaf: 7}, search: {num_leaves: 15..50}}",
            "",
            "set the same parameter of LGBMRegressor; keep one",
        ),
        (
            candidates(f"{{class: {RIDGE}}}", f"{{class: {LOGISTIC}}}"),
            "",
            "model.candidates[1].class: LogisticRegression does classification, and Ridge, the first candidate, does regression",
        ),
        (
            candidates(f"{{class: {RIDGE}}}", "{class: sklearn.linear_model.Laso}"),
            "",
            "model.candidates[1].class: there is no sklearn.linear_model.Laso",
        ),
        (
            candidates(f"{{class: {RIDGE}}}", "{class: sklearn.cluster.KMeans}"),
            "",
            "model.candidates[1].class: sklearn.cluster.KMeans: KMeans groups rows",
        ),
        (
            candidates(f"{{class: {RIDGE}}}", f"{{steps: [{{class: sklearn.decomposition.PCA, search: {{n_components: 0..9}}}}, {{class: {RIDGE}, params: {{alpha: x}}}}]}}"),
            "",
            'model.candidates[1].steps[1].params.alpha: the "alpha" parameter of Ridge must be',
        ),
        (
            f"{{class: {RIDGE}, search: {{alpha: 1..5}}}}",
            "search: {by: roc_auc}\n",
            'search.by: "roc_auc" does not measure regression, which Ridge does; write rmse, mae, r2',
        ),
        (
            f"{{class: {LOGISTIC}, search: {{C: 0.1..5.0}}}}",
            "search: {by: rmse}\n",
            'search.by: "rmse" does not measure classification, which LogisticRegression does; write roc_auc',
        ),
    ],
)  # fmt: skip
def test_what_it_does_not_take_is_reported_at_its_place(problems, model, search, expected):
    found = problems(model, search)
    assert any(expected in problem for problem in found), found


def test_a_missing_optuna_is_reported_with_the_line_to_add(problems, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "optuna" else real(name, *rest)
    )
    [problem] = problems(f"{{class: {RIDGE}, search: {{alpha: 1..5}}}}")
    assert 'optuna is not installed; add the line "optuna" to requirements.txt' in problem
