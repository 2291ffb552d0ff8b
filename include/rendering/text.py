"""Writes a pipeline as the dag-factory YAML, or JSON, that it stands for."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import yaml

from include.errors import RefineryError
from include.rendering.dag_factory import AnyOf, dag_factory_config

if TYPE_CHECKING:
    from include.config import Pipeline

WIDTH = 100
# What dag-factory reads in a file otherwise than as plain data: keys that it acts on, and names that are no DAG's.
_ACTIVE_KEYS = ("__type__", "__args__", "__and__", "__or__", "__join__")
_RESERVED_NAMES = ("default", "task_groups")
# dag-factory puts environment variables in the place of $name anywhere in a file, but not of what YAML reads as the sign.
_DOLLAR, _ESCAPED_DOLLAR = "$", r"\x24"
# Also what some YAML readers take for the end of a line: only double quotes hold an escape.
_ONLY_IN_QUOTES = re.compile("[$\x85\u2028\u2029\ufeff]")


class NotDagFactoryError(RefineryError):
    """A pipeline that plain dag-factory would read as something else.

    Attributes:
        dag_id: The pipeline.
    """

    def __init__(self, dag_id: str, reason: str) -> None:
        self.dag_id = dag_id
        super().__init__(f'The pipeline "{dag_id}" cannot be written for plain dag-factory: {reason}')


def dag_factory_yaml(pipeline: Pipeline) -> str:
    """Return a pipeline's dag-factory YAML, which plain dag-factory loads to the same DAG.

    Raises:
        NotDagFactoryError: Its name or a key in its params means something else to dag-factory.
    """
    text = yaml.dump(_document(pipeline), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text.replace(_DOLLAR, _ESCAPED_DOLLAR)


def dag_factory_json(pipeline: Pipeline) -> str:
    """Return the same as JSON, for programs; days are texts.

    Raises:
        NotDagFactoryError: Its name or a key in its params means something else to dag-factory.
    """
    return json.dumps(_document(pipeline), indent=2, ensure_ascii=False, default=str) + "\n"


def _document(pipeline: Pipeline) -> dict[str, Any]:
    if pipeline.dag_id in _RESERVED_NAMES:
        raise NotDagFactoryError(
            pipeline.dag_id, "it gives that name a meaning of its own. Rename the config."
        )
    return {pipeline.dag_id: _notation(pipeline.dag_id, dag_factory_config(pipeline))}


def _notation(dag_id: str, value: Any) -> Any:
    """Write a value in dag-factory's notation of Python objects."""
    match value:
        case timedelta():
            return {"__type__": "datetime.timedelta", "seconds": int(value.total_seconds())}
        case AnyOf():
            assets = [{"__type__": "airflow.sdk.Asset", "__args__": [uri]} for uri in value]
            return {"__type__": "airflow.sdk.AssetAny", "__args__": assets}
        case dict():
            if active := [key for key in value if key in _ACTIVE_KEYS]:
                raise NotDagFactoryError(dag_id, f'it would act on the key "{active[0]}". Rename the key.')
            return {key: _notation(dag_id, inner) for key, inner in value.items()}
        case list() | tuple():
            return [_notation(dag_id, inner) for inner in value]
        case str() if "\n" in value:
            return _Lines(value)
        case _:
            return value


class _Lines(str):
    """A text of several lines that is no key."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is the library's
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = '"' if _ONLY_IN_QUOTES.search(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _lines(dumper: yaml.SafeDumper, value: _Lines) -> yaml.Node:
    """Write a block; where some lines must be quoted, blocks and quoted lines that dag-factory joins."""
    if not _ONLY_IN_QUOTES.search(value):
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    lines = groupby(value.splitlines(keepends=True), key=lambda line: bool(_ONLY_IN_QUOTES.search(line)))
    joined = ["".join(group) if quoted else _Lines("".join(group)) for quoted, group in lines]
    return dumper.represent_dict({"__join__": joined})


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Lines, _lines)
