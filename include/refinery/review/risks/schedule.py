"""Risks of when pipelines run: too often, no longer, or for many past days together."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from refinery.review.formats.wording import count
from refinery.review.risks.check import risk
from refinery.review.risks.finding import Pair, join_ids
from refinery.review.risks.frequency import has_clock, past_runs, runs_a_year

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from refinery.config import Pipeline, PipelineConfig
    from refinery.review.risks.finding import Finding, Review

_DAY = timedelta(days=1)
_ROUNDING = 1 + 1e-9  # seven days are seven times a day


@risk(
    "R030",
    "medium",
    "runs much more often",
    meaning="The schedule has more than `schedule_factor` times as many runs as before, at the same cost each.",
    remedy="Check that the data changes that often, or set `on_unchanged: skip`.",
)
def runs_more_often(review: Review) -> Iterator[Finding]:
    """Find schedules that bring many more runs than before."""
    factor = review.thresholds.schedule_factor
    for pair in review.pairs:
        before, after = (runs_a_year(one.config, review.day) for one in pair)
        if pair.after.config.schedule == "@continuous" != pair.before.config.schedule:
            sentence = "a run follows the one before without a pause, and takes a worker all the time"
            yield pair.finding(sentence, "schedule")
        elif before and after and after > factor * before * _ROUNDING:
            sentence = f"{after / before:,.0f} times as many trainings: about {after:,.0f} runs a year instead of {before:,.0f}"
            yield pair.finding(sentence, "schedule")


@risk(
    "R034",
    "medium",
    "runs much more rarely",
    meaning="The schedule has less than one run for every `rarer_factor` runs before: readers keep getting an old model.",
    remedy="Check the schedule for a mistake, such as a day of the month in place of an hour.",
)
def runs_more_rarely(review: Review) -> Iterator[Finding]:
    """Find schedules that bring far fewer runs than before."""
    factor = review.thresholds.rarer_factor
    for pair in review.pairs:
        before, after = (runs_a_year(one.config, review.day) for one in pair)
        if before and after and before > factor * after * _ROUNDING:
            sentence = f"one run where there were {before / after:,.0f}: about {_say_number(after)} a year instead of {before:,.0f}"
            yield pair.finding(sentence, "schedule")


@risk(
    "R035",
    "medium",
    "starts late",
    meaning="`start_date` is more than `start_days` ahead: Airflow starts no runs before that date.",
    remedy="Check the year and the month of `start_date`.",
)
def starts_late(review: Review) -> Iterator[Finding]:
    """Find start dates far ahead."""
    latest = review.day + timedelta(days=review.thresholds.start_days)
    for change in review.changes:
        before, after = change.base, change.head
        if after is None or after.config.start_date <= latest or not after.config.schedule:
            continue
        if before is None or before.config.start_date != after.config.start_date:
            days = (after.config.start_date - review.day).days
            sentence = f"no run starts before {after.config.start_date}, which is {count(days, 'day')} ahead"
            yield Pair(before or after, after).finding(sentence, "start_date")


@risk(
    "R031",
    "medium",
    "no longer runs by itself",
    meaning="The schedule is gone, or `end_date` has passed: readers keep getting the last model.",
    remedy="Remove the pipeline if it is no longer needed.",
)
def no_longer_runs(review: Review) -> Iterator[Finding]:
    """Find pipelines that no longer run by themselves."""
    for pair in review.pairs:
        before, after = pair.before.config, pair.after.config
        if before.schedule and not after.schedule:
            sentence = f"no new models come unless someone triggers a run{_waiting(review, pair.after)}"
            yield pair.finding(sentence, "schedule")
        elif (
            after.schedule
            and after.end_date
            and after.end_date < review.day
            and before.end_date != after.end_date
        ):
            sentence = (
                f"no new models come after {after.end_date}, which has passed{_waiting(review, pair.after)}"
            )
            yield pair.finding(sentence, "end_date")


@risk(
    "R032",
    "high",
    "past runs are started",
    meaning="`catchup` is on for a pipeline whose past runs Airflow has not started yet: turned on, added, under a new DAG id, or "
    "with a schedule, an earlier `start_date` or no `end_date` where it had made no runs. All runs since then start after the "
    "merge, if there are more than `catchup_runs`. Airflow continues from a DAG's last scheduled run, which the configs do not "
    "show: for a pipeline that has been running, fewer runs are started than are counted.",
    remedy="Set `start_date` to the first day you want to run.",
)
def catchup_starts_runs(review: Review) -> Iterator[Finding]:
    """Find pipelines whose past runs Airflow starts after the merge."""
    for change in review.changes:
        before, after = change.base, change.head
        if after is None or not after.config.catchup:
            continue
        former = before.config if before and before.dag_id == after.dag_id else None
        first = _first_missing_day(former, after.config, review.day)
        runs = past_runs(after.config, review.day, since=first) if first else 0
        if runs > review.thresholds.catchup_runs:
            at_a_time = f"{after.config.max_active_runs} at a time"
            if former and not former.catchup and has_clock(former):
                sentence = (
                    f"starts up to {count(runs, 'past run')}, {at_a_time}: those since its last scheduled run, or all from "
                    f"{first} on if it has had none"
                )
            else:
                sentence = f"starts {count(runs, 'past run')}, those from {first} on, {at_a_time}"
            if before and before.dag_id != after.dag_id:
                sentence += f": Airflow does not know that {before.dag_id} made them"
            yield Pair(before or after, after).finding(sentence, _what_starts_them(former, after.config))


def _first_missing_day(before: PipelineConfig | None, after: PipelineConfig, day: date) -> date | None:
    """Return the first day whose runs Airflow has not started, or may not have started; None where it has started all up to the day."""
    if before is None or not before.catchup:
        return after.start_date
    if before.schedule == "@continuous":
        return None
    if not past_runs(before, day):
        return after.start_date
    if before.end_date and before.end_date < day:
        return max(before.end_date + _DAY, after.start_date)
    return None


def _what_starts_them(before: PipelineConfig | None, after: PipelineConfig) -> str:
    """Return the key whose change makes Airflow start past runs."""
    if before is None or not before.catchup:
        return "catchup"
    keys = ("schedule", "end_date", "start_date")
    return next((key for key in keys if getattr(before, key) != getattr(after, key)), "catchup")


def _waiting(review: Review, pipeline: Pipeline) -> str:
    followers = review.followers_of(pipeline)
    if not followers:
        return ""
    return (
        f", and {join_ids(one.dag_id for one in followers)} wait{'s' if len(followers) == 1 else ''} for them"
    )


def _say_number(runs: float) -> str:
    return f"{runs:,.0f}" if runs >= 1 else f"{runs:.2g}"
