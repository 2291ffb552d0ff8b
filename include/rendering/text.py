"""Writes a pipeline as the dag-factory YAML that it stands for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import yaml

from include.rendering.dag_factory import AnyOf, dag_factory_config

if TYPE_CHECKING:
    from include.config import Pipeline

WIDTH = 100


def dag_factory_yaml(pipeline: Pipeline) -> str:
    """Return a config's dag-factory YAML, which plain dag-factory loads to the same DAG."""
    config = {pipeline.dag_id: dag_factory_config(pipeline)}
    return yaml.dump(config, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


class _Dumper(yaml.SafeDumper):
    """Writes dag-factory's notation of Python objects, texts of several lines as blocks, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is the library's
        return True


def _duration(dumper: yaml.SafeDumper, value: timedelta) -> yaml.Node:
    return dumper.represent_dict({"__type__": "datetime.timedelta", "seconds": int(value.total_seconds())})


def _any_of(dumper: yaml.SafeDumper, value: AnyOf) -> yaml.Node:
    assets = [{"__type__": "airflow.sdk.Asset", "__args__": [uri]} for uri in value]
    return dumper.represent_dict({"__type__": "airflow.sdk.AssetAny", "__args__": assets})


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(timedelta, _duration)
_Dumper.add_representer(AnyOf, _any_of)
_Dumper.add_representer(str, _text)
