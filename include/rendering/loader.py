"""Loads configs as Airflow DAGs: all of them for the dag-processor, the one that is asked for at a task's start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, AssetAny, get_parsing_context
from dagfactory.dagbuilder import DagBuilder

from include.config import ConfigError, load_pipeline, load_project
from include.errors import RefineryError
from include.rendering.assets import make_asset
from include.rendering.dag_factory import AnyOf, dag_factory_config
from include.rendering.executors import spreading_executor
from include.rendering.unshared_workspaces import unshared_workspaces

if TYPE_CHECKING:
    from pathlib import Path

    from include.config import Pipeline, Problem, Project

DEFAULT_ENVIRONMENT = "local"


class BrokenConfigsError(RefineryError):
    """Configs that make no DAG; the message shows each with its place."""


def load_dags(project: Path) -> dict[str, DAG]:
    """Return the DAGs of the project's healthy configs by id.

    Airflow parses the DAG file again at every task's start, and then wants one DAG: only its config is read.

    Args:
        project: The root folder, with ``configs`` and ``include/models``.

    Raises:
        ConfigError: The config of the one DAG that Airflow wants is broken.
    """
    if wanted := get_parsing_context().dag_id:
        pipeline = load_pipeline(project / "configs", wanted, environment=_environment())
        return {wanted: build_dag(pipeline)}
    dags, _ = _render_all(project)
    return dags


def report_broken_configs(project: Path) -> None:
    """Raise an error that shows every config that makes no DAG; do nothing where all are healthy.

    Raises:
        BrokenConfigsError: It holds the problems of all of them.
    """
    _, errors = _render_all(project)
    if errors:
        raise BrokenConfigsError("\n\n".join(errors))


def build_dag(pipeline: Pipeline) -> DAG:
    """Return one pipeline as a DAG, built by dag-factory; its documentation shows the config as written."""
    config = dag_factory_config(pipeline)
    config["schedule"] = _schedule(config.get("schedule"))
    for task in config["tasks"].values():
        for key in task.keys() & {"inlets", "outlets"}:
            task[key] = [make_asset(uri) for uri in task[key]]
    builder = DagBuilder(pipeline.dag_id, {}, {}, yml_dag=pipeline.text)
    builder.dag_config = config  # set past the constructor, which copies deeply: a tenth of the whole parse
    dag: DAG = builder.build()["dag"]
    return dag


def _render_all(project: Path) -> tuple[dict[str, DAG], list[str]]:
    models = project / "include" / "models"
    loaded = load_project(project / "configs", models_dir=models, environment=_environment())
    unshared = _unshared_workspaces(loaded)
    problems = [problem for problem in loaded.problems if problem.severity == "error"]
    problems += dict.fromkeys(unshared.values())  # one for each place, however many pipelines share it
    errors = [str(ConfigError(tuple(problems)))] if problems else []
    dags = {}
    for pipeline in loaded.pipelines:
        if pipeline.dag_id in unshared:
            continue
        try:
            dags[pipeline.dag_id] = build_dag(pipeline)
        except Exception as error:  # noqa: BLE001 - whatever Airflow or dag-factory refuses must not hide the others
            errors.append(f"{pipeline.path}: {type(error).__name__}: {error}")
    return dags, errors


def _unshared_workspaces(loaded: Project) -> dict[str, Problem]:
    executor = spreading_executor()
    return unshared_workspaces(loaded.pipelines, executor, environment=_environment()) if executor else {}


def _environment() -> str:
    return os.environ.get("REFINERY_ENV", DEFAULT_ENVIRONMENT)


def _schedule(schedule: Any) -> Any:
    match schedule:
        case AnyOf():
            return AssetAny(*map(make_asset, schedule))
        case list():
            return [make_asset(uri) for uri in schedule]
        case _:
            return schedule
