"""Risks of how runs go: fewer retries, shorter or no timeouts, nobody who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config.durations import format_duration
from include.config.problems import list_names
from include.review.risks.finding import find_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.review.risks.finding import Finding, Review


def fewer_retries(review: Review) -> Iterator[Finding]:
    """Find pipelines that give up sooner."""
    for pair in review.pairs:
        before, after = pair.before.config.retries, pair.after.config.retries
        if after < before:
            sentence = (
                f"retries of a failed task go from {before} to {after}: a fault that passes by itself, as throttling, fails "
                "the run sooner"
            )
            yield pair.finding("R060", sentence, "retries")


def timeout_changes(review: Review) -> Iterator[Finding]:
    """Find tasks that are ended sooner, and those whose own limit is gone."""
    for pair in review.pairs:
        before, after = pair.before.config.timeout, pair.after.config.timeout
        if after < before:
            sentence = f"a task that takes more than {format_duration(after)} is ended; so far it may take {format_duration(before)}"
            yield pair.finding("R061", sentence, "timeout")
        elif after > before and find_node(pair.after, ("timeout",)) is None:
            sentence = f"a task that hangs is ended after {format_duration(after)} only; so far after {format_duration(before)}"
            yield pair.finding("R061", sentence, "timeout")


def no_longer_waits(review: Review) -> Iterator[Finding]:
    """Find pipelines that no longer wait for their dataset."""
    for pair in review.pairs:
        if pair.before.config.wait_for and not pair.after.config.wait_for:
            sentence = (
                "a run whose dataset is late fails, or trains on the old one, instead of waiting for it"
            )
            yield pair.finding("R062", sentence, "wait_for")


def nobody_told(review: Review) -> Iterator[Finding]:
    """Find failures that no one hears of any more."""
    for pair in review.pairs:
        if pair.before.config.notify.on_failure and not pair.after.config.notify.on_failure:
            told = [kind for one in pair.before.config.notify.on_failure for kind in one.model_dump()]
            sentence = (
                f"nobody is told any more when a run fails; so far {list_names(dict.fromkeys(told))} does it"
            )
            yield pair.finding("R063", sentence, "notify", "on_failure")


def slots_change(review: Review) -> Iterator[Finding]:
    """Find pipelines that ask for other slots or workers."""
    for pair in review.pairs:
        before, after = pair.before.config, pair.after.config
        if before.pool != after.pool:
            sentence = f'its tasks wait for ever unless Airflow has the pool "{after.pool}"; so far it is "{before.pool}"'
            yield pair.finding("R064", sentence, "pool")
        if before.queue != after.queue and after.queue:
            sentence = f'its tasks wait for ever unless workers listen to the queue "{after.queue}"'
            yield pair.finding("R064", sentence, "queue")
