"""Choose what to try: the pipelines that change and, of those that only changed code reaches, a few."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.review import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from refinery.review import Plan

# Each trains twice; a reviewer waits.
SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """The pipelines to try.

    Attributes:
        pairs: Both sides of each, sorted by DAG id.
        files: The changed model files that a pipeline runs, by its DAG id, also of those that are not tried.
    """

    pairs: tuple[Pair, ...]
    files: Mapping[str, tuple[str, ...]]

    @property
    def tried(self) -> int:
        """How many of those that changed model files reach are tried."""
        return sum(one.dag_id in self.files for one in self.pairs)


def choose_changed(plan: Plan) -> Sample:
    """Return the pipelines whose configs change."""
    return Sample(tuple(Pair(one.base, one.head) for one in plan.first_of_each() if one.head), {})


def choose_with_code(plan: Plan) -> Sample:
    """Return the pipelines whose configs change, and at most ten others that changed model files reach.

    The same plan gives the same ones. They are spread over the changed files and, within a file, over pipelines with gates
    and without.
    """
    files = _files_by_pipeline(plan)
    changed = choose_changed(plan).pairs
    drawn = _draw(plan.reached, files, already=changed)
    return Sample(tuple(sorted((*changed, *drawn), key=lambda one: one.dag_id)), files)


def _files_by_pipeline(plan: Plan) -> dict[str, tuple[str, ...]]:
    heads = plan.heads()
    found: dict[str, list[str]] = defaultdict(list)
    for change in plan.code:
        for dag_id in change.pipelines if change.is_model_file else ():
            found[dag_id].append(change.name)
    return {dag_id: tuple(dict.fromkeys(files)) for dag_id, files in found.items() if dag_id in heads}


def _draw(
    reached: Sequence[Pair], files: Mapping[str, tuple[str, ...]], *, already: Sequence[Pair]
) -> Iterator[Pair]:
    """Yield next whichever runs a file that was tried least, until there are enough."""
    times = Counter(kind for one in already for kind in _kinds(one, files))
    left = sorted(reached, key=lambda one: hashlib.sha256(one.dag_id.encode()).digest())
    for _ in range(min(SAMPLE, len(left))):
        chosen = min(left, key=lambda one: min((times[kind], not kind[1]) for kind in _kinds(one, files)))
        left.remove(chosen)
        times.update(_kinds(chosen, files))
        yield chosen


def _kinds(pair: Pair, files: Mapping[str, tuple[str, ...]]) -> list[tuple[str, bool]]:
    """Return each changed file that a pipeline runs, with whether its model has gates."""
    has_gates = bool(pair.head and pair.head.config.require)
    return [(file, has_gates) for file in files.get(pair.dag_id, ())]
