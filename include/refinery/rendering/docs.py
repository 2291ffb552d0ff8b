"""Describe a pipeline in words: the docs that Airflow shows of its DAG."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refinery.config.run_times import describe_schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from refinery.config import Pipeline, PipelineConfig
    from refinery.config.models import EvaluateConfig, Requirement

_BACKTICKS = re.compile("`+")
_SHORTEST_FENCE = 3


def describe_pipeline(pipeline: Pipeline, page: str | None = None) -> str:
    """Return what a pipeline does and who answers for it, then its config, as Markdown.

    Args:
        pipeline: The pipeline.
        page: The address of its config in the repository, if it is known.
    """
    facts = "\n".join(f"- **{name}**: {text}" for name, text in _facts(pipeline.config))
    path = _code(pipeline.path)
    title = f"[{path}]({page})" if page else path
    fence = "`" * max(_SHORTEST_FENCE, 1 + _longest_run(pipeline.text))
    config = f"{title}\n\n{fence}yaml\n{pipeline.text.rstrip()}\n{fence}"
    return "\n\n".join(part for part in (pipeline.config.description.strip(), facts, config) if part)


def _facts(config: PipelineConfig) -> Iterator[tuple[str, str]]:
    yield "Source", _codes(config.source.url)
    yield "Model", _code(config.model.name)
    if config.model.script is None:
        if config.task is None:
            yield "Target", _target(config)
        else:
            yield "Task", f"{config.task}, without a target"
        yield "Measured on", _held_out(config.evaluate)
    if config.require:
        bounds = "; ".join(_bounds(metric, required) for metric, required in config.require.items())
        yield "Gates", f"{bounds}. A model that misses one is {_CONSEQUENCES[config.gate]}."
    yield "Output", _code(config.output.url)
    yield "Runs", _code(describe_schedule(config))
    yield "Owner", _code(config.owner)
    for event, name in _EVENTS.items():
        if notifiers := getattr(config.notify, event):
            yield name, "; ".join(", ".join(_recipients(one.model_dump())) for one in notifiers)


_CONSEQUENCES = {"fail": "rejected, and the run fails", "warn": "promoted with a warning"}
_EVENTS = {"on_failure": "Told of failures", "on_success": "Told of success", "on_retry": "Told of retries"}


def _target(config: PipelineConfig) -> str:
    column = config.target.column if config.target else None
    if column is None:
        return "the last column"
    return f"column number {column}" if isinstance(column, int) else _code(column)


def _held_out(evaluate: EvaluateConfig) -> str:
    share = f"{evaluate.test_size * 100:.4g}% of the rows"
    if evaluate.time_column:
        return f"the latest {share} by {_code(evaluate.time_column)}"
    if evaluate.group_column:
        return f"{share}, whole groups of {_code(evaluate.group_column)} at random"
    return f"{share}, the same share of each class" if evaluate.stratify else f"{share} at random"


def _bounds(metric: str, required: Requirement) -> str:
    bounds = []
    if required.min is not None:
        bounds.append(f"at least {required.min:g}")
    if required.max is not None:
        bounds.append(f"at most {required.max:g}")
    if required.no_worse_than_latest is not None:
        bounds.append(f"at most {required.no_worse_than_latest} worse than the latest model")
    return f"{_code(metric)} {', '.join(bounds)}"


def _recipients(notifier: dict[str, dict[str, object]]) -> Iterator[str]:
    for kind, settings in notifier.items():
        to = settings.get("channel") or settings.get("topic") or settings["to"]
        yield f"{_KINDS[kind]} {_codes([to] if isinstance(to, str) else to)}"  # type: ignore[arg-type]


_KINDS = {"slack": "Slack", "smtp": "e-mail to", "sns": "SNS topic"}


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))


def _code(text: str) -> str:
    """Return a text as inline code, in which Markdown reads nothing."""
    line = " ".join(text.split())
    fence = "`" * (1 + _longest_run(line))
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def _longest_run(text: str) -> int:
    return max((len(found[0]) for found in _BACKTICKS.finditer(text)), default=0)
