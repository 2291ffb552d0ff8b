"""Show how far to trust a search: its leaderboard, its curve, and its score next to the held-out score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.training.evaluation.model_output import ask
from refinery.training.evaluation.scores import HeldOut, evaluate
from refinery.training.search.proposals import importance_of
from refinery.training.search.trials import short_name
from refinery.training.user_code.isolation import isolated

if TYPE_CHECKING:
    from refinery.spec.training import Candidate, TrainingSpec
    from refinery.training.evaluation.metrics import Metric
    from refinery.training.output.result import FitResult
    from refinery.training.search.trials import Trial

SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search has found.

    Attributes:
        spec: What was asked for.
        candidates: The candidates, the simplest first.
        metric: The metric that decided.
        trials: All trials; at least one is done.
        asked: How many trials were asked for.
        seconds: How long it took, over all tries of the task.
        is_late: Whether time ended it.
    """

    spec: TrainingSpec
    candidates: tuple[Candidate, ...]
    metric: Metric
    trials: tuple[Trial, ...]
    asked: int
    seconds: float
    is_late: bool

    @property
    def best(self) -> Trial:
        """The best trial; of equal ones the first."""
        return min(self._done(), key=self._rank)

    @property
    def winner(self) -> TrainingSpec:
        """The spec of the best trial's model, as if a config had named its class and its params."""
        return self.spec.with_model(self.best.steps_of(self.candidates))

    def best_of(self, candidate: int) -> Trial | None:
        """Return a candidate's best trial; None where all failed or were pruned."""
        return min((one for one in self._done() if one.candidate == candidate), key=self._rank, default=None)

    def _done(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.state == "done"]

    def _rank(self, trial: Trial) -> tuple[float, int]:
        return (-trial.mean if self.metric.higher_is_better else trial.mean), trial.number

    def gain(self, trial: Trial, other: Trial) -> float:
        """Return how much better a trial is than another one."""
        return (trial.mean - other.mean) * (1 if self.metric.higher_is_better else -1)

    @property
    def reference(self) -> Trial | None:
        """What the best trial must beat: the first candidate's best, or, where that is the best, the same class as the config gives it."""
        first = self.best_of(0)
        if first is None or first is not self.best:
            return first
        as_it_is = self.trials[0]
        return as_it_is if as_it_is.state == "done" else None


def judge(searched: Searched, outcome: FitResult) -> FitResult:
    """Return what the training of the winner found, with the search's own section and warnings.

    Args:
        searched: What the search has found.
        outcome: What the training found, on the rows that were held out of both.
    """
    held_out = _held_out_score(searched, outcome)
    section = {**_describe(searched), "held_out": held_out}
    if held_out is not None:
        section["difference"] = held_out - searched.best.mean
    signs = (_no_gain(searched), _overrated(searched, held_out))
    return replace(
        outcome,
        sections={**outcome.sections, SEARCH: section},
        warnings=(*filter(None, signs), *outcome.warnings),
    )


def _held_out_score(searched: Searched, outcome: FitResult) -> float | None:
    metric = searched.metric
    if metric.name in outcome.metrics:
        return outcome.metrics[metric.name]
    rows = outcome.held_out
    if not isinstance(rows, HeldOut):
        return None
    with isolated():
        predictions = ask(outcome.model, rows.task, rows.features)
        found = evaluate(rows.task, rows.actual, predictions, [metric], rows.positive, weights=rows.weights)
    return found.metrics.get(metric.name)


def _describe(searched: Searched) -> dict[str, Any]:
    best, metric = searched.best, searched.metric
    states = [trial.state for trial in searched.trials]
    return {
        "by": metric.name,
        "lower_is_better": not metric.higher_is_better,
        "folds": searched.spec.search_folds,
        "trials": {
            "asked": searched.asked,
            **{state: states.count(state) for state in ("done", "pruned", "failed", "stopped")},
        },
        "ended_by": "minutes" if searched.is_late else "trials",
        "seconds": round(searched.seconds, 1),
        "winner": _model_of(searched, best),
        "score": {"mean": best.mean, "spread": best.spread},
        "leaderboard": _leaderboard(searched),
        "curve": _curve(searched),
        "importance": dict(
            importance_of(
                [one for one in searched.trials if one.state == "done" and one.candidate == best.candidate],
                searched.candidates[best.candidate],
                searched.spec.random_state,
                higher_is_better=metric.higher_is_better,
            )
        ),
        "libraries": sorted({*searched.spec.libraries, "optuna"}),
    }


def _model_of(searched: Searched, trial: Trial) -> dict[str, Any]:
    """Return a trial's model by the keys of a config."""
    model: dict[str, Any] = searched.spec.with_model(trial.steps_of(searched.candidates)).to_dict()["model"]
    return {key: model[key] for key in ("class", "steps", "params") if key in model}


def _leaderboard(searched: Searched) -> list[dict[str, Any]]:
    """Return each candidate's best trial, the best first; those without one last."""
    rows = []
    for position, candidate in enumerate(searched.candidates):
        trials = [trial for trial in searched.trials if trial.candidate == position]
        best = searched.best_of(position)
        row: dict[str, Any] = {"candidate": str(candidate), "trials": len(trials)}
        if best is None:
            problem = next((one.problem for one in trials if one.problem), "no trial was finished")
            rows.append((float("inf"), {**row, "problem": problem}))
            continue
        found = {"trial": best.number, "mean": best.mean, "spread": best.spread}
        as_it_is = trials[0].mean if trials[0].state == "done" else None
        rows.append(
            (
                -searched.gain(best, searched.best),
                {**row, **found, "as_it_is": as_it_is, "model": _model_of(searched, best)},
            )
        )
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def _curve(searched: Searched) -> list[list[float]]:
    """Return the trials that were better than all before them, each with its number and its score."""
    best: list[Trial] = []
    for trial in searched.trials:
        if trial.state == "done" and (not best or searched.gain(trial, best[-1]) > 0):
            best.append(trial)
    return [[trial.number, trial.mean] for trial in best]


def _no_gain(searched: Searched) -> str:
    best, reference, metric = searched.best, searched.reference, searched.metric
    if reference is None:
        problem = next((one.problem for one in searched.trials if one.problem and not one.candidate), "")
        return f"No trial of the first candidate was finished, so nothing simpler says what the winner is worth. {problem}".strip()
    first = short_name(searched.candidates[0])
    what = f"{first} as the config gives it" if reference.candidate == best.candidate else first
    if reference is best:
        return (
            f"The search found no model that is better than {what}, the first candidate, with {metric.name} {best.mean:.4g}: "
            "name that as the model, and the search can be saved."
        )
    gain = searched.gain(best, reference)
    if gain > best.spread:
        return ""
    winner = short_name(searched.candidates[best.candidate])
    return (
        f"The search's winner, {winner} with {metric.name} {best.mean:.4g}, is better than {what} ({reference.mean:.4g}) by "
        f"{gain:.2g}, which is not more than its spread over the folds ({best.spread:.2g}): the simpler one may be as good."
    )


def _overrated(searched: Searched, held_out: float | None) -> str:
    best, metric = searched.best, searched.metric
    if held_out is None:
        return ""
    lost = (best.mean - held_out) * (1 if metric.higher_is_better else -1)
    if lost <= best.spread:
        return ""
    return (
        f"The winner's {metric.name} on the held-out rows, {held_out:.4g}, is worse than in the search, {best.mean:.4g}, by more than "
        f"the spread over its folds ({best.spread:.2g}): the held-out rows differ, or the search fitted its folds; trust the held-out score."
    )
