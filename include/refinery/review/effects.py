"""What a pipeline does: its rendered tasks, the objects that a day writes, and when it runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from refinery.config import fill_params, params_in, series_output
from refinery.config.run_times import ClockSettings, describe_schedule, first_runs
from refinery.rendering.dag_factory import dag_factory_config
from refinery.review.plan import Effects, Graph, RunTime
from refinery.spec.artifacts import CARD_HTML, CARD_MARKDOWN, MANIFEST_FILE, MODEL_FILE, MODEL_FILES
from refinery.spec.run_params import RUN_DATE_MACRO
from refinery.spec.series import ModelSeries
from refinery.spec.urls import parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from refinery.config import Pipeline, PipelineConfig

_RUNS = 3
_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
# The text of a config stands in its manifest; an edit of a comment does not change the task.
_PROVENANCE = "config"
# Its keys are those of a config, and say more than that the training is another.
_TRAINING = "training"


Tasks = dict[str, dict[str, Any]]


def render_tasks(pipeline: Pipeline) -> Tasks:
    """Return a pipeline's tasks with their arguments, by their ids and in their order."""
    tasks: Tasks = dag_factory_config(pipeline)["tasks"]
    return tasks


def describe_effects(pipeline: Pipeline, tasks: Tasks, day: date, sample: date) -> Effects:
    """Describe what a pipeline does from a day on.

    Args:
        pipeline: The pipeline.
        tasks: Its rendered tasks.
        day: The day, in UTC.
        sample: The day whose objects are listed.
    """
    config = pipeline.config
    runs = _runs(config, day)
    return Effects(
        graph=_graph(tasks),
        objects=tuple(sorted(_objects(config, _runs(config, sample), sample))),
        objects_of=sample,
        reads=tuple(_reads(config, sample)),
        schedule=_say_schedule(config, day),
        runs=tuple(_run_time(moment, config.timezone) for moment in runs),
    )


def first_run_day(pipeline: Pipeline, day: date) -> date:
    """Return the first day from a day on that has a run; the day itself where no clock tells one."""
    runs = _runs(pipeline.config, day)
    return runs[0].date() if runs else day


def find_changed_tasks(before: Tasks, after: Tasks) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the tasks that are on both sides and whose arguments differ, with the arguments' names."""
    found = ((name, tuple(sorted(_differing(before[name], after[name])))) for name in after if name in before)
    return tuple((name, arguments) for name, arguments in found if arguments)


def fill_templates(text: str, config: PipelineConfig, day: date) -> str:
    """Put the values of a day's first run into a text's templates, as far as they can be known before it."""
    return _fill(str(fill_params(text, config.params)), _runs(config, day), day)


def _say_schedule(config: PipelineConfig, day: date) -> str:
    schedule = describe_schedule(config)
    if config.schedule is None or config.end_date is None:
        return schedule
    return f"{schedule} until {config.end_date}" + (", which has passed" if config.end_date < day else "")


def _differing(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for argument in before.keys() | after.keys():
        if before.get(argument) == after.get(argument) or argument == _PROVENANCE:
            continue
        if argument == _TRAINING:
            yield from _differing(before[argument], after[argument])
        else:
            yield argument


def _graph(tasks: Tasks) -> Graph:
    edges = ((before, name) for name, task in tasks.items() for before in task["dependencies"])
    return Graph(tuple(tasks), tuple(edges))


def _objects(config: PipelineConfig, runs: Sequence[datetime], day: date) -> Iterator[str]:
    prefix = str(parse_prefix_url(_fill(series_output(config), runs, day)))
    yield f"{prefix}{MANIFEST_FILE}"
    yield f"{prefix}{model_file(config)}"
    if config.card:
        yield from (f"{prefix}{name}" for name in (CARD_HTML, CARD_MARKDOWN))
    yield str(ModelSeries.of_output(series_output(config)).latest_url)


def _reads(config: PipelineConfig, day: date) -> Iterator[str]:
    """Yield the sources that params choose; the others are what their values say."""
    yield from (fill_templates(url, config, day) for url in config.source.url if params_in(url))


def model_file(config: PipelineConfig) -> str:
    """Return the name of the file that a model is written to."""
    model = config.model
    if not model.script:
        return MODEL_FILES[model.format]
    if model.file:
        return model.file
    placed = any("{model}" in text for text in (*model.args, *model.env.values()))
    return MODEL_FILE if placed else "*"  # whatever the script leaves


def _runs(config: PipelineConfig, day: date) -> tuple[datetime, ...]:
    """Return the first runs from a day on."""
    # A run at midnight itself is one of the day.
    before = _midnight(day) - timedelta(microseconds=1)
    return first_runs(ClockSettings.of(config), before, _RUNS)


def _fill(text: str, runs: Sequence[datetime], day: date) -> str:
    """Put the values of a day's first run into templates; what only the run itself will know stays as it is written.

    On a day without a run of the schedule it is one at midnight, like that of a run by hand for this date.
    """
    midnight = _midnight(day)
    is_scheduled = bool(runs) and runs[0] < midnight + timedelta(days=1)
    moment = runs[0] if is_scheduled else midnight
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
    return _TEMPLATE.sub(lambda template: values.get(_macro(template[1]), template[0]), text)


def _macro(text: str) -> str:
    """Return a template's macro; a param that is the run's date is the date, since nobody sets it before the run."""
    return "ds" if RUN_DATE_MACRO.fullmatch(text) else text


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _run_time(moment: datetime, timezone: str) -> RunTime:
    local = moment.astimezone(ZoneInfo(timezone))
    own = f"{local:%Y-%m-%d %H:%M %Z}" if timezone != "UTC" else ""
    return RunTime(f"{moment:%Y-%m-%d %H:%M}", own)
