"""Record a training's spec in a manifest, and restore it, so that the model can be made again from its manifest alone.

What a manifest records is checked by the rules for configs: JSON from S3 may ask for no more than a config may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from refinery.config.models import PipelineConfig, SourceConfig
from refinery.registry.errors import RegistryError
from refinery.spec.errors import SpecError
from refinery.spec.json_keys import restore_keys
from refinery.spec.libraries import ALLOWED_LIBRARIES, library_problem
from refinery.spec.training import KEYS
from refinery.training import CandidatesModel, ClassModel, StepsModel, TrainingSpec, json_ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

S = TypeVar("S", PipelineConfig, SourceConfig)

# Its key in a manifest's provenance.
SPEC = "spec"
# What manifests with a spec's own fields say of a contract, though it is the default.
_ALWAYS_SAID = {"unique": False, "other_columns": True, "columns": {}}
_NEVER = object()
_NO_WINNER = "its manifest does not name the model that its search found"
# What a config says of a model's file, whatever the model is.
_OF_FILES = ("format", "trusted")
# An output for the check alone.
_OUTPUT = "s3://models/any/{{ ds }}/"


class _ForbiddenSettingError(ValueError):
    """A manifest records what a config must not say."""


def record_spec(spec: TrainingSpec) -> dict[str, Any]:
    """Return a spec as a JSON object, by the keys of a config: what differs from the defaults."""
    recorded: dict[str, Any] = json_ready(spec.to_dict())
    return recorded


def check_recorded_source(options: Mapping[str, Any]) -> None:
    """Check the options that a manifest records for reading files like its dataset.

    Raises:
        ValueError: A config must not say them; the text names the key and the reason.
    """
    given = {name: value for name, value in options.items() if name != "drop"}
    _validate(SourceConfig, {**given, "url": ["s3://datasets/any"]})


def read_sections(recorded: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a recorded spec by the keys of a config, as `record_spec` writes it; older manifests have the spec's own fields.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: It is neither.
    """
    if "kind" not in recorded["model"]:
        return recorded
    model, source = dict(recorded["model"]), dict(recorded["source"])
    kind = model.pop("kind")
    name = model.pop("path" if kind == "class" else "name")
    sections: dict[str, Any] = {"model": {str(kind): name, **model}, "preprocess": "none"}
    if "drop" in source:
        sections["drop"] = source.pop("drop")
    sections["source"] = source
    for field, value in recorded.items():
        if field in ("model", "source"):
            continue
        *above, key = KEYS.get(field, (field,))
        section = sections.setdefault(above[0], {}) if above else sections
        section[key] = _without_defaults(value) if field == "expect" else value
    if "batch_rows" in recorded:
        sections["fit"]["mode"] = "incremental"
    return sections


def _without_defaults(expect: Any) -> Any:
    if not isinstance(expect, dict):
        return expect
    said = {name: value for name, value in expect.items() if _ALWAYS_SAID.get(name, _NEVER) != value}
    return {name: _without_defaults(value) for name, value in said.items()}


def restore_spec(
    manifest: Mapping[str, Any],
    models_dir: Path,
    location: str,
    libraries: Sequence[str] = ALLOWED_LIBRARIES,
) -> TrainingSpec:
    """Restore the spec that a manifest records, provided that a config could ask for it.

    Args:
        manifest: The model's manifest.
        models_dir: The folder of the model modules.
        location: The model's prefix, for the error.
        libraries: The libraries whose classes the project's configs may name.

    Raises:
        RegistryError: It records none, one that this version does not know, or what a config must not say.
    """
    recorded = (manifest.get("provenance") or {}).get(SPEC)
    if not recorded:
        raise _unverifiable(location, "its manifest does not record the training's settings")
    for name in ("dataset", "config"):
        if not isinstance(manifest["provenance"].get(name) or {}, dict):
            raise _unverifiable(location, f"its manifest is damaged (provenance.{name} is not a mapping)")
    urls = dataset_urls(manifest, location)
    try:
        sections = read_sections(recorded)
        _check_sections(sections, urls, libraries)
        return TrainingSpec.from_dict(sections, models_dir)
    except _ForbiddenSettingError as error:
        raise _unverifiable(location, f"its manifest says what a config must not say ({error})") from error
    except (KeyError, TypeError, ValueError, AttributeError, SpecError) as error:
        reason = str(error).rstrip(".")
        problem = f"its manifest was written by another version of the project ({reason})"
        raise _unverifiable(location, problem) from error


def restore_winner(
    spec: TrainingSpec,
    manifest: Mapping[str, Any],
    location: str,
    libraries: Sequence[str] = ALLOWED_LIBRARIES,
) -> TrainingSpec:
    """Return the spec of the model that a search has found, so that it can be made again without one; other specs stay as they are.

    Args:
        spec: What was asked for.
        manifest: The model's manifest, which names the winner.
        location: The model's prefix, for the error.
        libraries: The libraries whose classes the project's configs may name.

    Raises:
        RegistryError: It names none, or what a config must not say.
    """
    if not isinstance(spec.model, CandidatesModel):
        return spec
    try:
        winner = dict(manifest["search"]["winner"])
        recorded = record_spec(spec)
        recorded["model"] = {
            **winner,
            **{key: recorded["model"][key] for key in _OF_FILES if key in recorded["model"]},
        }
        recorded.pop("search", None)
        _check_sections(recorded, dataset_urls(manifest, location), libraries)
        found = TrainingSpec.from_dict(recorded, spec.models_dir)
        if isinstance(found.model, ClassModel | StepsModel):
            return found
    except _ForbiddenSettingError as error:
        raise _unverifiable(location, f"its manifest says what a config must not say ({error})") from error
    except (KeyError, TypeError, ValueError, AttributeError, SpecError) as error:
        raise _unverifiable(location, _NO_WINNER) from error
    raise _unverifiable(location, _NO_WINNER)


def dataset_urls(manifest: Mapping[str, Any], location: str) -> list[str]:
    """Return the URLs of the dataset that a manifest names, in the order of its files.

    Raises:
        RegistryError: It does not say it.
    """
    dataset = manifest["provenance"].get("dataset") or {}
    try:
        urls = [file["url"] for file in dataset.get("files", [dataset]) if "url" in file]
    except (TypeError, AttributeError) as error:
        raise _unverifiable(location, f"its manifest is damaged ({error})") from error
    if not urls:
        raise _unverifiable(location, "its manifest does not name the dataset's URL")
    return urls


def _check_sections(sections: Mapping[str, Any], urls: Sequence[str], libraries: Sequence[str]) -> None:
    """Check that a config could have asked for a recorded training.

    Args:
        sections: What is recorded, by the keys of a config.
        urls: Where the dataset is.
        libraries: The libraries whose classes a config may name.

    Raises:
        _ForbiddenSettingError: A config must not; the text names the key and the reason.
        ValueError: A config does not have one of the keys.
    """
    config = dict(sections)
    if "timeout" in config:  # of the script, in seconds
        _check_timeout(config.pop("timeout"))
    source = {**config.get("source", {}), "url": list(urls)}
    wanted = _validate(PipelineConfig, restore_keys({**config, "source": source, "output": {"url": _OUTPUT}}))
    for path in wanted.model.class_paths:
        if problem := library_problem(path, libraries):
            key = next(key for key in ("class_", "steps", "candidates") if getattr(wanted.model, key)).strip(
                "_"
            )
            raise _ForbiddenSettingError(f"model.{key}: {problem}")


def _check_timeout(value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise _ForbiddenSettingError(f"timeout is {value!r:.60}, not a number of seconds")


def _validate(section: type[S], values: dict[str, Any]) -> S:
    try:
        return section.model_validate(values)
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        details: dict[str, Any] = first.get("ctx", {})
        place = ".".join(map(str, (*first["loc"], *details.get("at", ()))))
        if first["type"] == "extra_forbidden":
            raise ValueError(f"it has the key {place}") from error
        raise _ForbiddenSettingError(f"{place}: {details.get('reason') or first['msg']}") from error


def _unverifiable(location: str, problem: str) -> RegistryError:
    return RegistryError(f"{location} cannot be verified: {problem}.")
