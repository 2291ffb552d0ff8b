"""Load configs as Airflow DAGs: all of them for the dag-processor, only the requested one when a task starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, AssetAny, get_parsing_context
from dagfactory.dagbuilder import DagBuilder

from refinery.config import ConfigError, Problem, load_pipeline, load_project
from refinery.errors import RefineryError
from refinery.rendering.dag_factory import AnyOf, dag_factory_config
from refinery.rendering.executors import spreading_executor
from refinery.rendering.storage_check import StorageCheck
from refinery.spec.asset_uris import normalize_uri

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refinery.config import Pipeline
    from refinery.config import Project as LoadedProject
    from refinery.project import Project


def load_dags(project: Project) -> dict[str, DAG]:
    """Return the DAGs of the project's valid configs by id.

    Airflow parses the DAG file again whenever a task starts, and then needs one DAG: only its config is read.

    Args:
        project: The project with the configs and models.

    Raises:
        ConfigError: The config of the one DAG that Airflow needs is invalid.
    """
    if wanted := get_parsing_context().dag_id:
        pipeline = load_pipeline(project.configs, wanted, environment=project.environment)
        return {wanted: build_dag(pipeline)}
    dags, _ = _render_all(project)
    return dags


def report_broken_configs(project: Project) -> None:
    """Raise one error with the problems of all invalid configs; do nothing if all are valid.

    Raises:
        RefineryError: At least one config is invalid.
    """
    _, errors = _render_all(project)
    if errors:
        raise RefineryError(_storable("\n\n".join(errors)))


def build_dag(pipeline: Pipeline) -> DAG:
    """Return one pipeline as a DAG, built by dag-factory; the DAG's docs show the config as written."""
    config = dag_factory_config(pipeline)
    config["schedule"] = _schedule(config.get("schedule"))
    config["tasks"] = {name: with_assets(task) for name, task in config["tasks"].items()}
    builder = DagBuilder(pipeline.dag_id, {}, {}, yml_dag=pipeline.text)
    builder.dag_config = config  # set past the constructor, which copies deeply: a tenth of the whole parse
    dag: DAG = builder.build()["dag"]
    return dag


def with_assets(task: dict[str, Any]) -> dict[str, Any]:
    """Return a task's settings with assets in place of their URIs."""
    return task | {key: list(map(make_asset, task[key])) for key in task.keys() & {"inlets", "outlets"}}


def make_asset(uri: str) -> Asset:
    """Return an asset, made without the Amazon provider's URI check, which imports boto3 in every parse.

    The check only asks for a bucket; a test compares the asset with the one that Airflow makes from the URI.
    """
    asset = Asset(name=uri, uri=f"x-{uri}")
    object.__setattr__(asset, "uri", normalize_uri(uri))
    return asset


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


def _render_all(project: Project) -> tuple[dict[str, DAG], list[str]]:
    loaded = load_project(project.configs, models_dir=project.models, environment=project.environment)
    unshared = _unshared_workspaces(loaded, project.environment)
    problems = [problem for problem in loaded.problems if problem.severity == "error"]
    problems += dict.fromkeys(unshared.values())  # one per place, however many pipelines share it
    errors = [str(ConfigError(tuple(problems)))] if problems else []
    dags = {}
    storage = StorageCheck()
    for pipeline in loaded.pipelines:
        if pipeline.dag_id in unshared:
            continue
        try:
            dag = build_dag(pipeline)
            storage.check(dag, dag_factory_config(pipeline))
        except Exception as error:  # noqa: BLE001 - whatever Airflow or dag-factory refuses must not hide the others
            errors.append(f"{pipeline.path}: {_explain(error)}")
        else:
            dags[pipeline.dag_id] = dag
    return dags, errors


def _unshared_workspaces(loaded: LoadedProject, environment: str) -> dict[str, Problem]:
    executor = spreading_executor()
    return unshared_workspaces(loaded.pipelines, executor, environment=environment) if executor else {}


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


def _schedule(schedule: Any) -> Any:
    match schedule:
        case AnyOf():
            return AssetAny(*map(make_asset, schedule))
        case list():
            return [make_asset(uri) for uri in schedule]
        case _:
            return schedule
