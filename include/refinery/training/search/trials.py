"""What a search has tried: each trial with the candidate, its params and its score in each fold."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refinery.spec.training import Candidate, Step

State = Literal["done", "pruned", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of one trial in one fold.

    Attributes:
        score: The metric's value; None where there is none.
        problem: Why there is none.
    """

    score: float | None
    problem: str = ""


@dataclass(slots=True)
class Trial:
    """A candidate with values for the params that are searched.

    Attributes:
        number: Its number; the first ones try each candidate without its search.
        candidate: The candidate's position.
        values: The values by step and name, such as "0.num_leaves"; none for a candidate as it is.
        scores: Its score in each fold so far.
        state: How it ended: "stopped" where time ran out.
        problem: Why it failed.
    """

    number: int
    candidate: int
    values: Mapping[str, Any]
    scores: list[float] = field(default_factory=list)
    state: State | None = None
    problem: str = ""

    @property
    def mean(self) -> float:
        """The mean score over the folds so far."""
        return statistics.fmean(self.scores)

    @property
    def spread(self) -> float:
        """The standard deviation of its scores over the folds."""
        return statistics.stdev(self.scores)

    def steps_of(self, candidates: Sequence[Candidate]) -> tuple[Step, ...]:
        """Return the classes with all params, fixed and searched."""
        return tuple(
            replace(step, params={**step.params, **_of_step(self.values, index)}, search={})
            for index, step in enumerate(candidates[self.candidate].steps)
        )


def short_name(candidate: Candidate) -> str:
    """Return the name of a candidate's class without its modules; of a pipeline, that of each step."""
    return " > ".join(step.path.rpartition(".")[2] for step in candidate.steps)


def _of_step(values: Mapping[str, Any], index: int) -> dict[str, Any]:
    prefix = f"{index}."
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
