"""Propose what to try next: each candidate as written, then what the scores so far suggest."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from refinery.spec.libraries import missing_library
from refinery.spec.search import Range, parse_space
from refinery.training.errors import ModelCodeError
from refinery.training.search.trials import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refinery.spec.search import Space
    from refinery.spec.training import Candidate

_CANDIDATE = "candidate"
# Fewer finished trials have no median to speak of, and one fold says little.
_TRIALS_BEFORE_PRUNING = 5
_FOLDS_BEFORE_PRUNING = 2


class Proposals:
    """Optuna's TPE over all candidates: which one is a choice, and each has a separate space of params.

    What is proposed depends on the seed and on the scores of the trials before, and on nothing else: each trial is drawn with
    a separate seed, so that a search can be interrupted anywhere.
    """

    def __init__(self, candidates: Sequence[Candidate], random_state: int, *, higher_is_better: bool) -> None:
        """Start with each candidate as it is.

        Raises:
            ModelCodeError: Optuna is not installed.
        """
        self._spaces = [_spaces_of(candidate) for candidate in candidates]
        self._searched = [position for position, spaces in enumerate(self._spaces) if spaces]
        self._random_state = random_state
        self._optuna = import_optuna()
        self._study = self._optuna.create_study(
            direction="maximize" if higher_is_better else "minimize",
            pruner=self._optuna.pruners.MedianPruner(
                n_startup_trials=_TRIALS_BEFORE_PRUNING, n_warmup_steps=_FOLDS_BEFORE_PRUNING - 1
            ),
        )
        self._asked: dict[int, Any] = {}

    def as_they_are(self) -> list[Trial]:
        """Return a trial for each candidate without its search."""
        trials = []
        for position in range(len(self._spaces)):
            is_choice = len(self._searched) > 1 and position in self._searched
            self._study.enqueue_trial({_CANDIDATE: position} if is_choice else {})
            asked = self._ask()
            if is_choice:
                asked.suggest_categorical(_CANDIDATE, self._searched)
            trials.append(Trial(asked.number, position, {}))
        return trials

    def next(self, count: int) -> list[Trial]:
        """Return further trials; none where nothing is searched."""
        return [self._next() for _ in range(count)] if self._searched else []

    def report(self, trial: Trial) -> bool:
        """Report the mean of a trial after a fold, and return whether it is not worth the other folds."""
        asked = self._asked[trial.number]
        asked.report(trial.mean, len(trial.scores) - 1)
        return bool(trial.values) and bool(asked.should_prune())

    def finish(self, trial: Trial) -> None:
        """Learn from a trial that has ended."""
        states = self._optuna.trial.TrialState
        asked = self._asked.pop(trial.number)
        if trial.state == "done":
            self._study.tell(asked, trial.mean)
        else:
            self._study.tell(asked, state=states.PRUNED if trial.state == "pruned" else states.FAIL)

    def _next(self) -> Trial:
        asked = self._ask()
        if len(self._searched) > 1:
            position = asked.suggest_categorical(_CANDIDATE, self._searched)
        else:
            position = self._searched[0]
        values = {
            name: _suggest(asked, f"{position}.{name}", space)
            for name, space in self._spaces[position].items()
        }
        return Trial(asked.number, position, values)

    def _ask(self) -> Any:
        seed = seed_of(self._random_state, len(self._study.trials))
        with warnings.catch_warnings():
            # What it warns of is that the interface may change, for which its version is pinned.
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            # The params of each candidate are drawn together, by what they scored together.
            self._study.sampler = self._optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)
        asked = self._study.ask()
        self._asked[asked.number] = asked
        return asked


def import_optuna() -> Any:
    """Import Optuna, and keep it from writing to the log itself.

    Raises:
        ModelCodeError: It is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise ModelCodeError(f"A search needs Optuna: {missing_library('optuna')}.") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def seed_of(random_state: int, number: int) -> int:
    """Return a seed for one of several draws."""
    import numpy as np

    return int(np.random.SeedSequence([random_state, number]).generate_state(1)[0])


def distribution_of(space: Space) -> Any:
    """Return Optuna's form of a space."""
    from optuna import distributions

    if not isinstance(space, Range):
        return distributions.CategoricalDistribution(range(len(space.values)))
    if space.is_whole:
        return distributions.IntDistribution(int(space.low), int(space.high), log=space.log)
    return distributions.FloatDistribution(space.low, space.high, log=space.log)


def _spaces_of(candidate: Candidate) -> dict[str, Space]:
    return {
        f"{index}.{name}": parse_space(written)
        for index, step in enumerate(candidate.steps)
        for name, written in step.search.items()
    }


def _suggest(asked: Any, name: str, space: Space) -> Any:
    if not isinstance(space, Range):
        # By its place, since Optuna takes 1, 1.0 and true for one choice.
        return space.values[asked.suggest_categorical(name, range(len(space.values)))]
    suggest = asked.suggest_int if space.is_whole else asked.suggest_float
    return suggest(name, space.low, space.high, log=space.log)


def _drawn(space: Space, value: Any) -> Any:
    """Return a value as it was drawn: of choices, the place."""
    if isinstance(space, Range):
        return value
    return next(at for at, one in enumerate(space.values) if type(one) is type(value) and one == value)


def importance_of(
    trials: Sequence[Trial], candidate: Candidate, random_state: int, *, higher_is_better: bool
) -> Mapping[str, float]:
    """Return how much of the variance of a candidate's scores each searched param explains; empty where trials are too few.

    Args:
        trials: The candidate's finished trials.
        candidate: The candidate.
        random_state: The seed.
        higher_is_better: Whether a greater score is better.
    """
    spaces = _spaces_of(candidate)
    known = [trial for trial in trials if trial.values]
    if len(spaces) < 2 or len(known) < 3 * len(spaces):  # noqa: PLR2004 - one param explains all of it
        return {}
    optuna = import_optuna()
    study = optuna.create_study(direction="maximize" if higher_is_better else "minimize")
    distributions = {name: distribution_of(space) for name, space in spaces.items()}
    for trial in known:
        params = {name: _drawn(space, trial.values[name]) for name, space in spaces.items()}
        study.add_trial(
            optuna.trial.create_trial(value=trial.mean, params=params, distributions=distributions)
        )
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed_of(random_state, 0))
    )
    single = len(candidate.steps) == 1
    names = {
        f"{index}.{name}": name if single else f"{step.path.rpartition('.')[2]}.{name}"
        for index, step in enumerate(candidate.steps)
        for name in step.search
    }
    return {names[name]: round(share, 4) for name, share in found.items()}
