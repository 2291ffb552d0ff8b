"""The JSON Schema with which editors check and complete configs, made from the keys' models."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from refinery.config.folder import DiskFolder
from refinery.config.models.model import MODEL_KEYS
from refinery.config.models.pipeline import PipelineConfig
from refinery.config.readings import Readings
from refinery.config.resolve.environment import LOCAL
from refinery.config.resolve.shared import SharedLayers
from refinery.spec.names import DEFAULTS
from refinery.spec.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {"$ref": "#/$defs/Variable"}
_VARIABLE_SCHEMA = {
    "type": "string",
    "pattern": r"\$\{[^{}]+\}",
    "description": "A value from the environment or the matrix: ${name} or ${matrix.name}.",
}
# What a defaults.yml may supply, so that editors do not require it in every config.
_SUPPLIED_BY = {"source": ("url",), "output": ("url",), "model": MODEL_KEYS}
_CHOICES = ("anyOf", "oneOf")
_DESCRIBING = ("description", "default", "examples")
_LIMITING_TEXT = ("pattern", "enum", "const", "format", "maxLength")


def json_schema(supplied: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the schema of a pipeline's config.

    Args:
        supplied: Those of source, model and output that defaults supply, so that a config may omit them.
    """
    schema = PipelineConfig.model_json_schema(schema_generator=_Generator)
    definitions = {
        name: _allow_variable(_tidy(definition)) for name, definition in sorted(schema.pop("$defs").items())
    }
    for key in supplied:
        _require_nothing(definitions[f"{key.title()}Config"])
    root = _tidy(schema)
    root["required"] = [key for key in root["required"] if key not in supplied]
    definitions["Variable"] = _VARIABLE_SCHEMA
    return {"$schema": _DIALECT, "title": "A Refinery pipeline", **root, "$defs": definitions}


def project_schema(configs_dir: Path) -> dict[str, Any]:
    """Return the schema for one project: what any of its defaults supplies is not required in a config."""
    layers = SharedLayers(DiskFolder(configs_dir), LOCAL, Readings())
    supplied: set[str] = set()
    for file in configs_dir.rglob(f"{DEFAULTS}.y*ml"):
        tree = layers.below(file.parent.relative_to(configs_dir).parts).tree
        for key, names in _SUPPLIED_BY.items():
            section = tree.entries.get(key) if tree else None
            if section and set(names) & set(section.entries):
                supplied.add(key)
    return json_schema(frozenset(supplied))


class _Generator(GenerateJsonSchema):
    """Writes defaults as in configs."""

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, dt.timedelta) else super().encode_default(dft)


def _require_nothing(section: dict[str, Any]) -> None:
    for form in section["anyOf"]:
        form.pop("required", None)
        form.pop("oneOf", None)
        form.pop("dependentRequired", None)


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop the titles that repeat the keys, and allow a variable for each value that is not free text."""
    tidied = {key: value for key, value in schema.items() if key != "title"}
    if "properties" in tidied:
        tidied["properties"] = {
            name: _allow_variable(_tidy(one)) for name, one in tidied["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(tidied.get(key), dict):
            tidied[key] = _allow_variable(_tidy(tidied[key]))
    for key in _CHOICES:
        if key in tidied:
            tidied[key] = [_tidy(choice) for choice in tidied[key]]
    return tidied


def _allow_variable(schema: dict[str, Any]) -> dict[str, Any]:
    choices = list(_choices(schema))
    if any(_takes_any_text(choice) for choice in choices) or not any(_is_value(choice) for choice in choices):
        return schema
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], _VARIABLE]}
    described = {key: schema[key] for key in _DESCRIBING if key in schema}
    checked = {key: value for key, value in schema.items() if key not in described}
    return {**described, "anyOf": [checked, _VARIABLE]}


def _choices(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    found = [choice for key in _CHOICES for choice in schema.get(key, [])]
    if not found:
        yield schema
    for choice in found:
        yield from _choices(choice)


def _is_value(schema: dict[str, Any]) -> bool:
    return not {"object", "array", "null"} & set(_types(schema)) and "$ref" not in schema


def _takes_any_text(schema: dict[str, Any]) -> bool:
    return "string" in _types(schema) and not any(limit in schema for limit in _LIMITING_TEXT)


def _types(schema: dict[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)
