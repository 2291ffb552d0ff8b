"""What a pipeline does: its rendered tasks, the objects that a day writes, and when it runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.artifacts import CARD_HTML, CARD_MARKDOWN, MANIFEST_FILE, MODEL_FILE, MODEL_FILES
from include.config.run_times import describe_schedule, runs_after
from include.registry.series import ModelSeries
from include.rendering.dag_factory import dag_factory_config
from include.review.plan import Behaviour, Graph, RunTime
from include.urls import parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from include.config import Pipeline, PipelineConfig

_RUNS = 3
_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
# The text of a config stands in its manifest; an edit of a comment is no other task.
_PROVENANCE = "config"


def describe_behaviour(pipeline: Pipeline, day: date) -> Behaviour:
    """Describe what a pipeline does on a day.

    Args:
        pipeline: The pipeline.
        day: The day, in UTC.
    """
    config = pipeline.config
    return Behaviour(
        graph=_graph(_tasks(pipeline)),
        objects=tuple(sorted(_objects(config, day))),
        schedule=describe_schedule(config),
        runs=tuple(
            _run_time(moment, config.timezone) for moment in islice(runs_after(config, _before(day)), _RUNS)
        ),
    )


def find_changed_tasks(base: Pipeline, head: Pipeline) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the tasks that both versions of a pipeline have and whose arguments differ, with the arguments' names."""
    before, after = _tasks(base), _tasks(head)
    found = ((name, tuple(sorted(_differing(before[name], after[name])))) for name in after if name in before)
    return tuple((name, arguments) for name, arguments in found if arguments)


def _tasks(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    tasks: dict[str, dict[str, Any]] = dag_factory_config(pipeline)["tasks"]
    return tasks


def _differing(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for argument in before.keys() | after.keys():
        if argument != _PROVENANCE and before.get(argument) != after.get(argument):
            yield argument


def _graph(tasks: dict[str, dict[str, Any]]) -> Graph:
    edges = ((before, name) for name, task in tasks.items() for before in task["dependencies"])
    return Graph(tuple(tasks), tuple(edges))


def _objects(config: PipelineConfig, day: date) -> Iterator[str]:
    prefix = str(parse_prefix_url(_fill(config.output.url, _first_run(config, day))))
    yield f"{prefix}{MANIFEST_FILE}"
    yield f"{prefix}{_model_file(config)}"
    if config.card:
        yield from (f"{prefix}{name}" for name in (CARD_HTML, CARD_MARKDOWN))
    yield str(ModelSeries.of_output(config.output.url).latest_url)


def _model_file(config: PipelineConfig) -> str:
    model = config.model
    if not model.script:
        return MODEL_FILES[model.format]
    placed = any("{model}" in text for text in (*model.args, *model.env.values()))
    return MODEL_FILE if placed else "*"  # whatever the script leaves


def _first_run(config: PipelineConfig, day: date) -> tuple[datetime, bool]:
    """Return the first run of a day, and whether it is the schedule's; else a run at midnight, as one by hand for this date."""
    midnight = _midnight(day)
    moment = next(runs_after(config, _before(day)), None)
    if moment and moment < midnight + timedelta(days=1):
        return moment, True
    return midnight, False


def _fill(url: str, run: tuple[datetime, bool]) -> str:
    """Put a run's values into a URL's templates; what only the run itself will know stays as it is written."""
    moment, is_scheduled = run
    values = {
        "ds": f"{moment:%Y-%m-%d}",
        "ds_nodash": f"{moment:%Y%m%d}",
        "ts_nodash": f"{moment:%Y%m%dT%H%M%S}",
        "logical_date": str(moment),
        "data_interval_start": str(moment),
        "data_interval_end": str(moment),
    }
    if is_scheduled:
        values["run_id"] = f"scheduled__{moment.isoformat()}"
    return _TEMPLATE.sub(lambda template: values.get(template[1], template[0]), url)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _before(day: date) -> datetime:
    """Return the last moment before a day, after which its runs come."""
    return _midnight(day) - timedelta(microseconds=1)


def _run_time(moment: datetime, timezone: str) -> RunTime:
    local = moment.astimezone(ZoneInfo(timezone))
    own = f"{local:%Y-%m-%d %H:%M %Z}" if timezone != "UTC" else ""
    return RunTime(f"{moment:%Y-%m-%d %H:%M}", own)
