"""What a scheduler imports for the tasks that it forks, and what a task does not import again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

JOB = "from airflow.jobs.job import Job; from airflow.listeners.listener import get_listener_manager; Job()"
TASK = """
from airflow.sdk.execution_time.task_runner import TaskRunnerMarker
from airflow.sdk.listener import get_listener_manager
get_listener_manager().hook.on_starting(component=TaskRunnerMarker())
"""
LOADED = "import sys; print([name for name in ('refinery.rendering.loader', 'refinery.card', 'sklearn.ensemble') if name in sys.modules])"


@pytest.mark.parametrize(
    ("component", "preload", "loaded"),
    [
        (JOB, "", ["refinery.rendering.loader", "refinery.card"]),
        (JOB, "training", ["refinery.rendering.loader", "refinery.card", "sklearn.ensemble"]),
        (TASK, "training", []),
    ],
)
def test_a_scheduler_imports_what_its_tasks_need(project, component, preload, loaded):
    ran = subprocess.run(
        [sys.executable, "-c", component + "\n" + LOADED],
        cwd=project,
        env=os.environ | {"REFINERY_PRELOAD": preload},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == str(loaded)


def test_a_module_that_cannot_be_imported_is_logged_and_stops_no_scheduler(project):
    broken = "import sys; sys.modules['dagfactory.dagbuilder'] = None\n"
    ran = subprocess.run(
        [sys.executable, "-c", broken + JOB], cwd=project, capture_output=True, text=True, check=True
    )
    assert "Refinery could not preload refinery.rendering.loader" in ran.stdout + ran.stderr
