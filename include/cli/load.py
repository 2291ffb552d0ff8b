"""``refinery load``: check a model against its manifest, load it, say what it is, and predict with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.project import PROJECT
from include.cli.terminal import write_csv

if TYPE_CHECKING:
    from include.registry import LoadedModel


def load(
    location: Annotated[str, typer.Argument(help="The model's S3 prefix, or a folder.", show_default=False)],
    predict: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Predict each row of this dataset.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where predictions go, as CSV. Default: the terminal.")
    ] = None,
    connection: Annotated[str, typer.Option(help="The Airflow connection for S3.")] = "aws_default",
    trust: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE", help="Of a skops model: a type that is known to be safe.", show_default=False
        ),
    ] = None,
) -> None:
    """Load a model and say what it is.

    The model file's SHA-256 is checked against the manifest before anything of it is run. Buckets that the demo has
    made are served by the embedded S3 server; any other through the Airflow connection.

    Example: `./refinery load s3://models/petrol_consumption/2026-01-31/ --predict new_states.csv`
    """
    model = _load(location, connection, trust or [])
    if predict is None:
        typer.echo(_describe(model))
        return
    write_csv(model.predict(predict), out)


def _load(location: str, connection: str, trusted: list[str]) -> LoadedModel:
    from include.local.connect import s3_access
    from include.registry import load_model
    from include.urls import parse_prefix_url

    if "://" not in location:
        return load_model(location, trusted=trusted)
    with s3_access(PROJECT, parse_prefix_url(location), connection) as client:
        return load_model(location, client=client, trusted=trusted)


def _describe(model: LoadedModel) -> str:
    from include.artifacts import MODEL_FILE
    from include.training.model_file import find_model_file

    manifest = model.manifest
    provenance = _section(manifest, "provenance")
    run, config = _section(provenance, "run"), _section(provenance, "config")
    metrics = _section(manifest, "metrics")
    lines = {
        "model": " ".join(repr(model.estimator).split()),
        "metrics": "  ".join(f"{name} {value:.4g}" for name, value in metrics.items()),
        "run": f"{run.get('dag_id')} {run.get('run_id')}",
        "config": config.get("path"),
        "sha256": manifest["files"][find_model_file(manifest) or MODEL_FILE]["sha256"],
    }
    return "\n".join(f"{name:9} {value}" for name, value in lines.items())


def _section(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of a manifest; nothing where another writer has left it out, or made it something else."""
    section = manifest.get(name)
    return section if isinstance(section, dict) else {}
