"""Risks of when pipelines run: too often, no longer, or all at once for the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.review.formats.wording import count
from include.review.risks.finding import Pair, join_ids
from include.review.risks.pace import past_runs, runs_a_year

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config import Pipeline
    from include.review.risks.finding import Finding, Review

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
        if before and before.config.catchup and before.dag_id == after.dag_id:
            continue
        runs = past_runs(after.config, review.day)
        if runs > review.thresholds.catchup_runs:
            config = after.config
            sentence = f"starts {count(runs, 'past run')}, those from {config.start_date} on, {config.max_active_runs} at a time"
            if before and before.dag_id != after.dag_id:
                sentence += f": Airflow does not know that {before.dag_id} made them"
            yield Pair(before or after, after).finding("R032", sentence, "catchup")


def _waiting(review: Review, pipeline: Pipeline) -> str:
    followers = review.followers_of(pipeline)
    if not followers:
        return ""
    return (
        f", and {join_ids(one.dag_id for one in followers)} wait{'s' if len(followers) == 1 else ''} for them"
    )
