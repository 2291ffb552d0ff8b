"""``refinery load``: a model checked against its manifest, loaded and described, or applied to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from refinery.cli import project
from refinery.cli.named_model import (
    AllowOtherVersionsOption,
    DateArgument,
    DateOption,
    ModelArgument,
    S3Access,
    find_model,
    given_once,
    is_url,
    print_notes,
)
from refinery.cli.predict import OutOption, ProbaOption
from refinery.cli.run_params import ParamOption
from refinery.cli.terminal import write_predictions

if TYPE_CHECKING:
    from refinery.registry import LoadedModel


def load(  # noqa: PLR0917 - typer takes arguments by position
    model: ModelArgument,
    date: DateArgument = None,
    date_option: DateOption = None,
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
    out: OutOption = None,
    proba: ProbaOption = False,
    connection: project.ConnectionOption = None,
    *,
    allow_other_versions: AllowOtherVersionsOption = False,
    trust: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE", help="For a skops model: a type that is known to be safe.", show_default=False
        ),
    ] = None,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Load a model and describe it.

    The model may also be a folder with a manifest. The model file is checked against the SHA-256 in the manifest
    before anything in it runs. The embedded S3 server serves the demo's buckets, and the Airflow connection all
    others.

    Example: `refinery load petrol_consumption 2026-01-31`
    """
    from refinery.registry import load_model

    date = given_once(date, date_option)
    if _is_folder(model):
        loaded = load_model(model, trusted=trust or (), allow_other_versions=allow_other_versions)
    else:
        named = find_model(model, date, environment, params)
        with S3Access() as access:
            client = named.client(access, connection)
            loaded = named.load(client, trusted=trust or (), allow_other_versions=allow_other_versions)
    print_notes(loaded)
    if predict is None:
        typer.echo(_describe(loaded))
        return
    write_predictions(loaded.predict_rows(predict, probabilities=proba), out)


def _is_folder(model: str) -> bool:
    from refinery.spec.artifacts import MANIFEST_FILE

    return not is_url(model) and ("/" in model or (Path(model) / MANIFEST_FILE).is_file())


def _describe(model: LoadedModel) -> str:
    from refinery.spec.artifacts import MODEL_FILE
    from refinery.training import find_model_file

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
    """Return a part of a manifest; nothing where another writer left it out, or made it something else."""
    section = manifest.get(name)
    return section if isinstance(section, dict) else {}
