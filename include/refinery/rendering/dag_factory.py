"""Expand a pipeline to dag-factory's dictionary: the tasks and the DAG's settings."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from refinery.config import as_jinja, as_typed_jinja
from refinery.config.models import AssetSchedule, EverySchedule
from refinery.config.run_times import LAST_SECOND
from refinery.spec.asset_uris import AnyOf, asset_uri
from refinery.spec.urls import parse_prefix_url, parse_source_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refinery.config import Pipeline, PipelineConfig
    from refinery.spec.urls import HttpUrl, S3Url

OPERATORS = "refinery.operators"
# Each retry waits twice as long as the previous one. Airflow 3.1 takes no factor: it always doubles.
RETRY_BACKOFF = True if version("apache-airflow-core").startswith("3.1.") else 2.0
MAX_RETRY_DELAY = timedelta(hours=1)


def dag_factory_config(pipeline: Pipeline) -> dict[str, Any]:
    """Return one pipeline as dag-factory's dictionary, with Python dates and durations, and assets as URIs."""
    config = pipeline.config
    settings = {
        "description": config.description or None,
        "schedule": _schedule(config),
        "timezone": config.timezone,
        "start_date": config.start_date,
        "end_date": datetime.combine(config.end_date, LAST_SECOND) if config.end_date else None,
        "catchup": config.catchup,
        "max_active_runs": config.max_active_runs,
        "dagrun_timeout": config.run_timeout,
        "is_paused_upon_creation": config.paused,
        "tags": list(pipeline.tags),
        "params": {name: param.airflow_settings for name, param in config.params.items()} or None,
        "on_failure_callback": _callback(config, "on_failure"),
        "on_success_callback": _callback(config, "on_success"),
        "default_args": _default_args(config),
        "tasks": _chained(_with_pods(_tasks(pipeline), config)),
        "task_groups": {},
    }
    return _without_none(settings)


def _schedule(config: PipelineConfig) -> Any:
    match config.schedule:
        case EverySchedule(every=interval):
            return interval
        case AssetSchedule(assets=urls, match="all"):
            return _assets(map(parse_prefix_url, urls))
        case AssetSchedule(assets=urls):
            return AnyOf(_assets(map(parse_prefix_url, urls)))
        case cron:
            return cron


def _assets(urls: Iterable[S3Url | HttpUrl]) -> list[str]:
    """Return the URI of each asset once: several files of one folder are one asset."""
    return list(dict.fromkeys(map(asset_uri, urls)))


def _default_args(config: PipelineConfig) -> dict[str, Any]:
    return _without_none(
        {
            "owner": config.owner,
            "retries": config.retries,
            "retry_delay": config.retry_delay,
            "retry_exponential_backoff": RETRY_BACKOFF if config.retry_backoff else None,
            "max_retry_delay": MAX_RETRY_DELAY if config.retry_backoff else None,
            "execution_timeout": config.timeout,
            "pool": config.pool,
            "priority_weight": config.priority,
            "queue": config.queue,
            "on_retry_callback": _callback(config, "on_retry"),
        }
    )


def _tasks(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """Return the tasks in the order in which they run."""
    config = pipeline.config
    source, output, params = config.source, config.output, config.params
    urls, prefix = as_jinja(source.url, params), as_jinja(output.url, params)
    workspace = _workspace(config)
    tasks: dict[str, dict[str, Any]] = {}
    if config.wait_for:
        tasks["wait_for_dataset"] = {
            "operator": f"{OPERATORS}.wait.WaitForDatasetSensor",
            "source": urls,
            "aws_conn_id": source.connection,
            "timeout": config.wait_for.timeout.total_seconds(),
            "poke_interval": config.wait_for.poke_interval.total_seconds(),
        }
    tasks["download_dataset"] = {
        "operator": f"{OPERATORS}.DownloadDatasetOperator",
        "source": urls[0] if len(urls) == 1 else urls,
        "aws_conn_id": source.connection,
        **workspace,
        "inlets": _assets(map(parse_source_url, source.url)),
    }
    tasks["train_model"] = {
        "operator": f"{OPERATORS}.TrainModelOperator",
        "training": _training(config),
        "run_params": as_typed_jinja({name: f"{{{{ params.{name} }}}}" for name in params}, params) or None,
        "on_unchanged": config.on_unchanged if config.on_unchanged != "retrain" else None,
        "card": None if config.card else False,
        "compute": config.compute.model_dump(exclude_none=True) if config.compute else None,
        "prefix": prefix,
        "series": prefix,
        "aws_conn_id": output.connection,
        "config": {"path": pipeline.path, "text": pipeline.text},
        **workspace,
    }
    tasks["upload_model"] = {
        "operator": f"{OPERATORS}.UploadModelOperator",
        "prefix": prefix,
        "series": prefix,
        "aws_conn_id": output.connection,
        **workspace,
        "outlets": _assets([parse_prefix_url(output.url)]),
    }
    tasks["clean_up"] = {"operator": f"{OPERATORS}.CleanUpOperator", **workspace}
    return tasks


def _training(config: PipelineConfig) -> dict[str, Any]:
    """Return what is trained; params keep their types in the model's own params, and are texts elsewhere."""
    training = config.training
    if not config.params:
        return training
    model = {
        key: (as_typed_jinja if key in ("params", "steps", "candidates") else as_jinja)(value, config.params)
        for key, value in training["model"].items()
    }
    return {**training, "model": model}


def _with_pods(tasks: dict[str, dict[str, Any]], config: PipelineConfig) -> dict[str, dict[str, Any]]:
    if config.resources is None:
        return tasks
    return {name: task | {"pod": config.resources.of_step(name) or None} for name, task in tasks.items()}


def _chained(tasks: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    names = list(tasks)
    return {
        name: _without_none(task) | {"dependencies": names[max(index - 1, 0) : index]}
        for index, (name, task) in enumerate(tasks.items())
    }


def _workspace(config: PipelineConfig) -> dict[str, Any]:
    workspace = config.workspace
    connection = workspace.connection if "connection" in workspace.model_fields_set else None
    return {"workspace": workspace.url or workspace.path, "workspace_conn_id": connection}


def _callback(config: PipelineConfig, event: str) -> dict[str, Any] | None:
    notifiers = [
        as_jinja(notifier.model_dump(exclude_none=True), config.params)
        for notifier in getattr(config.notify, event)
    ]
    return {"callback": f"{OPERATORS}.Notification", "notifiers": notifiers} if notifiers else None


def _without_none(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}
