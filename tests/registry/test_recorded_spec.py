"""What a training was told survives its way through the manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.registry import record_spec
from include.registry.recorded_spec import restore_spec
from include.training import ClassModel, ModuleModel, SourceOptions, TrainingSpec

MODELS = Path("include/models")


@pytest.mark.parametrize(
    "spec",
    [
        TrainingSpec(model=ModuleModel("team_a.churn"), models_dir=MODELS),
        TrainingSpec(
            model=ClassModel("sklearn.linear_model.Ridge"),
            models_dir=MODELS,
            params={"alpha": 0.5, "names": ["a", "b"], "nothing": None, "nested": {"x": [1]}},
            target=-1,
            features=("a", "b"),
            test_size=0.3,
            random_state=7,
            positive_class=False,
            source=SourceOptions(separator=";", null_values=("?", -200), dtypes={"zip": "str"}, header=False),
        ),
    ],
)
def test_it_is_the_same_after_a_way_through_json(spec):
    recorded = json.loads(json.dumps(record_spec(spec)))
    assert restore_spec({"provenance": {"spec": recorded}}, MODELS, "s3://models/x/") == spec


def test_what_is_as_by_default_is_not_written_so_that_new_settings_change_nothing():
    spec = TrainingSpec(model=ModuleModel("churn"), models_dir=MODELS)
    assert record_spec(spec) == {"model": {"kind": "module", "name": "churn"}, "source": {}}
