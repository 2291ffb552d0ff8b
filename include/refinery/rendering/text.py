"""Write a pipeline as dag-factory YAML or JSON."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import yaml

from refinery.errors import RefineryError
from refinery.rendering.dag_factory import dag_factory_config
from refinery.spec.asset_uris import AnyOf
from refinery.spec.json_keys import keep_keys

if TYPE_CHECKING:
    from refinery.config import Pipeline

WIDTH = 100
# What dag-factory does not read as plain data: special keys, and names that are not DAG ids.
_ACTIVE_KEYS = ("__type__", "__args__", "__and__", "__or__", "__join__")
_RESERVED_NAMES = ("default", "task_groups")
# dag-factory replaces $name by environment variables anywhere in a file, but not where an escape stands for the sign.
_DOLLAR, _ESCAPED_DOLLAR = "$", r"\x24"
# Also what some YAML readers take for a line end: only double quotes allow an escape.
_ONLY_IN_QUOTES = re.compile("[$\x85\u2028\u2029\ufeff]")


def dag_factory_yaml(pipeline: Pipeline) -> str:
    """Return a pipeline's dag-factory YAML, which plain dag-factory loads as the same DAG.

    Raises:
        RefineryError: Its name or a key in its params has a special meaning in dag-factory.
    """
    text = yaml.dump(_document(pipeline), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text.replace(_DOLLAR, _ESCAPED_DOLLAR)


def dag_factory_json(pipeline: Pipeline) -> str:
    """Return the same as JSON, for programs; dates are strings, and mappings with keys other than strings are pairs.

    Raises:
        RefineryError: Its name or a key in its params has a special meaning in dag-factory.
    """
    return json.dumps(keep_keys(_document(pipeline)), indent=2, ensure_ascii=False, default=str) + "\n"


def _document(pipeline: Pipeline) -> dict[str, Any]:
    if pipeline.dag_id in _RESERVED_NAMES:
        raise _refusal(pipeline.dag_id, "the name is reserved in dag-factory. Rename the config.")
    settings = _notation(pipeline.dag_id, dag_factory_config(pipeline))
    if params := settings.get("params"):
        settings["params"] = {name: {"__type__": "airflow.sdk.Param", **one} for name, one in params.items()}
    return {pipeline.dag_id: settings}


def _notation(dag_id: str, value: Any) -> Any:
    """Return a value in dag-factory's notation for Python objects."""
    match value:
        case timedelta():
            return {"__type__": "datetime.timedelta", "seconds": int(value.total_seconds())}
        case AnyOf():
            assets = [{"__type__": "airflow.sdk.Asset", "__args__": [uri]} for uri in value]
            return {"__type__": "airflow.sdk.AssetAny", "__args__": assets}
        case dict():
            if active := [key for key in value if key in _ACTIVE_KEYS]:
                raise _refusal(dag_id, f'the key "{active[0]}" is special in dag-factory. Rename the key.')
            return {key: _notation(dag_id, inner) for key, inner in value.items()}
        case list() | tuple():
            return [_notation(dag_id, inner) for inner in value]
        case str() if "\n" in value:
            return _Lines(value)
        case _:
            return value


def _refusal(dag_id: str, reason: str) -> RefineryError:
    return RefineryError(f'The pipeline "{dag_id}" cannot be written for plain dag-factory: {reason}')


class _Lines(str):
    """A text of several lines that is not a key."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, without aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is the library's
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = '"' if _ONLY_IN_QUOTES.search(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _lines(dumper: yaml.SafeDumper, value: _Lines) -> yaml.Node:
    """Write a block; if some lines must be quoted, write blocks and quoted lines for dag-factory to join."""
    if not _ONLY_IN_QUOTES.search(value):
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    lines = groupby(value.splitlines(keepends=True), key=lambda line: bool(_ONLY_IN_QUOTES.search(line)))
    joined = ["".join(group) if quoted else _Lines("".join(group)) for quoted, group in lines]
    return dumper.represent_dict({"__join__": joined})


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Lines, _lines)
