"""Keys of Airflow, dag-factory and training services, and what a config uses instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinery.config.yaml.node import Node

_COUNTERPARTS = {
    "aws_conn_id": "use source: {url: ..., connection: NAME}, and the same under output",
    "bash_command": "use model: {script: train.py}",
    "callbacks": "use notify",
    "concurrency": "use max_active_runs; the tasks of a run are sequential",
    "conn_id": "use source: {url: ..., connection: NAME}, and the same under output",
    "cron": "use schedule",
    "dag_id": "remove it; the file name is the DAG id",
    "dagrun_timeout": "use run_timeout",
    "default_args": "move its keys to the top level (owner, retries, retry_delay, timeout, pool, queue), or to configs/defaults.yml for all pipelines",
    "default_view": "remove it; Airflow 3 has no such setting",
    "depends_on_past": "use max_active_runs: 1 (the default), which runs one after the other",
    "doc_md": "use description; the DAG's docs show the config itself",
    "email": "use notify",
    "email_on_failure": "use notify: {on_failure: ...}",
    "entry_point": "use model: {script: train.py}",
    "execution_timeout": "use timeout",
    "hyperparameters": "use model: {..., params: {...}}",
    "is_paused_upon_creation": "use paused",
    "max_active_tasks": "use max_active_runs; the tasks of a run are sequential",
    "metrics": "use evaluate: {metrics: [...]}",
    "on_failure_callback": "use notify: {on_failure: ...}",
    "on_retry_callback": "use notify: {on_retry: ...}",
    "on_success_callback": "use notify: {on_success: ...}",
    "op_kwargs": "use model: {module: NAME, params: {...}}",
    "params": "use model: {..., params: {...}}",
    "pool_slots": "remove it; each task takes one slot of its pool",
    "priority_weight": "use priority",
    "python_callable": "move the function to a file in include/models/ and use model: NAME",
    "python_callable_file": "move the file to include/models/ and use model: NAME",
    "retry_exponential_backoff": "use retry_backoff",
    "schedule_interval": "use schedule",
    "sla": "use run_timeout",
    "task_groups": "remove it; the steps of a pipeline are fixed",
    "tasks": "remove it; the steps of a pipeline are fixed",
    "trigger_rule": "remove it; the steps of a pipeline are fixed",
}
_SIGNS_OF_DAG_FACTORY = ("tasks", "task_groups", "schedule_interval")


def counterpart(key: str) -> str | None:
    """Return what to use instead of an unknown key; None if it has no counterpart."""
    return _COUNTERPARTS.get(key)


def is_dag_factory(tree: Node) -> bool:
    """Return whether a file declares DAGs in dag-factory's format: each a mapping with its tasks, under its id."""
    dags = [node for key, node in tree.entries.items() if key != "default"]
    return bool(dags) and all(any(sign in dag.entries for sign in _SIGNS_OF_DAG_FACTORY) for dag in dags)


DAG_FACTORY = (
    "this is a dag-factory file, which declares tasks; a config declares a pipeline by its source, model and output. "
    "Load it with dag-factory from dags/, or rewrite it as docs/coming-from.md shows"
)
