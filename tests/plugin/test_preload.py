"""What a scheduler imports for the tasks that it forks, and what a task does not import again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from refinery.preload import preload_tasks

JOB = "from airflow.jobs.job import Job; from airflow.listeners.listener import get_listener_manager; Job()"
TASK = """
from airflow.sdk.execution_time.task_runner import TaskRunnerMarker
from airflow.sdk.listener import get_listener_manager
get_listener_manager().hook.on_starting(component=TaskRunnerMarker())
"""
LOADED = """
import sys
seen = ("dagfactory", "refinery.rendering.dag_files", "refinery.card", "boto3", "sklearn.ensemble", "skrub")
print([name for name in seen if name in sys.modules])
"""
OF_TASKS = ["dagfactory", "refinery.rendering.dag_files", "refinery.card", "boto3"]


def loaded_after(code, *arguments, project, preload=""):
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOADED}", *arguments],
        cwd=project,
        env=os.environ | {"REFINERY_PRELOAD": preload},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()[-1], ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("component", "command", "preload", "loaded"),
    [
        (JOB, "scheduler", "training", [*OF_TASKS, "sklearn.ensemble", "skrub"]),
        (JOB, "dag-processor", "training", ["dagfactory", "refinery.rendering.dag_files"]),
        (TASK, "scheduler", "training", ["dagfactory"]),  # which imports itself as a plugin
        (
            "import refinery.celery_preload",
            "celery",
            "training",
            [*OF_TASKS[1:], "sklearn.ensemble", "skrub"],
        ),
    ],
)
def test_a_component_imports_what_its_children_need(project, component, command, preload, loaded):
    assert loaded_after(component, command, project=project, preload=preload)[0] == str(loaded)


def test_a_value_that_is_unknown_is_logged(monkeypatch, caplog):
    monkeypatch.setenv("REFINERY_PRELOAD", "Training")
    preload_tasks()
    assert 'REFINERY_PRELOAD="Training" preloads nothing; its only value is "training"' in caplog.text


def test_a_module_that_cannot_be_imported_is_logged_and_stops_no_scheduler(project):
    broken = "import sys; sys.modules['dagfactory.dagbuilder'] = None\n"
    ran = subprocess.run(
        [sys.executable, "-c", broken + JOB], cwd=project, capture_output=True, text=True, check=True
    )
    assert "Refinery could not preload refinery.rendering.loader" in ran.stdout + ran.stderr
