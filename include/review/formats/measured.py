"""What is known of the models of a plan's pipelines, in Markdown: the last promoted ones, and those trained for the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.review.formats.escaping import code, prose, shorten
from include.review.formats.wording import count, say_metric

if TYPE_CHECKING:
    from include.review.plan import Stake, Trial, TrialRun

STAKE_HEAD = "| pipeline | promoted (UTC) | metrics | gates |\n|---|---|---|---|"
_METRIC_HEAD = "| metric | before | after | change |\n|---|---:|---:|---:|"
_MOST_METRICS = 20
_LONGEST_NAME = 60
_LONGEST_SENTENCE = 600


def stake_row(stake: Stake) -> str:
    """Write a table's row of the last promoted model."""
    name = _name(stake.dag_id)
    if stake.problem or not stake.promoted:
        return f"| {name} | {_sentence(stake.problem or 'no model was promoted yet')} | | |"
    metrics = _metrics(stake.metrics)
    return f"| {name} | {prose(stake.promoted)} | {metrics} | {stake.gate or ''} |"


def trial_block(trial: Trial) -> str:
    """Write what a trial has measured."""
    rows = f" on {count(trial.rows, 'row')}" if trial.rows is not None else ""
    runs = [("before", trial.before), ("after", trial.after)]
    gates = ", ".join(f"{label} **{run.gate}**" for label, run in runs if run and run.gate)
    head = f"**{_name(trial.dag_id)}**{rows}" + (f"; gates: {gates}" if gates else "")
    remarks = [remark for label, run in runs if run for remark in _remarks(label, run)]
    remarks += [f"- {_sentence(trial.note)}"] if trial.note else []
    if trial.before is None or trial.before.metrics == trial.after.metrics:
        same = ", the same before and after" if trial.before and trial.after.metrics else ""
        parts = [f"{head}: {_metrics(trial.after.metrics)}{same}"] if trial.after.metrics else [head]
    else:
        parts = [head, _metrics_table(trial.before, trial.after)]
    return "\n\n".join([*parts, *(["\n".join(remarks)] if remarks else [])])


def _metrics_table(run_before: TrialRun, run_after: TrialRun) -> str:
    before, after = dict(run_before.metrics), dict(run_after.metrics)
    names = list({**after, **before})[:_MOST_METRICS]
    return "\n".join(
        [_METRIC_HEAD, *(_metric_row(name, before.get(name), after.get(name)) for name in names)]
    )


def _metrics(metrics: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{_name(name)} {say_metric(value)}" for name, value in metrics[:_MOST_METRICS])


def _metric_row(name: str, before: float | None, after: float | None) -> str:
    difference = "" if before is None or after is None else f"{after - before:+.4g}"
    return f"| {_name(name)} | {_value(before)} | {_value(after)} | {difference} |"


def _remarks(label: str, run: TrialRun) -> list[str]:
    problem = [f"- {label}: {_sentence(run.problem)}"] if run.problem else []
    return problem + [
        f"- {label}: not passed: {_sentence(one.sentence)}" for one in run.gates if not one.passed
    ]


def _value(value: float | None) -> str:
    return "" if value is None else say_metric(value)


def _name(text: str) -> str:
    return code(shorten(text, _LONGEST_NAME))


def _sentence(text: str) -> str:
    return prose(shorten(text, _LONGEST_SENTENCE))
