"""Recognize pipelines that only got another name: a config moved and a little edited, or a matrix's value renamed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from refinery.review.values import own_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from refinery.config import Pipeline

# What identifies a pipeline weighs more than its settings, which many share.
_WEIGHTS = {"source.url": 3, "output.url": 3, "description": 2}
_MATRIX = "matrix."
# A value that is written the same, with another value of the matrix in it.
_AS_WRITTEN = 0.9
# Half of what is known of the two is enough for none of the pairs that only share a template.
_ALIKE = 0.65
# A value that this many have identifies none of them.
_MAX_SHARING = 50

_Values = dict[str, tuple[Any, str]]


def find_renames(removed: Iterable[Pipeline], added: Iterable[Pipeline]) -> dict[str, Pipeline]:
    """Return which added pipeline was which removed one, by the added one's DAG id; each is taken once, the most alike first.

    Only values of the pipelines' own configs count, since those of a defaults.yml are the same for all.
    """
    before = {pipeline.dag_id: (pipeline, own_values(pipeline)) for pipeline in removed}
    after = {pipeline.dag_id: (pipeline, own_values(pipeline)) for pipeline in added}
    scores = {
        (old, new): score
        for old, new in _candidates(before, after)
        if (score := _similarity(before[old], after[new])) >= _ALIKE
    }
    renames: dict[str, Pipeline] = {}
    taken: set[str] = set()
    for (old, new), score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        if old in taken or new in renames or _is_ambiguous(old, new, score, scores):
            continue
        renames[new] = before[old][0]
        taken.add(old)
    return renames


def _candidates(
    before: dict[str, tuple[Pipeline, _Values]], after: dict[str, tuple[Pipeline, _Values]]
) -> Iterator[tuple[str, str]]:
    """Yield the pairs that share what a pipeline is known by, so that a thousand moves are not a million comparisons."""
    known: dict[tuple[str, str], list[str]] = defaultdict(list)
    for old, (_, values) in before.items():
        for mark in _marks(values):
            known[mark].append(old)
    pairs = {
        (old, new): None
        for new, (_, values) in after.items()
        for mark in _marks(values)
        if len(known.get(mark, ())) <= _MAX_SHARING
        for old in known.get(mark, ())
    }
    yield from pairs


def _marks(values: _Values) -> Iterator[tuple[str, str]]:
    for key in _WEIGHTS:
        if key in values:
            value, written = values[key]
            yield key, str(value)
            yield key, f"written {written}"


def _similarity(old: tuple[Pipeline, _Values], new: tuple[Pipeline, _Values]) -> float:
    (base, before), (head, after) = old, new
    if (
        base.matrix.keys() != head.matrix.keys()
        or sum(base.matrix[axis] != value for axis, value in head.matrix.items()) > 1
    ):
        return 0.0
    keys = before.keys() | after.keys()
    total = sum(_weight(key) for key in keys)
    alike = sum(_weight(key) * _likeness(before[key], after[key]) for key in before.keys() & after.keys())
    return alike / total if total else 0.0


def _weight(key: str) -> int:
    return _WEIGHTS.get(key, 1)


def _likeness(before: tuple[Any, str], after: tuple[Any, str]) -> float:
    if before[0] == after[0]:
        return 1.0
    # Variables alone make one text stand for two values; "$" is how they are written.
    return _AS_WRITTEN if before[1] == after[1] and "${" in before[1] else 0.0


def _is_ambiguous(old: str, new: str, score: float, scores: dict[tuple[str, str], float]) -> bool:
    """Return whether another pair is as good, so nobody can say which became which."""
    return any(other == score and (pair[0] == old) != (pair[1] == new) for pair, other in scores.items())
