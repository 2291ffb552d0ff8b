"""Writes down what a training was told, and reads it again, so that a model can be made once more from its manifest alone."""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields
from typing import TYPE_CHECKING, Any

from include.registry.errors import NotVerifiableError
from include.training import ClassModel, ModuleModel, ScriptModel, SourceOptions, TrainingSpec
from include.training.output import json_ready

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Where a manifest keeps it, in its provenance.
SPEC = "spec"
_MODEL_KINDS: dict[str, Any] = {"class": ClassModel, "module": ModuleModel, "script": ScriptModel}
# Written in a way of its own, or another on every machine.
_APART = ("model", "models_dir", "source")


def record_spec(spec: TrainingSpec) -> dict[str, Any]:
    """Return a spec as a JSON object: its model, its source's options, and what else is not as by default."""
    kinds = {model_class: kind for kind, model_class in _MODEL_KINDS.items()}
    settings = {
        field.name: getattr(spec, field.name)
        for field in fields(spec)
        if field.name not in _APART and getattr(spec, field.name) != _default(field)
    }
    recorded: dict[str, Any] = json_ready(
        {
            "model": {"kind": kinds[type(spec.model)], **asdict(spec.model)},
            "source": spec.source.to_dict(),
            **settings,
        }
    )
    return recorded


def restore_spec(manifest: Mapping[str, Any], models_dir: Path, location: str) -> TrainingSpec:
    """Read the spec that a manifest records.

    Args:
        manifest: The model's manifest.
        models_dir: The folder of the model modules.
        location: The model's prefix, for the error.

    Raises:
        NotVerifiableError: It records none, or one that this version does not understand.
    """
    recorded = (manifest.get("provenance") or {}).get(SPEC)
    if not recorded:
        raise NotVerifiableError(location, "its manifest does not record what the training was told")
    try:
        model = dict(recorded["model"])
        settings = {name: _as_tuple(value) for name, value in recorded.items() if name not in _APART}
        return TrainingSpec(
            model=_MODEL_KINDS[model.pop("kind")](**model),
            models_dir=models_dir,
            source=SourceOptions.from_dict(recorded["source"]),
            **settings,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"its manifest was written by another version of the project ({error})"
        raise NotVerifiableError(location, problem) from error


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
