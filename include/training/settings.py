"""Reads a training step's settings, as a rendered DAG has them, into what the training library is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.training.source_options import SourceOptions
from include.training.spec import ClassModel, ModuleModel, ScriptModel, TrainingSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def read_settings(
    *,
    models_dir: Path,
    model: Mapping[str, Any],
    target: str | int | None = None,
    features: Sequence[str] | None = None,
    source_options: Mapping[str, Any] | None = None,
    evaluate: Mapping[str, Any] | None = None,
    expect: Mapping[str, Any] | None = None,
    preprocess: str = "auto",
    batch_rows: int | None = None,
    require: Mapping[str, Mapping[str, Any]] | None = None,
    gate: str = "fail",
    timeout: float | None = None,
) -> TrainingSpec:
    """Make a spec of a step's settings.

    Args:
        models_dir: The folder that module names are looked up in.
        model: `module`, `class` or `script` with `args` and `env`; `params`, `format` and `trusted` types.
        target: The column to predict.
        features: The columns to learn from.
        source_options: How to read the dataset; see `SourceOptions`.
        evaluate: How the model is measured, by the names of `TrainingSpec`.
        expect: The data contract.
        preprocess: "auto" or "none".
        batch_rows: How many rows to learn from at once; None reads the dataset as a whole.
        require: The gates, by metric.
        gate: What a failed gate does: "fail" or "warn".
        timeout: How long a script may run, in seconds.
    """
    return TrainingSpec(
        model=_model(model),
        models_dir=models_dir,
        params=model.get("params") or {},
        target=target,
        features=tuple(features) if features else None,
        source=SourceOptions.from_dict(source_options or {}),
        expect=expect,
        preprocess=preprocess,
        batch_rows=batch_rows,
        require=require or {},
        gate=gate,
        model_format=model.get("format") or "pickle",
        trusted=tuple(model.get("trusted") or ()),
        timeout=timeout,
        **evaluate or {},
    )


def _model(model: Mapping[str, Any]) -> ModuleModel | ClassModel | ScriptModel:
    if "module" in model:
        return ModuleModel(model["module"])
    if "class" in model:
        return ClassModel(model["class"])
    return ScriptModel(model["script"], tuple(model.get("args") or ()), model.get("env") or {})
