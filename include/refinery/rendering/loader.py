"""Load all configs as Airflow DAGs, for the dag-processor; a task's start loads only its own (`task_start.py`)."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dagfactory.dagbuilder import DagBuilder

from refinery.config import ConfigError, Problem, load_project
from refinery.errors import RefineryError
from refinery.git_pages import find_git_pages
from refinery.rendering.assets import make_schedule, with_assets
from refinery.rendering.dag_factory import dag_factory_config
from refinery.rendering.docs import describe_pipeline
from refinery.rendering.executors import spreading_executor
from refinery.rendering.inputs import project_inputs
from refinery.rendering.kept import find_kept, keep
from refinery.rendering.params import make_params
from refinery.rendering.storage_check import StorageCheck
from refinery.spec.names import TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow.sdk import DAG

    from refinery.config import Pipeline
    from refinery.project import Project


class _Loaded(NamedTuple):
    """What a project's configs come to.

    Attributes:
        pipelines: The valid pipelines: id, docs, and dag-factory dictionary.
        errors: What is wrong with the others.
    """

    pipelines: list[tuple[str, str, dict[str, Any]]]
    errors: list[str]


def load_dags(project: Project) -> dict[str, DAG]:
    """Return the DAGs of the project's valid configs by id.

    Args:
        project: The project with the configs and models.
    """
    with _without_collections():
        return {dag_id: _build(dag_id, docs, settings) for dag_id, docs, settings in _load(project).pipelines}


@contextmanager
def _without_collections() -> Iterator[None]:
    """Pause the garbage collector, which would look through all DAGs again and again while more are made: a quarter of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def report_broken_configs(project: Project) -> None:
    """Raise one error with the problems of all invalid configs; do nothing if all are valid.

    Raises:
        RefineryError: At least one config is invalid.
    """
    if errors := _load(project).errors:
        raise RefineryError(_storable("\n\n".join(errors)))


def build_dag(pipeline: Pipeline) -> DAG:
    """Return one pipeline as a DAG, built by dag-factory; the DAG's docs describe it and show its config."""
    return _build(pipeline.dag_id, describe_pipeline(pipeline), dag_factory_config(pipeline))


def unshared_workspaces(
    pipelines: Iterable[Pipeline], executor: str, *, environment: str
) -> dict[str, Problem]:
    """Return a problem for each workspace that is a local folder not declared as shared, by DAG id.

    Args:
        pipelines: The pipelines.
        executor: The executor, which runs the steps of a run on several machines.
        environment: The environment's name; its file should set the workspace.
    """
    return {
        pipeline.dag_id: _unshared_problem(pipeline, executor, environment)
        for pipeline in pipelines
        if not (pipeline.config.workspace.url or pipeline.config.workspace.shared)
    }


def _load(project: Project) -> _Loaded:
    """Return what the project's configs come to, from the last time if nothing has changed since."""
    name = f"{project.root} {project.environment}"
    executor = spreading_executor()
    inputs = project_inputs(project, executor)
    if inputs and (kept := find_kept(name, inputs)):
        return _Loaded(*kept)
    loaded = _render(project, executor)
    if inputs and inputs == project_inputs(project, executor):  # no file was replaced meanwhile
        keep(name, inputs, tuple(loaded))
    return loaded


def _render(project: Project, executor: str | None) -> _Loaded:
    loaded = load_project(
        project.configs,
        models_dir=project.models,
        environment=project.environment,
        libraries=project.libraries,
    )
    unshared = (
        unshared_workspaces(loaded.pipelines, executor, environment=project.environment) if executor else {}
    )
    problems = [problem for problem in loaded.problems if problem.severity == "error"]
    problems += dict.fromkeys(unshared.values())  # one per place, however many pipelines share it
    errors = [str(ConfigError(tuple(problems)))] if problems else []
    pipelines = []
    storage = StorageCheck()
    pages = find_git_pages(project.root)
    for pipeline in loaded.pipelines:
        if pipeline.dag_id in unshared:
            continue
        try:
            docs = describe_pipeline(pipeline, pages.file(pipeline.path) if pages else None)
            settings = dag_factory_config(pipeline)  # dag-factory changes the one that it builds from
            storage.check(_build(pipeline.dag_id, docs, dag_factory_config(pipeline)), settings)
        except Exception as error:  # noqa: BLE001 - whatever Airflow or dag-factory refuses must not hide the others
            errors.append(f"{pipeline.path}: {_explain(error)}")
        else:
            pipelines.append((pipeline.dag_id, docs, settings))
    return _Loaded(pipelines, errors)


def _build(dag_id: str, docs: str, settings: dict[str, Any]) -> DAG:
    config = settings | {
        "doc_md": docs,
        "tags": [],
        "schedule": make_schedule(settings.get("schedule")),
        "params": make_params(settings.get("params")),
        "tasks": {name: with_assets(task) for name, task in settings["tasks"].items()},
    }
    builder = DagBuilder(dag_id, {}, {})
    builder.dag_config = config  # set past the constructor, which copies deeply: a tenth of the whole parse
    dag: DAG = builder.build()["dag"]
    dag.tags = {*settings["tags"], TAG}  # in place of dag-factory's own
    return dag


def _unshared_problem(pipeline: Pipeline, executor: str, environment: str) -> Problem:
    advice = (
        "Set a prefix on S3 (workspace: s3://BUCKET/PREFIX/) or, if every worker sees the folder, declare it as shared "
        "(workspace: {path: FOLDER, shared: true})"
    )
    code, key = "local-workspace", ("workspace",)
    if written := pipeline.tree.entries.get("workspace"):
        message = (
            f"is a local folder, but {executor} runs the steps on machines that may not share it. {advice}"
        )
        return written.key_problem(code, key, message)
    file = f"{pipeline.path.partition('/')[0]}/environments/{environment}.yml"
    message = f"is not set under defaults, but {executor} runs the steps on machines that may not share a disk. {advice}"
    return Problem(file, 1, 1, key[0], message, code)


def _explain(error: Exception) -> str:
    return str(error) if isinstance(error, RefineryError) else f"{type(error).__name__}: {error}"


def _storable(text: str) -> str:
    """Escape what the database cannot store, so that the report itself can be stored."""
    return text.replace("\0", r"\0").encode(errors="backslashreplace").decode()
