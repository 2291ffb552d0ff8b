"""Risks of what holds bad models and bad data back: gates, the evaluation, the data contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from refinery.review.risks.check import risk
from refinery.review.risks.weakened import weakened_columns, weakened_gate, weakened_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config.models import EvaluateConfig, ExpectConfig
    from refinery.review.risks.finding import Finding, Pair, Review


@risk(
    "R010",
    "high",
    "gate loosened",
    meaning="A requirement is lower than before, so models that were rejected are now promoted.",
    remedy="Say in the pull request why less is good enough.",
)
def gate_loosened(review: Review) -> Iterator[Finding]:
    """Find requirements that ask for less."""
    for pair in review.pairs:
        after = pair.after.config.require or {}
        for metric, required in (pair.before.config.require or {}).items():
            if metric in after and (weaker := weakened_gate(required, after[metric])):
                sentence = f"models that would have been held back for their {metric} are promoted: {', '.join(weaker)}"
                yield pair.finding(sentence, "require", metric)


@risk(
    "R011",
    "high",
    "gate removed",
    meaning="A metric no longer has a requirement.",
    remedy="Keep it, or say in the pull request what keeps bad models back instead.",
)
def gate_removed(review: Review) -> Iterator[Finding]:
    """Find requirements that are gone."""
    for pair in review.pairs:
        after = pair.after.config.require or {}
        for metric, required in (pair.before.config.require or {}).items():
            if metric not in after:
                asked = ", ".join(
                    f"{key} {value}" for key, value in required.model_dump(exclude_none=True).items()
                )
                sentence = f"no model is held back for its {metric} any more; until now it needs {asked}"
                yield pair.finding(sentence, "require", metric)


@risk(
    "R012",
    "high",
    "gate only warns",
    meaning="`gate` goes from `fail` to `warn`: a model that misses its requirements is promoted, with a mark.",
    remedy="Set it back once the reason is gone.",
)
def gate_only_warns(review: Review) -> Iterator[Finding]:
    """Find gates that no longer hold a model back."""
    for pair in review.pairs:
        before, after = pair.before.config, pair.after.config
        if after.require and (before.gate, after.gate) == ("fail", "warn"):
            sentence = f"a model that misses its {', '.join(after.require)} is promoted anyway, with a mark"
            yield pair.finding(sentence, "gate")


@risk(
    "R013",
    "low",
    "evaluation changes",
    meaning="Models are measured on different rows or with different weights, another class is the positive one, or probabilities are calibrated or become "
    "classes differently, so metrics before and after are not comparable.",
    remedy="Compare both models on the same rows with `refinery compare` before you set a bound by the new figures.",
)
def evaluation_changes(review: Review) -> Iterator[Finding]:
    """Find models that are measured on other rows than before, or with another positive class."""
    for pair in review.pairs:
        before, after = pair.before.config.evaluate, pair.after.config.evaluate
        keys = ("time_column", "group_column", "test_size", "random_state", "stratify", "gap")
        changed = [key for key in keys if getattr(before, key) != getattr(after, key)]
        if before.positive_class != after.positive_class:
            classes = " and not ".join(_positive(one.positive_class) for one in (after, before))
            sentence = (
                f"metrics of one class, such as f1 and recall, and gates on them are those of {classes}"
            )
            yield pair.finding(sentence, "evaluate", "positive_class")
        if pair.before.config.weight != (weight := pair.after.config.weight):
            how = f"weighted by {weight}" if weight else f"no longer weighted by {pair.before.config.weight}"
            yield pair.finding(
                f"metrics, and gates on them, are {how}: figures before and after differ", "weight"
            )
        if said := _decides_otherwise(before, after):
            key, sentence = said
            yield pair.finding(sentence, "evaluate", key)
        if not changed:
            continue
        if before.time_column and not after.time_column:
            sentence = (
                f"models are no longer measured on the latest rows by {before.time_column}: what they know of the future "
                "makes their metrics look better than they are"
            )
        elif before.group_column and not after.group_column:
            sentence = (
                f"rows of the same {before.group_column} are in both the training and the held-out rows: what models remember of it makes their "
                "metrics look better than they are"
            )
        else:
            sentence = f"metrics cannot be compared with those of earlier models: the split has another {' and '.join(changed)}"
        yield pair.finding(sentence, "evaluate", changed[0])


@risk(
    "R020",
    "medium",
    "data contract loosened",
    meaning="A rule of `expect` accepts datasets that failed before. Rules that cannot be compared, such as two patterns, or a "
    "count and a share of missing values, are reported too.",
    remedy="Check that the model can handle the data that is now accepted.",
)
def contract_loosened(review: Review) -> Iterator[Finding]:
    """Find data contracts that accept more."""
    for pair, before in _with_contract(review):
        after = pair.after.config.expect
        if after and (weaker := [*weakened_rows(before, after), *weakened_columns(before, after)]):
            sentence = f"datasets that would have failed the run are trained on: {', '.join(text for _, text in weaker)}"
            yield pair.finding(sentence, "expect", *weaker[0][0])


@risk(
    "R021",
    "high",
    "data contract removed",
    meaning="`expect` is gone: nothing checks a dataset before a model learns from it.",
    remedy="Keep the rules that still hold; `refinery profile` proposes new ones.",
)
def contract_removed(review: Review) -> Iterator[Finding]:
    """Find data contracts that are gone."""
    for pair, _ in _with_contract(review):
        if pair.after.config.expect is None:
            sentence = "datasets are no longer checked: a broken one is trained on instead of failing the run"
            yield pair.finding(sentence, "expect")


def _with_contract(review: Review) -> Iterator[tuple[Pair, ExpectConfig]]:
    """Give each pipeline that had a contract with rules."""
    for pair in review.pairs:
        expect = pair.before.config.expect
        if expect and (expect.rows or expect.columns or not expect.other_columns):
            yield pair, expect


def _decides_otherwise(before: EvaluateConfig, after: EvaluateConfig) -> tuple[str, str] | None:
    """Return the key that changes how scores become probabilities and classes, and what that means; None if nothing does."""
    if before.threshold != after.threshold:
        how, until_now = (_threshold(one) for one in (after, before))
        return (
            "threshold",
            f"the positive class is predicted {how} and not {until_now}: predictions, metrics of classes and gates on them differ",
        )
    if before.calibrate != after.calibrate:
        how = f"calibrated ({after.calibrate})" if after.calibrate else "no longer calibrated"
        return "calibrate", f"probabilities are {how}: they, their metrics and gates on them differ"
    return None


def _threshold(evaluate: EvaluateConfig) -> str:
    threshold = evaluate.threshold
    if threshold is None:
        return "where it is more probable"
    if threshold.maximize:
        return f"where that is best for {threshold.maximize}"
    return f"from the probability {threshold.value:g} on"


def _positive(positive_class: object) -> str:
    return (
        "the class that sorts last"
        if positive_class is None
        else json.dumps(positive_class, ensure_ascii=False)
    )
