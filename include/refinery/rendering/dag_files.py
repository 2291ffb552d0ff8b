"""The functions that a DAG file calls: all pipelines of a folder as DAGs, or one pipeline as a task group."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from traceback import extract_stack
from typing import TYPE_CHECKING, Any

from airflow.sdk import TaskGroup, get_parsing_context

from refinery.errors import RefineryError
from refinery.project import Project
from refinery.rendering import task_start
from refinery.rendering.params import make_params
from refinery.spec.names import join_dag_id

if TYPE_CHECKING:
    from airflow.sdk import DAG


def load_pipelines(configs: str | Path = "configs") -> dict[str, DAG]:
    """Return the DAGs of all valid configs, for `globals().update(load_pipelines())` in a DAG file.

    Args:
        configs: The folder of the configs. A relative path is looked up beside the calling DAG file, then in the folders
            above it.

    Returns:
        The DAGs by id; only the requested one when Airflow parses the file for a task.

    Raises:
        ConfigError: The config of the one requested DAG is invalid. `report_broken_configs` reports all others.
    """
    project = _find_project(configs, _calling_file())
    if wanted := get_parsing_context().dag_id:
        return {wanted: task_start.load_dag(project, wanted)}

    from refinery.rendering import loader  # imports dag-factory, which a task's start does not need

    return loader.load_dags(project)


def report_broken_configs(configs: str | Path = "configs") -> None:
    """Raise one error with every invalid config, from a separate DAG file.

    Airflow retires all DAGs of a file that raises, so the file that calls `load_pipelines` must not call this.

    Args:
        configs: The same folder as for `load_pipelines`.

    Raises:
        RefineryError: At least one config is invalid; the message lists all problems.
    """
    from refinery.rendering import loader

    loader.report_broken_configs(_find_project(configs, _calling_file()))


def refinery_task_group(config: str | Path, *, group_id: str | None = None) -> TaskGroup:
    """Add a pipeline's steps to the DAG that is being defined, as a task group.

    The DAG decides on schedule, dates, notifications and tags; the config's retries, timeout, pool, queue and other task
    settings apply to the steps. Leave `schedule` out of the config, since it is also a DAG by itself.

    Args:
        config: The config's path, such as "configs/churn.yml", looked up beside the calling DAG file, then in the folders
            above it. For one pipeline of a matrix, use its id in place of the file name: "configs/churn__us.yml".
        group_id: The group's name in the DAG. Default: the pipeline's id, with "_" in place of dots.

    Returns:
        The group; `before >> refinery_task_group(...) >> after` puts it between tasks.

    Raises:
        RefineryError: The path does not name a config, or a param has no default and the DAG does not declare it.
        ConfigError: The config is invalid.
    """
    path = Path(config)
    folder = next((part for part in (path, *path.parents) if part.name == "configs"), None)
    if folder is None or folder == path or path.suffix not in (".yml", ".yaml"):
        raise RefineryError(f'"{config}" is not a config; write its path, such as "configs/churn.yml".')
    project = _find_project(folder, _calling_file())
    dag_id = join_dag_id(path.relative_to(folder).with_suffix("").parts)
    settings = task_start.render_pipeline(project, dag_id)
    default_args: Any = task_start.with_callbacks(settings["default_args"])
    with TaskGroup(group_id or dag_id.replace(".", "_"), default_args=default_args) as group:
        tasks = _with_params(settings, dag_id, group.dag)
        task_start.make_tasks(tasks | {"train_model": tasks["train_model"] | {"pipeline": dag_id}})
    return group


def _with_params(settings: dict[str, Any], dag_id: str, dag: DAG) -> dict[str, dict[str, Any]]:
    """Return a pipeline's tasks with its params, except for those that the DAG around them declares: its form asks for them."""
    tasks: dict[str, dict[str, Any]] = settings["tasks"]
    params = {name: one for name, one in settings.get("params", {}).items() if name not in dag.params}
    if unset := [name for name, one in params.items() if "default" not in one]:
        raise RefineryError(
            f'The param "{unset[0]}" of {dag_id} has no default; declare it in the params of the DAG around the task group, or '
            "add a default to the config."
        )
    return {name: task | {"params": make_params(params)} for name, task in tasks.items()} if params else tasks


def _calling_file() -> str:
    """Return the file that called the public function that calls this: Airflow does not say which DAG file it parses."""
    return extract_stack(limit=3)[0].filename


def _find_project(configs: str | Path, dag_file: str) -> Project:
    """Return the project of a DAG file, and put its root on the path, from which pickles import `include.models`."""
    beside = Path(dag_file).absolute().parent
    above = (folder for folder in (beside, *beside.parents) if (folder / configs).is_dir())
    root = Path(configs).parent if Path(configs).is_absolute() else next(above, beside)
    project = Project.at(root)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return replace(project, configs=root / configs)
