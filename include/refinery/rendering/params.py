"""Make Airflow's params from the settings in dag-factory's dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

if TYPE_CHECKING:
    from collections.abc import Mapping


def make_params(settings: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Param] | None:
    """Return the params of a DAG, with the JSON Schemas that Airflow's form and API check values by; None if it has none."""
    return {name: Param(**one) for name, one in settings.items()} if settings else None
