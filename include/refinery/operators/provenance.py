"""The provenance of a model that Airflow knows: the run, the reviewed config, the code's revision."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from refinery.git import ask_git

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from airflow.sdk import Context


def run_provenance(
    context: Context,
    *,
    dataset: Mapping[str, Any],
    config: Mapping[str, str] | None,
    spec: Mapping[str, Any],
    pipeline: str,
    former_names: Sequence[str],
    project: Path,
    params: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the manifest's facts about a run, beside the training itself.

    Args:
        context: The task's context.
        dataset: The dataset's identity.
        config: The reviewed config's ``path`` and ``text``.
        spec: The training's spec, so that the model can be trained again from its manifest alone.
        pipeline: The pipeline's name.
        former_names: The pipeline's former names.
        project: The root folder of the project, for the revision of its checkout.
        params: The run's params, for pipelines that declare some.
    """
    run = context["dag_run"]
    return {
        "pipeline": {"name": pipeline, "former_names": list(former_names)},
        "run": {
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "logical_date": run.logical_date.isoformat() if run.logical_date else None,
            "run_after": run.run_after.isoformat(),
            "try_number": context["ti"].try_number,
        },
        **({"params": dict(params)} if params else {}),
        "config": {**config, "sha256": hashlib.sha256(config["text"].encode()).hexdigest()}
        if config
        else None,
        "dataset": dict(dataset),
        "spec": dict(spec),
        "git_revision": _bundle_version(context) or _git_revision(project),
    }


def _bundle_version(context: Context) -> str | None:
    """Return the revision of a versioned DAG bundle (git), to which the run is pinned."""
    bundle = getattr(context["ti"], "bundle_instance", None)
    return getattr(bundle, "version", None)


def _git_revision(project: Path) -> str | None:
    """Return the checkout's revision, with ``-dirty`` if tracked files have changed; None outside a checkout."""
    return ask_git(project, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
