"""``refinery models``: the latest model of each pipeline, or all models of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from refinery.cli import project
from refinery.cli.named_model import S3Access, open_series, write_metrics, write_moment, write_size
from refinery.cli.run_params import ParamOption, UnsetParamError, series_of
from refinery.cli.table import print_table
from refinery.cli.terminal import print_error
from refinery.errors import RefineryError
from refinery.wording import command_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.config import Pipeline
    from refinery.registry import DescribedVersion, Latest, Listing

_PIPELINE_HEADERS = ("pipeline", "latest", "gate", "promoted (UTC)", "by", "metrics", "URL")
_BELOW = 2  # the metrics and the URL
_VERSION_HEADERS = ("version", "uploaded (UTC)", "size", "gate", "promoted", "metrics")


def models(
    name: project.OptionalPipelineArgument = None,
    newest: Annotated[int, typer.Option(min=1, metavar="N", help="The number of models to show.")] = 20,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """List the latest model of each pipeline, or the models of one pipeline, newest first.

    Example: `refinery models petrol_consumption --newest 5`
    """
    if name is None:
        if params:
            raise typer.BadParameter("name a pipeline to choose by its params", param_hint="--param")
        _list_pipelines(environment, as_json)
    else:
        _list_versions(name, environment, newest, as_json, params)


def _list_pipelines(environment: str, as_json: bool) -> None:
    found: list[tuple[Pipeline, Latest | None]] = []
    failed = False
    with S3Access() as access:
        for pipeline in project.read_project(environment).pipelines:
            try:
                found.append((pipeline, _read_latest(pipeline, access)))
            except UnsetParamError as error:
                typer.echo(f"Note: {error}", err=True)
            except RefineryError as error:
                print_error(error)
                failed = True
    if as_json:
        _print_json(
            [
                {"dag_id": pipeline.dag_id, "latest": latest.model_dump(mode="json") if latest else None}
                for pipeline, latest in found
            ]
        )
    else:
        print_table(_PIPELINE_HEADERS, [_pipeline_row(*one) for one in found], below=_BELOW)
    if failed:
        raise typer.Exit(1)


def _read_latest(pipeline: Pipeline, access: S3Access) -> Latest | None:
    from refinery.registry import read_latest

    series = series_of(pipeline)
    return read_latest(series, client=access.client(series.root, pipeline.config.output.connection))


def _pipeline_row(pipeline: Pipeline, latest: Latest | None) -> tuple[str, ...]:
    if latest is None:
        return (pipeline.dag_id, "-", "-", "-", "-", "", "")
    return (
        pipeline.dag_id,
        series_of(pipeline).version_of(latest.url) or "-",
        latest.gate or "-",
        write_moment(latest.promoted_at),
        "its run" if latest.action == "upload" else latest.promoted_by,
        write_metrics(latest.metrics),
        latest.prefix,
    )


def _list_versions(name: str, environment: str, newest: int, as_json: bool, params: list[str] | None) -> None:
    from refinery.registry import describe_versions, list_series, read_latest

    with open_series(project.read_pipeline(name, environment), params) as (series, client):
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
        rows = [_version_row(one, latest) for one in shown]
        found = [_winner(one.manifest) for one in shown]
        if any(found):  # of pipelines that search, what each search found
            rows = [(*row, winner) for row, winner in zip(rows, found, strict=True)]
        print_table((*_VERSION_HEADERS, *(["winner"] if any(found) else [])), rows)
    _print_what_is_left_out(name, str(series.root), listing, newest)


def _print_what_is_left_out(name: str, root: str, listing: Listing, newest: int) -> None:
    there = len(listing.versions)
    if not there:
        typer.echo(f"{name} has no models under {root} yet.", err=True)
    elif there > newest:
        typer.echo(f"Showing {newest} of {there} models; show all with: --newest {there}", err=True)
    if listing.reports:
        rejected = "1 model was" if len(listing.reports) == 1 else f"{len(listing.reports)} models were"
        look = command_line(f"card {name} --rejected")
        typer.echo(
            f"{rejected} rejected, most recently {listing.reports[0]}. Look at its card: {look}", err=True
        )


def _version_row(described: DescribedVersion, latest: Latest | None) -> tuple[str, ...]:
    version, manifest = described.version, described.manifest
    return (
        version.name,
        write_moment(version.uploaded_at),
        write_size(version.size),
        manifest.get("gate") or "-",
        _standing(described, latest) or "-",
        described.problem or write_metrics(manifest.get("metrics") or {}),
    )


def _winner(manifest: Mapping[str, Any]) -> str:
    """Return the class and the params that a search found; empty without a search."""
    if not isinstance(manifest.get("search"), dict):
        return ""
    name = str((manifest.get("model") or {}).get("name"))
    steps = " > ".join(step.rpartition(".")[2] for step in name.split(" > "))
    params = ", ".join(f"{key} {_short(value)}" for key, value in (manifest.get("params") or {}).items())
    return f"{steps} ({params})" if params else steps


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _standing(described: DescribedVersion, latest: Latest | None) -> str | None:
    """Return whether a model is the latest, or was."""
    for place, promotion in enumerate(latest.promotions if latest else ()):
        if promotion.is_of(described.version.prefix, described.sha256):
            return "before" if place else "latest"
    return None


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
        "model": (manifest.get("model") or {}).get("name"),
        "params": manifest.get("params"),
        "gate": manifest.get("gate"),
        "promoted": _standing(described, latest),
        "problem": described.problem or None,
    }


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
