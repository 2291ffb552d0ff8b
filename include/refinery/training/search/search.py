"""Search for the best of a config's candidates and their params, using only the training rows."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.project import find_project
from refinery.spec.tasks import REGRESSION
from refinery.training.errors import DatasetError, ModelCodeError, TrainingError
from refinery.training.evaluation.fitting import find_task
from refinery.training.evaluation.metrics import choose_metrics, find_metrics
from refinery.training.evaluation.splitting import split_folds
from refinery.training.models.estimators import build_from_libraries
from refinery.training.models.sample_weights import weight_problem
from refinery.training.output.environment import installed_versions
from refinery.training.search.evaluator import BATCH, Evaluator
from refinery.training.search.judgement import Searched
from refinery.training.search.proposals import Proposals, import_optuna
from refinery.training.search.trial_log import TrialLog
from refinery.training.search.trials import short_name
from refinery.training.trainers.whole import prepare_learner, prepare_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from refinery.spec.training import Candidate, TrainingSpec
    from refinery.training.evaluation.metrics import Metric
    from refinery.training.models.estimators import BuiltEstimator, Learner
    from refinery.training.search.trial_log import Checkpoint
    from refinery.training.search.trials import Trial
    from refinery.training.trainers.prepared import Prepared

log = logging.getLogger(__name__)

_USUAL = {REGRESSION: "rmse"}
_USUAL_OF_CLASSES = "roc_auc"
_FOLDS, _CROSS_VALIDATION = "search.folds", "evaluate.cross_validation"
_SECONDS = 60


def search_model(
    spec: TrainingSpec,
    candidates: Sequence[Candidate],
    dataset: Path,
    *,
    provenance: Mapping[str, Any],
    checkpoint: Checkpoint | None = None,
) -> Searched:
    """Try the candidates in folds of the training rows, and return the spec of the best one.

    The rows that are held out are not looked at. Without a limit of minutes, the same spec and dataset give the same result.

    Args:
        spec: What was asked for.
        candidates: The models to choose from, the simplest first.
        dataset: The dataset's file or folder.
        provenance: Names the dataset, whose trials alone are used again.
        checkpoint: Where trials are kept between two tries of the task; None keeps none.

    Raises:
        TrainingError: The dataset cannot be learned from, or no trial has a score.
    """
    if spec.task is not None:
        raise ModelCodeError(
            f"task: {spec.task} does not work with a search, which measures its trials on a target; name one class, or remove task."
        )
    if spec.batch_rows is not None:
        raise DatasetError(
            "fit: incremental streams the rows, but a search needs them all at once; remove it, or name one class."
        )
    first = _build(spec, candidates[0].steps)
    plain = replace(spec.with_model(candidates[0].steps), cross_validation=None)
    prepared = prepare_whole(plain, first, dataset, choose_metrics(plain), None)
    search = _Search(spec, candidates, prepared, first, TrialLog(checkpoint, _identity(spec, provenance)))
    return search.run()


@dataclass(slots=True)
class _Running:
    """A trial with its unfitted model."""

    trial: Trial
    learner: Learner


class _Search:
    def __init__(
        self,
        spec: TrainingSpec,
        candidates: Sequence[Candidate],
        prepared: Prepared,
        first: Learner,
        trial_log: TrialLog,
    ) -> None:
        self._spec = spec
        self._candidates = candidates
        self._rows = prepared.split
        self._log = trial_log
        # Where nothing is searched, candidates are only compared.
        is_searched = any(candidate.is_searched for candidate in candidates)
        self._asked = max(spec.search_trials, len(candidates)) if is_searched else len(candidates)
        task = find_task(first.unfitted, prepared.train_target, prepared.choice)
        self._metric = _choose_metric(spec, task)
        choice = replace(prepared.choice, listed=(self._metric,), required=())
        choice.for_task(task)
        self._task = task
        self._evaluator = Evaluator(
            prepared.split, _split(spec, task, prepared), choice, self._metric.name, spec.random_state
        )
        self._proposals = Proposals(
            candidates, spec.random_state, higher_is_better=self._metric.higher_is_better
        )

    def run(self) -> Searched:
        if self._log.kept:
            log.info("The search goes on: an earlier try has left %d scores.", self._log.kept)
        trials: list[Trial] = []
        with self._evaluator.working():
            batch = self._proposals.as_they_are()
            while batch:
                self._run_batch(batch)
                trials += batch
                left = self._asked - len(trials)
                batch = [] if self._is_late() else self._proposals.next(min(left, BATCH))
        if not any(trial.state == "done" for trial in trials):
            problem = next(trial.problem for trial in trials if trial.problem)
            raise TrainingError(f"The search has no model: all of its {len(trials)} trials failed. {problem}")
        return Searched(
            spec=self._spec,
            candidates=tuple(self._candidates),
            metric=self._metric,
            trials=tuple(trials),
            seconds=self._log.seconds,
            asked=self._asked,
            is_late=len(trials) < self._asked and self._is_late(),
        )

    def _run_batch(self, batch: Sequence[Trial]) -> None:
        """Measure trials fold by fold, until each is measured in all, pruned or failed."""
        running = [one for trial in batch if (one := self._start(trial))]
        for fold in range(self._evaluator.folds):
            # A candidate as it is is what the others are compared with, so it is never stopped.
            if self._is_late():
                self._stop([one.trial for one in running if one.trial.values])
                running = [one for one in running if not one.trial.state]
            self._measure(running, fold)
            running = [one for one in running if not one.trial.state]
            self._log.save()
        for trial in batch:
            trial.state = trial.state or "done"
            self._proposals.finish(trial)
            self._tell(trial)
        self._log.save(at_once=True)

    def _start(self, trial: Trial) -> _Running | None:
        try:
            built = _build(self._spec, trial.steps_of(self._candidates))
            learner, _ = prepare_learner(self._spec, built, self._rows.train_features)
            if self._spec.weight is not None and (problem := weight_problem(built.unfitted)):
                raise ModelCodeError(f"{problem}.")
            task = find_task(built.unfitted, self._rows.train_target)
            if task != self._task:
                name = self._candidates[trial.candidate]
                raise ModelCodeError(f"{name} does {task}, and the first candidate does {self._task}.")
        except TrainingError as error:
            trial.state, trial.problem = "failed", str(error)
            return None
        return _Running(trial, learner)

    def _measure(self, running: Sequence[_Running], fold: int) -> None:
        found = {one.trial.number: self._log.find(one.trial, fold) for one in running}
        new = [one for one in running if found[one.trial.number] is None]
        measured = self._evaluator.measure([one.learner for one in new], fold) if new else []
        for one, outcome in zip(new, measured, strict=True):
            found[one.trial.number] = outcome
            self._log.add(one.trial, fold, outcome)
        for trial in (one.trial for one in running):
            outcome_of = found[trial.number]
            if outcome_of is None or outcome_of.score is None:
                trial.state, trial.problem = "failed", outcome_of.problem if outcome_of else ""
                continue
            trial.scores.append(outcome_of.score)
            is_last = fold == self._evaluator.folds - 1
            if self._proposals.report(trial) and not is_last:
                trial.state = "pruned"

    def _stop(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            trial.state = "stopped"

    def _is_late(self) -> bool:
        minutes = self._spec.search_minutes
        return minutes is not None and self._log.seconds >= minutes * _SECONDS

    def _tell(self, trial: Trial) -> None:
        name = short_name(self._candidates[trial.candidate])
        values = ", ".join(f"{key.partition('.')[2]} {_short(value)}" for key, value in trial.values.items())
        result = trial.problem if trial.state == "failed" else f"{self._metric.name} {trial.mean:.4g}"
        if trial.state in ("pruned", "stopped"):
            result += f", {trial.state} after {len(trial.scores)} folds"
        log.info(
            "Trial %d of %d: %s (%s): %s",
            trial.number + 1,
            self._asked,
            name,
            values or "as it is",
            result,
        )


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _build(spec: TrainingSpec, steps: Any) -> BuiltEstimator:
    plain = spec.with_model(steps)
    model: Any = plain.model
    return build_from_libraries(
        model, plain.params, spec.random_state, find_project(spec.models_dir).libraries
    )


def _choose_metric(spec: TrainingSpec, task: str) -> Metric:
    name = spec.search_by or _USUAL.get(task, _USUAL_OF_CLASSES)
    return find_metrics([name])[0]


def _split(spec: TrainingSpec, task: str, prepared: Prepared) -> Any:
    """Return the folds of the training rows, by the rules of a cross-validation of them."""
    in_folds = replace(spec, cross_validation=spec.search_folds)
    target, times, groups = (
        None if keys is None else keys.reset_index(drop=True)
        for keys in (prepared.train_target, prepared.train_times, prepared.train_groups)
    )
    try:
        return split_folds(in_folds, task, target, times, groups)  # type: ignore[arg-type]
    except DatasetError as error:
        raise DatasetError(str(error).replace(_CROSS_VALIDATION, _FOLDS)) from error


def _identity(spec: TrainingSpec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that a trial's score depends on."""
    import_optuna()
    libraries = sorted({*spec.libraries, "optuna", "sklearn", "skrub", "pandas", "numpy"})
    return {
        "spec": spec.to_dict(),
        "dataset": (provenance.get("dataset") or {}).get("sha256"),
        "libraries": installed_versions(libraries),
    }
