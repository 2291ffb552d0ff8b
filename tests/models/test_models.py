"""The models that come with the project."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from sklearn.base import clone

from include.models import random_forest, wine_classifier
from refinery.spec.training import ModuleModel
from refinery.training.user_code.modules import import_model_module

INCLUDE = Path(__file__).parents[2] / "include"


@pytest.mark.parametrize(
    ("name", "function"), [("random_forest", "build_model"), ("wine_classifier", "train")]
)
def test_each_module_brings_one_function(name, function):
    module = import_model_module(ModuleModel(name), INCLUDE / "models")

    assert module.function_name == function


def test_the_forest_is_the_labs_behind_its_scaler():
    model = random_forest.build_model()

    assert list(model.named_steps) == ["scaler", "forest"]
    assert model.named_steps["forest"].n_estimators == 200
    assert model.named_steps["forest"].random_state == 0
    assert clone(model).get_params().keys() == model.get_params().keys()


def test_the_wine_script_writes_the_model_whose_scores_it_returns(tmp_path):
    scores = wine_classifier.train(
        str(INCLUDE / "sample_data/datasets/wine_cultivar.csv"), str(tmp_path / "model.pkl")
    )

    assert scores == pytest.approx({"accuracy": 1.0, "f1": 1.0}, abs=0.05)
    assert pickle.loads((tmp_path / "model.pkl").read_bytes()).classes_.tolist() == [0, 1, 2]
