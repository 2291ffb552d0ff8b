"""Risks of what holds bad models and bad data back: gates, the evaluation, the data contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include.review.risks.loosening import loosened_columns, loosened_gate, loosened_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.review.risks.finding import Finding, Review


def gate_loosened(review: Review) -> Iterator[Finding]:
    """Find requirements that ask for less, or are gone."""
    for pair in review.pairs:
        after = pair.after.config.require or {}
        for metric, required in (pair.before.config.require or {}).items():
            if metric not in after:
                asked = ", ".join(
                    f"{key} {value}" for key, value in required.model_dump(exclude_none=True).items()
                )
                sentence = f"no model is held back for its {metric} any more; so far it needs {asked}"
                yield pair.finding("R011", sentence, "require", metric)
            elif looser := loosened_gate(required, after[metric]):
                sentence = f"models that would have been held back for their {metric} are promoted: {', '.join(looser)}"
                yield pair.finding("R010", sentence, "require", metric)


def gate_only_warns(review: Review) -> Iterator[Finding]:
    """Find gates that no longer hold a model back."""
    for pair in review.pairs:
        before, after = pair.before.config, pair.after.config
        if after.require and (before.gate, after.gate) == ("fail", "warn"):
            sentence = (
                f"a model that misses its {', '.join(after.require)} is promoted all the same, only marked"
            )
            yield pair.finding("R012", sentence, "gate")


def evaluation_changes(review: Review) -> Iterator[Finding]:
    """Find models that are measured on other rows than before, or by how another class is found."""
    for pair in review.pairs:
        before, after = pair.before.config.evaluate, pair.after.config.evaluate
        keys = ("time_column", "test_size", "random_state", "stratify")
        changed = [key for key in keys if getattr(before, key) != getattr(after, key)]
        if before.positive_class != after.positive_class:
            classes = " and not ".join(_positive(one.positive_class) for one in (after, before))
            sentence = f"metrics of one class, as f1 and recall, and gates on them are those of {classes}"
            yield pair.finding("R013", sentence, "evaluate", "positive_class")
        if not changed:
            continue
        if before.time_column and not after.time_column:
            sentence = (
                f"models are no longer measured on the rows that are the latest by {before.time_column}: what they know of "
                "the future makes their metrics look better than they are"
            )
        else:
            sentence = f"metrics do not compare with those of earlier models: the split has another {' and '.join(changed)}"
        yield pair.finding("R013", sentence, "evaluate", changed[0])


def _positive(positive_class: object) -> str:
    return (
        "the class that sorts last"
        if positive_class is None
        else json.dumps(positive_class, ensure_ascii=False)
    )


def contract_loosened(review: Review) -> Iterator[Finding]:
    """Find data contracts that let more through, or are gone."""
    for pair in review.pairs:
        before, after = pair.before.config.expect, pair.after.config.expect
        if before is None or (not before.rows and not before.columns and before.other_columns):
            continue
        if after is None:
            sentence = "datasets are no longer checked: a broken one is trained on instead of failing the run"
            yield pair.finding("R021", sentence, "expect")
        elif looser := [*loosened_rows(before, after), *loosened_columns(before, after)]:
            sentence = f"datasets that would have failed the run are trained on: {', '.join(text for _, text in looser)}"
            yield pair.finding("R020", sentence, "expect", *looser[0][0])
