"""Risks of when pipelines run: too often, no longer, or all at once for the past."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.review.formats.wording import count
from include.review.risks.finding import Pair, join_ids
from include.review.risks.pace import has_clock, past_runs, runs_a_year

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from include.config import Pipeline, PipelineConfig
    from include.review.risks.finding import Finding, Review

_DAY = timedelta(days=1)
_ROUNDING = 1 + 1e-9  # seven days are seven times a day


def runs_more_often(review: Review) -> Iterator[Finding]:
    """Find schedules that bring many more runs than before."""
    factor = review.thresholds.schedule_factor
    for pair in review.pairs:
        before, after = (runs_a_year(one.config, review.day) for one in pair)
        if pair.after.config.schedule == "@continuous" != pair.before.config.schedule:
            sentence = "a run follows the one before without a pause, and takes a worker all the time"
            yield pair.finding("R030", sentence, "schedule")
        elif before and after and after > factor * before * _ROUNDING:
            sentence = f"{after / before:,.0f} times as many trainings: about {after:,.0f} runs a year instead of {before:,.0f}"
            yield pair.finding("R030", sentence, "schedule")


def no_longer_runs(review: Review) -> Iterator[Finding]:
    """Find pipelines that run no longer by themselves."""
    for pair in review.pairs:
        before, after = pair.before.config, pair.after.config
        if before.schedule and not after.schedule:
            sentence = f"no new models come unless someone triggers a run{_waiting(review, pair.after)}"
            yield pair.finding("R031", sentence, "schedule")
        elif (
            after.schedule
            and after.end_date
            and after.end_date < review.day
            and before.end_date != after.end_date
        ):
            sentence = (
                f"no new models come after {after.end_date}, which has passed{_waiting(review, pair.after)}"
            )
            yield pair.finding("R031", sentence, "end_date")


def catchup_starts_runs(review: Review) -> Iterator[Finding]:
    """Find pipelines whose past runs are made up for once Airflow sees them."""
    for change in review.changes:
        before, after = change.base, change.head
        if after is None or not after.config.catchup:
            continue
        former = before.config if before and before.dag_id == after.dag_id else None
        first = _first_to_make_up_for(former, after.config, review.day)
        runs = past_runs(after.config, review.day, since=first) if first else 0
        if runs > review.thresholds.catchup_runs:
            at_once = f"{after.config.max_active_runs} at a time"
            if former and not former.catchup and has_clock(former):
                sentence = (
                    f"starts up to {count(runs, 'past run')}, {at_once}: those since its last scheduled run, or all from "
                    f"{first} on where it has had none"
                )
            else:
                sentence = f"starts {count(runs, 'past run')}, those from {first} on, {at_once}"
            if before and before.dag_id != after.dag_id:
                sentence += f": Airflow does not know that {before.dag_id} made them"
            yield Pair(before or after, after).finding(
                "R032", sentence, _what_starts_them(former, after.config)
            )


def _first_to_make_up_for(before: PipelineConfig | None, after: PipelineConfig, day: date) -> date | None:
    """Return the first day whose runs Airflow has not made, or may not have made; None where it has made all up to the day."""
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
    """Return the key whose change lets Airflow make up for past runs."""
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
