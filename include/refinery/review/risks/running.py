"""Risks of how runs go: fewer retries, shorter or no timeouts, no notification."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from refinery.config.models import StepName
from refinery.review.risks.check import risk
from refinery.review.risks.finding import find_node
from refinery.spec.units import format_duration
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config import PipelineConfig
    from refinery.review.risks.finding import Finding, Pair, Review


@risk(
    "R060",
    "medium",
    "fewer retries",
    meaning="Failed tasks are retried less often. Only failures that a retry may fix are retried at all.",
    remedy="Keep the retries unless they caused problems.",
)
def fewer_retries(review: Review) -> Iterator[Finding]:
    """Find pipelines that give up sooner."""
    for pair in review.pairs:
        before, after = pair.before.config.retries, pair.after.config.retries
        if after < before:
            sentence = (
                f"retries of a failed task go from {before} to {after}: a temporary fault, such as throttling, fails "
                "the run sooner"
            )
            yield pair.finding(sentence, "retries")


@risk(
    "R061",
    "medium",
    "timeout changes",
    meaning="Tasks are ended sooner than before, or no longer have a time limit.",
    remedy="Compare it with the duration of the last runs.",
)
def timeout_changes(review: Review) -> Iterator[Finding]:
    """Find tasks that are ended sooner, and those that lost their limit."""
    for pair in review.pairs:
        before, after = pair.before.config.timeout, pair.after.config.timeout
        if after < before:
            sentence = f"a task that takes more than {format_duration(after)} is ended; until now it could take {format_duration(before)}"
            yield pair.finding(sentence, "timeout")
        elif after > before and find_node(pair.after, ("timeout",)) is None:
            sentence = f"a task that hangs is ended only after {format_duration(after)}; until now after {format_duration(before)}"
            yield pair.finding(sentence, "timeout")


@risk(
    "R062",
    "medium",
    "no longer waits for its dataset",
    meaning="`wait_for` is gone.",
    remedy="Keep it unless the dataset is always there when the run begins.",
)
def no_longer_waits(review: Review) -> Iterator[Finding]:
    """Find pipelines that no longer wait for their dataset."""
    for pair in review.pairs:
        if pair.before.config.wait_for and not pair.after.config.wait_for:
            sentence = (
                "a run whose dataset is late fails, or trains on the old one, instead of waiting for it"
            )
            yield pair.finding(sentence, "wait_for")


@risk(
    "R063",
    "medium",
    "failures are no longer reported",
    meaning="`notify.on_failure` is gone.",
    remedy="Name the people or channels to notify.",
)
def failures_unreported(review: Review) -> Iterator[Finding]:
    """Find pipelines that no longer report failures."""
    for pair in review.pairs:
        if pair.before.config.notify.on_failure and not pair.after.config.notify.on_failure:
            kinds = [kind for one in pair.before.config.notify.on_failure for kind in one.model_dump()]
            sentence = f"no one is notified of a failed run anymore; until now, the notification went to {list_names(dict.fromkeys(kinds))}"
            yield pair.finding(sentence, "notify", "on_failure")


@risk(
    "R064",
    "low",
    "pool or queue changes",
    meaning="Tasks wait forever, without an error, if the pool or the queue's workers do not exist.",
    remedy="Create the pool, or start the workers, first.",
)
def slots_change(review: Review) -> Iterator[Finding]:
    """Find pipelines that ask for other slots or workers."""
    for pair in review.pairs:
        before, after = pair.before.config, pair.after.config
        if before.pool != after.pool:
            sentence = f'its tasks wait forever unless Airflow has the pool "{after.pool}"; until now it is "{before.pool}"'
            yield pair.finding(sentence, "pool")
        if before.queue != after.queue and after.queue:
            sentence = f'its tasks wait forever unless workers listen to the queue "{after.queue}"'
            yield pair.finding(sentence, "queue")


@risk(
    "R065",
    "medium",
    "memory cut",
    meaning="A step's pod gets less memory than before (`resources`): Kubernetes kills a step that uses more.",
    remedy="Compare it with the peak memory of the last runs.",
)
def memory_cut(review: Review) -> Iterator[Finding]:
    """Find steps whose pods get less memory."""
    for pair in review.pairs:
        for step in get_args(StepName):
            before, after = (_memory(one.config, step) for one in pair)
            if before and after and _bytes(after) < _bytes(before):
                sentence = f"{step} is killed if it takes more than {after}; until now it could take {before}"
                yield pair.finding(sentence, *_memory_key(pair, step))


@risk(
    "R066",
    "medium",
    "paused has no effect",
    meaning="`paused` changes for a DAG that Airflow knows. Airflow reads it only when it first sees a DAG.",
    remedy="Pause or unpause the DAG in Airflow.",
)
def paused_without_effect(review: Review) -> Iterator[Finding]:
    """Find pipelines that should pause or go on, and do not."""
    for pair in review.pairs:
        before, after = pair.before.config.paused, pair.after.config.paused
        if pair.before.dag_id == pair.after.dag_id and before != after and after is not None:
            verb = "pause" if after else "unpause"
            sentence = f"Airflow knows {pair.after.dag_id} already and leaves it as it is; {verb} it there"
            yield pair.finding(sentence, "paused")


def _memory(config: PipelineConfig, step: str) -> str | None:
    memory: str | None = config.resources.of_step(step).get("memory") if config.resources else None
    return memory


def _bytes(amount: str) -> float:
    """Read an amount as Kubernetes does, such as 1.5Gi or 500M."""
    unit = amount.lstrip("0123456789.")
    base = 1024.0 if unit.endswith("i") else 1000.0
    scale: float = base ** (1 + "kmgt".index(unit[0].lower()))
    return float(amount.removesuffix(unit)) * scale


def _memory_key(pair: Pair, step: str) -> tuple[str, ...]:
    own = ("resources", "steps", step, "memory")
    return own if find_node(pair.after, own) else ("resources", "memory")
