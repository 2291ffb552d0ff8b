"""Trains by a script as it is: what it leaves is the model, and what it says of it are the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.training.evaluation import split_finite
from include.training.outcome import Outcome
from include.training.script import find_script, run_script

if TYPE_CHECKING:
    from pathlib import Path

    from include.training.spec import ScriptModel, TrainingSpec


def train_by_script(spec: TrainingSpec, model: ScriptModel, dataset: Path, model_dir: Path) -> Outcome:
    """Run a script, and keep every file that it leaves in the model's folder.

    Raises:
        TrainingError: In the kinds that `find_script` and `run_script` raise.
    """
    result = run_script(
        find_script(model.name, spec.models_dir),
        model.args,
        model.env,
        dataset=dataset,
        model_dir=model_dir,
        params=spec.params,
        timeout=spec.timeout,
    )
    metrics, left_out = split_finite(result.metrics)
    sections = {
        "format": result.format,
        "script": {"sha256": result.script_sha256, "files": list(result.files)},
    }
    return Outcome(metrics, left_out, sections)
