"""Find the group of keys at a place of a config."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, get_args, get_origin

from refinery.config.models.base import Section
from refinery.config.models.schedule import AS_ASSETS, AS_EVERY, AssetSchedule, EverySchedule

_CHOSEN_BY_TAG: dict[str | int, type[Section]] = {AS_EVERY: EverySchedule, AS_ASSETS: AssetSchedule}


def find_section(model: type[Section], loc: tuple[str | int, ...]) -> type[Section]:
    """Follow the names of an error's place through the models, skipping list positions."""
    for part in loc:
        if part in _CHOSEN_BY_TAG:
            model = _CHOSEN_BY_TAG[part]
        elif isinstance(part, str):
            model = _fields_sections(model).get(part, model)
    return model


def key_names(section: type[Section]) -> list[str]:
    """Return the keys of a group as a config writes them."""
    return [field.alias or name for name, field in section.model_fields.items()]


def sections_in(annotation: Any) -> list[type[Section]]:
    """Return the groups of keys in a type, in the type's order."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for inner in get_args(annotation) for section in sections_in(inner)]


def is_mapping(annotation: Any) -> bool:
    """Return whether a type's values are mappings with free keys."""
    return get_origin(annotation) is dict or any(is_mapping(inner) for inner in get_args(annotation))


@lru_cache(maxsize=64)
def _fields_sections(model: type[Section]) -> dict[str, type[Section]]:
    found = {
        (field.alias or name): sections_in(field.annotation) for name, field in model.model_fields.items()
    }
    return {name: sections[0] for name, sections in found.items() if sections}
