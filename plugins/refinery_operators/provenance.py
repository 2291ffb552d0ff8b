"""Where a model comes from, as far as Airflow knows: the run, the config as reviewed, the code's revision."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

PROJECT = Path(__file__).resolve().parents[2]


def run_provenance(
    context: Context,
    *,
    dataset: Mapping[str, Any],
    config: Mapping[str, str] | None,
    spec: Mapping[str, Any],
) -> dict[str, Any]:
    """What the manifest tells of a run beside the training itself.

    Args:
        context: The task's context.
        dataset: The dataset's identity.
        config: The config's ``path`` and ``text`` as reviewed.
        spec: What the training was told, so that the model can be made again from its manifest alone.
    """
    run = context["dag_run"]
    return {
        "run": {
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "logical_date": run.logical_date.isoformat() if run.logical_date else None,
            "run_after": run.run_after.isoformat(),
            "try_number": context["ti"].try_number,
        },
        "config": {**config, "sha256": hashlib.sha256(config["text"].encode()).hexdigest()}
        if config
        else None,
        "dataset": dict(dataset),
        "spec": dict(spec),
        "git_revision": _bundle_version(context) or _git_revision(),
    }


def _bundle_version(context: Context) -> str | None:
    """The revision of a versioned DAG bundle (git), which the run is pinned to."""
    bundle = getattr(context["ti"], "bundle_instance", None)
    return getattr(bundle, "version", None)


def _git_revision() -> str | None:
    """The checkout's revision, with ``-dirty`` where tracked files were changed; None outside a checkout."""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
