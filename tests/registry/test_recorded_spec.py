"""A training's spec survives the round trip through the manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from refinery.config import load_pipeline
from refinery.registry import record_spec
from refinery.registry.inputs import recorded_inputs
from refinery.registry.recorded_spec import restore_spec
from refinery.training import ClassModel, ModuleModel, ScriptModel, SourceOptions, TrainingSpec

MODELS = Path("include/models")


@pytest.mark.parametrize(
    "spec",
    [
        TrainingSpec(model=ModuleModel("churn"), models_dir=MODELS),
        TrainingSpec(
            model=ScriptModel("legacy.py", ("--out", "{model}"), {"A": "1"}, "model.joblib"),
            models_dir=MODELS,
            params={"weights": {0: 1, 1: 5}},
        ),
        TrainingSpec(
            model=ClassModel("sklearn.linear_model.LogisticRegression"),
            models_dir=MODELS,
            params={
                "class_weight": {0: 1, 1: 5},
                "mixed": {True: 1, None: 2, 0.5: 3, "1": 4, -1: [{0: {}}]},
                "text": "a\r\nb\n",
            },
        ),
        TrainingSpec(
            model=ClassModel("sklearn.linear_model.Ridge"),
            models_dir=MODELS,
            params={"alpha": 0.5, "names": ["a", "b"], "nothing": None, "nested": {"x": [1]}},
            target=-1,
            missing_target="drop",
            features=("a", "b"),
            test_size=0.3,
            random_state=7,
            positive_class=False,
            source=SourceOptions(
                separator=";",
                null_values=("?", -200),
                dtypes={"zip": "str"},
                numbers={"price": {"prefix": ["$"], "thousands": ","}, "size": {"units": {"k": 1000}}},
                header=False,
            ),
        ),
    ],
)
def test_it_is_the_same_after_a_way_through_json(spec):
    recorded = json.loads(json.dumps(record_spec(spec)))
    manifest = {"provenance": {"spec": recorded, "dataset": {"url": "s3://data/x.csv"}}}
    assert restore_spec(manifest, MODELS, "s3://models/x/") == spec


def test_what_is_as_by_default_is_not_written_so_that_new_settings_change_nothing():
    spec = TrainingSpec(model=ModuleModel("churn"), models_dir=MODELS)
    assert record_spec(spec) == {"model": {"module": "churn"}}


FORMER = json.loads(Path(__file__).with_name("former_specs.json").read_text())


@pytest.mark.parametrize("name", FORMER)
def test_what_a_former_version_recorded_is_what_the_config_says_today(name, tmp_path):
    """Neither is a model trained again for it, nor made again from other settings."""
    former = FORMER[name]
    (tmp_path / "churn.yml").write_text(former["config"])
    config = load_pipeline(tmp_path, "churn").config
    timeout = former["spec"]["timeout"]
    present = TrainingSpec.from_dict({**config.training, "timeout": timeout}, MODELS)

    manifest = {"provenance": {"spec": former["spec"], "dataset": {"url": "s3://data/x.csv"}}}
    assert restore_spec(manifest, MODELS, "s3://models/x/") == present
    today = {"provenance": {"spec": record_spec(present)}}
    assert settings_of(manifest) == settings_of(today)


def settings_of(manifest):
    inputs = recorded_inputs(manifest)
    return {name: value for name, value in inputs.items() if name.startswith("setting ")}
