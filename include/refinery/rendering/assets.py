"""Make Airflow's assets from the URIs in dag-factory's dictionary."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetAny

from refinery.spec.asset_uris import AnyOf, normalize_uri


def make_asset(uri: str) -> Asset:
    """Return an asset, made without the Amazon provider's URI check, which imports boto3 in every parse.

    The check only asks for a bucket; a test compares the asset with the one that Airflow makes from the URI.
    """
    asset = Asset(name=uri, uri=f"x-{uri}")
    object.__setattr__(asset, "uri", normalize_uri(uri))
    return asset


def with_assets(task: dict[str, Any]) -> dict[str, Any]:
    """Return a task's settings with assets in place of their URIs."""
    return task | {key: list(map(make_asset, task[key])) for key in task.keys() & {"inlets", "outlets"}}


def make_schedule(schedule: Any) -> Any:
    """Return a schedule with assets in place of their URIs."""
    match schedule:
        case AnyOf():
            return AssetAny(*map(make_asset, schedule))
        case list():
            return [make_asset(uri) for uri in schedule]
        case _:
            return schedule
