"""The reference page of the config language, made from the same models as the checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.config.checks.sections import is_mapping, sections_in
from refinery.config.models.pipeline import PipelineConfig
from refinery.config.models.variables import EnvironmentConfig
from refinery.config.schema import json_schema
from refinery.spec.units import DURATION_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from refinery.config.models.base import Section

_FRAME = Path(__file__).with_name("page.md")
# The page mentions once that a variable may stand for a value, and that null is the default.
_IMPLIED = ({"$ref": "#/$defs/Variable"}, {"type": "null"})
_HEADER = "| key | value | default | meaning | example |\n|---|---|---|---|---|"
# The key's meaning explains longer lists of choices.
_MAX_CHOICES = 10
_TYPE_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "mapping",
}


def configuration_page() -> str:
    """Return the page in Markdown: how configs are read, and every key with its type, default and an example."""
    first_titles: dict[type[Section], str] = {}
    for title, section in _sections("", PipelineConfig):
        first_titles.setdefault(section, title)
    schema = json_schema()
    tables = "\n\n".join(_section(title, section, schema) for section, title in first_titles.items())
    environment = _table(EnvironmentConfig, EnvironmentConfig.model_json_schema())
    return _FRAME.read_text().replace("<!-- keys -->", tables).replace("<!-- environment -->", environment)


def _sections(title: str, section: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    """Yield the groups of keys, each once, with the keys that lead to it."""
    yield title, section
    for name, field in section.model_fields.items():
        key = field.alias or name
        inner = sections_in(field.annotation)
        for one in inner:
            path = f"{title}.{key}" if title else key
            path = f"{path}.NAME" if is_mapping(field.annotation) else path
            # A key that takes one of several groups needs a heading for each.
            yield from _sections(path if len(inner) == 1 else f"{path}: {next(iter(one.model_fields))}", one)


def _section(title: str, section: type[Section], schema: dict[str, Any]) -> str:
    heading = f"### {title}\n\n{section.__doc__}\n\n" if title else ""
    return heading + _table(section, schema)


def _table(section: type[Section], schema: dict[str, Any]) -> str:
    rows = [_row(field.alias or name, field, section, schema) for name, field in section.model_fields.items()]
    return "\n".join((_HEADER, *rows))


def _row(key: str, field: FieldInfo, section: type[Section], schema: dict[str, Any]) -> str:
    own = (
        schema
        if section.__name__ == schema.get("title") or section is PipelineConfig
        else _find(schema, section)
    )
    value = own["properties"][key]
    default = "required" if field.is_required() else _default(value.get("default"))
    example = _code(field.examples[0]) if field.examples else ""
    cells = (f"`{key}`", _words(value, schema), default, field.description or "", example)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _find(schema: dict[str, Any], section: type[Section]) -> dict[str, Any]:
    definition: dict[str, Any] = schema["$defs"][section.__name__]
    return next((form for form in definition.get("anyOf", []) if "properties" in form), definition)


def _words(value: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        definition = schema["$defs"][name]
        return _words(definition, schema) if "anyOf" in definition else "keys"
    for choice in ("anyOf", "oneOf"):
        if choice in value and "properties" not in value:
            words = [_words(one, schema) for one in value[choice] if one not in _IMPLIED]
            return " or ".join(dict.fromkeys(words))
    return _plain_words(value, schema)


def _plain_words(value: dict[str, Any], schema: dict[str, Any]) -> str:
    if "enum" in value and len(value["enum"]) <= _MAX_CHOICES:
        return " or ".join(f"`{name}`" for name in value["enum"])
    if value.get("type") == "array":
        return f"list of {_words(value['items'], schema)}"
    if value.get("pattern") == DURATION_PATTERN:
        return "duration"
    if value.get("format") == "date":
        return "day"
    if value.get("type") == "object" and "properties" in value:
        return "keys"
    types = value.get("type", "any")
    return " or ".join(_TYPE_WORDS.get(one, one) for one in ([types] if isinstance(types, str) else types))


def _default(value: Any) -> str:
    return "" if value in (None, [], {}, "") or isinstance(value, dict) else _code(value)


def _code(value: Any) -> str:
    text = value if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False)
    return f"`{text}`"
