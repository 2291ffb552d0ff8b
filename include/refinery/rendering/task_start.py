"""Load one pipeline as a task needs it, at little cost: Airflow parses the DAG file again whenever a task starts.

The DAG is the one that dag-factory builds for the dag-processor, which a test checks, but for its docs, which no task reads. dag-factory
is not imported, and where the config is unchanged, neither is what reads configs.
"""

from __future__ import annotations

from datetime import datetime, time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.sdk import DAG

from refinery.rendering.assets import make_schedule, with_assets
from refinery.rendering.inputs import pipeline_inputs
from refinery.rendering.kept import find_kept, keep
from refinery.rendering.params import make_params
from refinery.spec.names import TAG

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from refinery.project import Project

_CALLBACKS = ("on_failure_callback", "on_success_callback", "on_retry_callback")
_AS_THEY_ARE = ("description", "catchup", "max_active_runs", "dagrun_timeout", "is_paused_upon_creation")


def load_dag(project: Project, dag_id: str) -> DAG:
    """Return the DAG of one pipeline.

    Raises:
        ConfigError: Its config is invalid.
        UnknownPipelineError: No config defines it.
    """
    settings = render_pipeline(project, dag_id)
    dag = DAG(
        dag_id,
        **{key: settings[key] for key in _AS_THEY_ARE if key in settings},
        **{key: _local(settings, key) for key in ("start_date", "end_date")},
        schedule=make_schedule(settings.get("schedule")),
        params=make_params(settings.get("params")),
        default_args=with_callbacks(settings["default_args"]),
        **_callbacks(settings),
        tags=[*settings["tags"], TAG],
    )
    with dag:
        make_tasks(settings["tasks"])
    return dag


def render_pipeline(project: Project, dag_id: str) -> dict[str, Any]:
    """Return one pipeline's dag-factory dictionary, rendered before from the same files or now.

    Raises:
        ConfigError: Its config is invalid.
        UnknownPipelineError: No config defines it.
    """
    name = f"{dag_id} {project.environment}"
    inputs = pipeline_inputs(project, dag_id)
    if inputs and (kept := find_kept(name, inputs)):
        settings: dict[str, Any] = kept
        return settings

    from refinery.config import load_pipeline
    from refinery.rendering.dag_factory import dag_factory_config

    settings = dag_factory_config(load_pipeline(project.configs, dag_id, environment=project.environment))
    if inputs and inputs == pipeline_inputs(project, dag_id):  # no file was replaced meanwhile
        keep(name, inputs, settings)
    return settings


def with_callbacks(default_args: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of all tasks with notifiers in place of their settings."""
    return {**default_args, **_callbacks(default_args)}


def make_tasks(settings: dict[str, dict[str, Any]]) -> None:
    """Make a pipeline's tasks in the DAG or task group that is being defined.

    Args:
        settings: The dag-factory settings of each task by its id, upstream first.
    """
    tasks: dict[str, BaseOperator] = {}
    for name, task in settings.items():
        arguments = with_assets(task)
        operator, upstream = _import(arguments.pop("operator")), arguments.pop("dependencies")
        tasks[name] = operator(task_id=name, **arguments)
        tasks[name].set_upstream([tasks[other] for other in upstream])


def _local(settings: dict[str, Any], key: str) -> Any:
    """Return a date in the DAG's timezone; one without a time begins its day."""
    value = settings.get(key)
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment.replace(tzinfo=pendulum.timezone(settings["timezone"]))


def _callbacks(settings: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for event in _CALLBACKS:
        if event in settings:
            arguments = dict(settings[event])
            made[event] = _import(arguments.pop("callback"))(**arguments)
    return made


def _import(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
