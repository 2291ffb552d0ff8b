"""What end-to-end tests share: the refinery command, and a fresh process that uses a model as an outsider would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# An outsider's script: pandas, scikit-learn and pickle, nothing of Refinery.
SCORE = """
import json, pickle, sys
import pandas as pd
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

table = pd.read_csv(sys.argv[2])
_, x, _, y = train_test_split(table.iloc[:, :-1], table.iloc[:, -1], test_size=0.2, random_state=0)
with open(sys.argv[1], "rb") as file:
    predicted = pickle.load(file).predict(x)
scores = {"mae": mean_absolute_error(y, predicted), "mse": mean_squared_error(y, predicted), "r2": r2_score(y, predicted)}
print(json.dumps(scores))
"""


@pytest.fixture
def ready_project(project_copy: Path, copy_database: Callable[[Path], None]) -> Path:
    """A copy of the project in which an Airflow has run before."""
    for home in ("demo", "airflow"):
        copy_database(project_copy / ".local" / home)
    return project_copy


@pytest.fixture(scope="session")
def refinery() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the refinery command of a project, in an environment without the tests' Airflow."""

    def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        environment |= {"PYTHONPATH": f"{project}:{project / 'include'}", "COLUMNS": "200"}
        command = [sys.executable, "-m", "refinery", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, cwd=project, check=False
        )

    return run


@pytest.fixture
def score_in_a_fresh_process() -> Callable[[Path, Path], dict[str, Any]]:
    """Score a pickled regressor on the raw file's held-out rows, in a separate process."""

    def score(model: Path, dataset: Path) -> dict[str, Any]:
        command = [sys.executable, "-c", SCORE, str(model), str(dataset)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return score
