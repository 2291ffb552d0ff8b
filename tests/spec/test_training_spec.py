"""A training's spec is carried as the keys of a config, and comes out of them as it went in."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinery.config.models.evaluate import ThresholdConfig
from refinery.config.models.model import EarlyStoppingConfig
from refinery.config.models.pipeline import PipelineConfig
from refinery.spec.errors import SpecError
from refinery.spec.training import (
    KEYS,
    SECTIONS,
    Candidate,
    CandidatesModel,
    ClassModel,
    ModuleModel,
    ScriptModel,
    SourceOptions,
    Step,
    StepsModel,
    TrainingSpec,
)

MODELS = Path("include/models")
RIDGE = {"class": "sklearn.linear_model.Ridge"}

names = st.text(min_size=1, max_size=8)
numbers = st.integers() | st.floats(allow_nan=False)
plain = names | numbers | st.booleans()
params = st.dictionaries(
    names,
    st.recursive(
        st.none() | plain,
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(names | st.integers() | st.booleans() | st.none(), inner, max_size=2)
        ),
        max_leaves=4,
    ),
    max_size=3,
)
spaces = st.dictionaries(names, st.just("1..9 log") | st.lists(st.none() | plain, max_size=2), max_size=2)
several = st.lists(names, min_size=1, max_size=3).map(tuple)
sources = st.builds(
    SourceOptions,
    separator=st.none() | names,
    header=st.none() | st.booleans(),
    null_values=st.just(()) | several,
    default_nulls=st.booleans(),
    dtypes=st.dictionaries(names, st.sampled_from(["str", "int"]), max_size=2),
    dates=several | st.dictionaries(names, names, max_size=2),
    numbers=st.dictionaries(names, st.fixed_dictionaries({"prefix": st.lists(names)}), max_size=2),
    drop=st.just(()) | several,
)
models = (
    st.builds(ModuleModel, names)
    | st.builds(ClassModel, names)
    | st.builds(StepsModel, st.lists(st.builds(Step, names, params), min_size=1, max_size=3).map(tuple))
    | st.builds(
        CandidatesModel,
        st.lists(
            st.builds(
                Candidate,
                st.lists(st.builds(Step, names, params, spaces), min_size=1, max_size=2).map(tuple),
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
    )
    | st.builds(
        ScriptModel,
        names,
        args=st.just(()) | several,
        env=st.dictionaries(names, names, max_size=2),
        file=st.none() | names,
    )
)
specs = st.builds(
    TrainingSpec,
    model=models,
    models_dir=st.just(MODELS),
    source=sources,
    params=params,
    model_format=st.sampled_from(["pickle", "skops", "onnx"]),
    trusted=st.just(()) | several,
    target=st.none() | names | st.integers(-3, 3),
    missing_target=st.sampled_from(["error", "drop"]),
    features=st.none() | several,
    test_size=st.floats(0.01, 0.99),
    random_state=st.integers(0, 2**32 - 1),
    stratify=st.booleans(),
    time_column=st.none() | names,
    group_column=st.none() | names,
    weight=st.none() | names,
    stopping_rounds=st.none() | st.integers(1, 99),
    stopping_share=st.floats(0.01, 0.99),
    threshold=st.none() | st.floats(0.01, 0.99),
    maximize=st.none() | names,
    calibrate=st.none() | st.sampled_from(["isotonic", "sigmoid"]),
    gap=st.integers(0, 99),
    cross_validation=st.none() | st.integers(2, 9),
    metrics=st.none() | several,
    positive_class=st.none() | plain,
    require=st.dictionaries(names, st.fixed_dictionaries({"min": numbers}), max_size=2),
    gate=st.sampled_from(["fail", "warn"]),
    expect=st.none() | st.fixed_dictionaries({"columns": st.dictionaries(names, st.just({"nulls": 0}))}),
    preprocess=st.sampled_from(["auto", "none"]),
    batch_rows=st.none() | st.integers(1, 10**6),
    search_by=st.none() | names,
    search_trials=st.integers(1, 99),
    search_minutes=st.none() | st.floats(1, 1e6),
    search_folds=st.integers(2, 9),
    timeout=st.none() | st.floats(1, 1e6),
)


@settings(deadline=None)
@given(specs)
def test_any_spec_is_the_same_after_a_way_through_json(spec):
    assert TrainingSpec.from_dict(json.loads(json.dumps(spec.to_dict())), MODELS) == spec


def test_each_field_is_generated_above():
    assert {field.name for field in fields(TrainingSpec)} == {*KEYS, "model", "models_dir", "source"}


def test_what_is_as_by_default_is_not_written():
    spec = TrainingSpec(model=ModuleModel("churn"), models_dir=MODELS)
    assert spec.to_dict() == {"model": {"module": "churn"}}


def test_it_is_written_by_the_keys_of_a_config():
    spec = TrainingSpec(
        model=ClassModel(RIDGE["class"]),
        models_dir=MODELS,
        params={"weights": {0: 1}},
        model_format="skops",
        source=SourceOptions(separator=";", drop=("id",)),
        target="y",
        missing_target="drop",
        test_size=0.3,
        batch_rows=500,
        preprocess="none",
    )
    assert spec.to_dict() == {
        "model": {**RIDGE, "params": {"weights": {"__pairs__": [[0, 1]]}}, "format": "skops"},
        "source": {"separator": ";"},
        "drop": ["id"],
        "target": {"column": "y", "missing": "drop"},
        "evaluate": {"test_size": 0.3},
        "preprocess": "none",
        "fit": {"mode": "incremental", "batch_rows": 500},
    }


@pytest.mark.parametrize(
    "nothing",
    [
        {"evaluate": {}},
        {"evaluate": {"metrics": None, "stratify": None}},
        {"features": [], "drop": ()},
        {"target": {"column": None}},
        {"source": {"columns": None, "null_values": []}},
        {"fit": {"mode": "whole", "batch_rows": 500}},
    ],
)
def test_a_key_without_a_value_is_as_by_default(nothing):
    assert TrainingSpec.from_dict({"model": RIDGE, **nothing}, MODELS) == TrainingSpec.from_dict(
        {"model": RIDGE}, MODELS
    )


def test_an_incremental_fit_has_batches_though_it_says_no_size():
    spec = TrainingSpec.from_dict({"model": RIDGE, "fit": {"mode": "incremental"}}, MODELS)
    assert spec.batch_rows == PipelineConfig.model_fields["fit"].default.batch_rows


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"model": RIDGE, "evaluate": {"testsize": 1}},
            'training.evaluate.testsize: unknown key; did you mean "evaluate.test_size"?',
        ),
        ({"model": RIDGE, "color": "red"}, "training.color: unknown key."),
        ({"model": RIDGE, "models_dir": "/tmp"}, "training.models_dir: unknown key."),
        ({"model": RIDGE, "source": {"url": ["s3://data/x.csv"]}}, "training.source.url: unknown key"),
        ({"model": {**RIDGE, "script": "x.py"}}, "training.model.script: unknown key"),
        ({"model": {**RIDGE, "args": ["x"]}}, "training.model.args: unknown key"),
        ({"model": RIDGE, "evaluate": 5}, "training.evaluate: is 5; write a mapping of keys."),
        (
            {"model": {"params": {}}},
            'training.model: does not name a model; add "module", "class", "steps", "candidates" or "script".',
        ),
    ],
)
def test_what_is_no_setting_is_refused(sections, message):
    with pytest.raises(SpecError) as raised:
        TrainingSpec.from_dict(sections, MODELS)
    assert str(raised.value).startswith(message)


def test_each_key_of_a_config_that_says_what_is_trained_has_its_field():
    """Else a config that uses it would fail when it runs."""
    config = PipelineConfig.model_validate(
        {
            "source": {"url": ["s3://data/x.csv"]},
            "model": RIDGE,
            "output": {"url": "s3://models/x/{{ ds }}/"},
            "target": {},
            "expect": {},
            "search": {},
        }
    )
    own = {
        ("fit", "mode"),
        *(
            ("model", key)
            for key in ("module", "class", "steps", "candidates", "search", "script", "args", "env", "file")
        ),
    }
    # These are groups of keys themselves.
    inner = {("fit", "early_stopping"): EarlyStoppingConfig, ("evaluate", "threshold"): ThresholdConfig}
    keys = {(*path, key) for path, group in inner.items() for key in group.model_fields}
    for name in SECTIONS - {"source", "drop"}:
        section = getattr(config, name)
        whole = (name,) in KEYS.values()
        keys |= (
            {(name,)}
            if whole
            else {(name, field.alias or key) for key, field in type(section).model_fields.items()}
        )
    assert keys - own - set(inner) == set(KEYS.values()) - {("timeout",)}
    reading = {field.name for field in fields(SourceOptions)} - {"drop"}
    assert type(config.source).model_fields.keys() - {"url", "connection"} == reading
