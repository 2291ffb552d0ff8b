"""Train one version of a pipeline for a plan: what comes out, or why nothing does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from refinery.errors import RefineryError
from refinery.review import TrialRun, Verdict
from refinery.spec.artifacts import MANIFEST_FILE
from refinery.training import GateFailedError, train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from refinery.training import LatestModel, TrainingSpec


def train_once(
    spec: TrainingSpec, dataset: Path, folder: Path, latest: Callable[[], LatestModel | None]
) -> TrialRun:
    """Train in this process.

    Args:
        spec: What to train.
        dataset: The dataset's file or folder.
        folder: The folder to write the model to.
        latest: Loads the latest promoted model; called only where a gate compares with it.
    """
    try:
        return _trial_run(train(spec, dataset, folder, provenance={}, latest=latest).manifest)
    except GateFailedError as error:
        return _trial_run(json.loads((error.report_dir / MANIFEST_FILE).read_bytes()))
    except RefineryError as error:
        return TrialRun(problem=str(error))


def _trial_run(manifest: Mapping[str, Any]) -> TrialRun:
    gates = tuple(Verdict(one["metric"], one["passed"], one["sentence"]) for one in manifest["gates"])
    return TrialRun(tuple(manifest["metrics"].items()), gates, manifest["gate"])
