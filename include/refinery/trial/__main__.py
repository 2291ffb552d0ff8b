"""Train one version of a pipeline for a plan: ``python -m refinery.trial FOLDER``, with the project in the working directory."""

from __future__ import annotations

import json
import logging
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.model_sources import MODELS
from refinery.project import put_library_last
from refinery.registry import load_fetched
from refinery.training import LatestModel, TrainingSpec
from refinery.trial.own_process import ANSWER, REQUEST, FetchedLatest, latest_folder
from refinery.trial.training import train_once

if TYPE_CHECKING:
    from collections.abc import Sequence


def answer(folder: Path) -> None:
    """Train what the request in a folder describes, and write the answer there."""
    request = json.loads((folder / REQUEST).read_bytes())
    spec = TrainingSpec.from_dict(request["training"], Path(MODELS).absolute())
    fetched = FetchedLatest(**request["latest"]) if request["latest"] else None
    run = train_once(
        spec, Path(request["dataset"]), folder / "model", lambda: _load(fetched, folder, spec.trusted)
    )
    unfinished = folder / f"{ANSWER}.part"
    unfinished.write_text(json.dumps(asdict(run)), encoding="utf-8")
    unfinished.replace(folder / ANSWER)


def _load(fetched: FetchedLatest | None, folder: Path, trusted: Sequence[str]) -> LatestModel | None:
    if fetched is None:
        return None
    if fetched.problem:
        return LatestModel("the latest model", problem=fetched.problem)
    return load_fetched(latest_folder(folder), fetched.location, trusted=trusted)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a script that it runs is ended, too
    logging.basicConfig(level=logging.INFO, format="%(message)s")  # what the model prints
    put_library_last()
    answer(Path(sys.argv[1]))
