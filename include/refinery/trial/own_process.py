"""Train one version of a pipeline in a separate process, with the code of that version and without this process's keys.

Both processes exchange files: this one writes a request, and `python -m refinery.trial` answers it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.model_sources import MODELS
from refinery.project import ROOT_VARIABLE, python_path
from refinery.review import TrialRun, Verdict
from refinery.training import child_environment, run_child
from refinery.wording import ending, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.training import TrainingSpec

REQUEST, ANSWER = "request.json", "answer.json"
_PROGRAM = __name__.rpartition(".")[0]
# What starting Python and importing libraries may take besides the training.
_START_SECONDS = 60.0
_TOP_FOLDER = MODELS.partition("/")[0]


@dataclass(frozen=True, slots=True)
class FetchedLatest:
    """The latest promoted model, downloaded for a process that has no access to S3.

    Attributes:
        location: Its URL; empty where it could not be downloaded.
        problem: Why not.
    """

    location: str = ""
    problem: str = ""


def latest_folder(folder: Path) -> Path:
    """Return where a training's process looks for the latest model."""
    return folder / "latest"


def train_with_code_of(
    root: Path, spec: TrainingSpec, dataset: Path, folder: Path, latest: FetchedLatest | None
) -> TrialRun:
    """Train in a separate process whose model modules, scripts and working directory are those of a project.

    Args:
        root: The project's root folder, in the version whose code is to run.
        spec: What to train; its timeout limits the process.
        dataset: The dataset's file or folder.
        folder: The folder to exchange files in.
        latest: The latest promoted model, in `latest_folder`; None where there is none, or no gate compares with it.
    """
    request = {
        "training": spec.to_dict(),
        "dataset": str(dataset.absolute()),
        "latest": asdict(latest) if latest else None,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REQUEST).write_text(json.dumps(request), encoding="utf-8")
    ended = run_child(
        [sys.executable, "-m", _PROGRAM, str(folder.absolute())],
        env=_environment(root),
        cwd=root,
        timeout=spec.timeout + _START_SECONDS if spec.timeout else None,
    )
    if ended.timed_out:
        return TrialRun(problem=f"the training took longer than the timeout of {spec.timeout:g} seconds.")
    try:
        answer = json.loads((folder / ANSWER).read_bytes())
    except FileNotFoundError:
        said = f"; it printed last: {shown(ended.last_lines[-1])}" if ended.last_lines else ""
        return TrialRun(problem=f"the process that trained it {ending(ended.exit_code)}{said}.")
    gates = tuple(Verdict(**one) for one in answer["gates"])
    metrics = tuple((name, value) for name, value in answer["metrics"])
    # Where a temporary worktree lay says nothing to a reader.
    problem = answer["problem"] and answer["problem"].replace(f"{root.resolve()}{os.sep}", "")
    return TrialRun(metrics, gates, answer["gate"], problem)


def _environment(root: Path) -> Mapping[str, str]:
    """Return the environment in which `include.models` is that of a project, whatever this process imports."""
    environment = child_environment(root)
    inherited = environment["PYTHONPATH"].split(os.pathsep)
    others = [
        entry for entry in inherited if Path(entry).is_absolute() and not (Path(entry) / _TOP_FOLDER).exists()
    ]
    path = os.pathsep.join((python_path(root), *others))
    return environment | {"PYTHONPATH": path, ROOT_VARIABLE: str(root)}
