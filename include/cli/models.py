"""``refinery models``: the latest model of each pipeline, or all models of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli import project
from include.cli.series import S3Access, open_series, series_of, write_metrics, write_moment, write_size
from include.cli.terminal import print_error, print_table
from include.errors import RefineryError

if TYPE_CHECKING:
    from include.config import Pipeline
    from include.registry import DescribedVersion, Latest, Listing, Version

_PIPELINE_HEADERS = ("pipeline", "latest", "gate", "promoted (UTC)", "by", "metrics")
_VERSION_HEADERS = ("version", "uploaded (UTC)", "size", "gate", "promoted", "metrics")


def models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A pipeline; by default all of them.", show_default=False),
    ] = None,
    newest: Annotated[int, typer.Option(min=1, metavar="N", help="How many models to show.")] = 20,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """List the latest model of each pipeline, or the models of one, the newest first.

    Example: `./refinery models petrol_consumption --newest 5`
    """
    if name is None:
        _list_pipelines(environment, as_json)
    else:
        _list_versions(name, environment, newest, as_json)


def _list_pipelines(environment: str, as_json: bool) -> None:
    found: dict[str, Latest | None] = {}
    failed = False
    with S3Access() as access:
        for pipeline in project.read_project(environment).pipelines:
            try:
                found[pipeline.dag_id] = _read_latest(pipeline, access)
            except RefineryError as error:
                print_error(error)
                failed = True
    if as_json:
        _print_json(
            [
                {"dag_id": name, "latest": latest.model_dump(mode="json") if latest else None}
                for name, latest in found.items()
            ]
        )
    else:
        print_table(_PIPELINE_HEADERS, [_pipeline_row(name, latest) for name, latest in found.items()])
    if failed:
        raise typer.Exit(1)


def _read_latest(pipeline: Pipeline, access: S3Access) -> Latest | None:
    from include.registry import read_latest

    series = series_of(pipeline)
    return read_latest(series, client=access.client(series.root, pipeline.config.output.connection))


def _pipeline_row(name: str, latest: Latest | None) -> tuple[str, ...]:
    if latest is None:
        return (name, *["-"] * (len(_PIPELINE_HEADERS) - 1))
    return (
        name,
        latest.prefix,
        latest.gate or "-",
        write_moment(latest.promoted_at),
        latest.promoted_by,
        write_metrics(latest.metrics),
    )


def _list_versions(name: str, environment: str, newest: int, as_json: bool) -> None:
    from include.registry import describe_versions, list_series, read_latest

    with open_series(project.read_pipeline(name, environment)) as (series, client):
        listing = list_series(series, client=client)
        shown = describe_versions(listing.versions[:newest], client=client)
        try:
            latest = read_latest(series, client=client)
        except RefineryError as error:
            # The models can be listed all the same.
            print_error(error)
            latest = None
    if as_json:
        _print_json([_describe(one, latest) for one in shown])
    else:
        print_table(_VERSION_HEADERS, [_version_row(one, latest) for one in shown])
    _tell_what_is_left_out(name, str(series.root), listing, newest)


def _tell_what_is_left_out(name: str, root: str, listing: Listing, newest: int) -> None:
    there = len(listing.versions)
    if not there:
        typer.echo(f"{name} has no models under {root} yet.", err=True)
    elif there > newest:
        typer.echo(f"Showing {newest} of {there} models; all with: --newest {there}", err=True)
    if listing.reports:
        rejected = "1 model was" if len(listing.reports) == 1 else f"{len(listing.reports)} models were"
        typer.echo(
            f"{rejected} rejected, {listing.reports[0]} the last. Look at its card: ./refinery card {name} --rejected",
            err=True,
        )


def _version_row(described: DescribedVersion, latest: Latest | None) -> tuple[str, ...]:
    version, manifest = described.version, described.manifest
    return (
        version.name,
        write_moment(version.uploaded_at),
        write_size(version.size),
        manifest.get("gate") or "-",
        _standing(version, latest) or "-",
        described.problem or write_metrics(manifest.get("metrics") or {}),
    )


def _standing(version: Version, latest: Latest | None) -> str | None:
    """Tell whether a model is the latest, or was."""
    prefix = str(version.prefix)
    if latest is None or prefix not in {promotion.prefix for promotion in latest.promotions}:
        return None
    return "latest" if prefix == latest.prefix else "before"


def _describe(described: DescribedVersion, latest: Latest | None) -> dict[str, Any]:
    version, manifest = described.version, described.manifest
    return {
        "version": version.name,
        "prefix": str(version.prefix),
        "uploaded_at": version.uploaded_at.isoformat(),
        "bytes": version.size,
        "created_at": manifest.get("created_at"),
        "run_id": ((manifest.get("provenance") or {}).get("run") or {}).get("run_id"),
        "metrics": manifest.get("metrics"),
        "gate": manifest.get("gate"),
        "promoted": _standing(version, latest),
        "problem": described.problem or None,
    }


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
