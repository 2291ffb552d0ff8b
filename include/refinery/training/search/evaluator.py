"""Fit and measure several trials in a fold at the same time, within the task's cores or on its compute engine."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

from refinery.training.compute import on_cores
from refinery.training.errors import FitError, TrainingError
from refinery.training.evaluation.fitting import fit_and_evaluate
from refinery.training.evaluation.row_parts import columns_of
from refinery.training.evaluation.splitting import Split
from refinery.training.search.trials import Outcome
from refinery.training.seeding import seeded_generators
from refinery.training.user_code.isolation import isolated, isolated_by_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from refinery.training.evaluation.metrics import MetricChoice
    from refinery.training.evaluation.row_parts import Rows
    from refinery.training.models.estimators import Learner

    Run = Callable[[Callable[[Learner], Outcome], Sequence[Learner]], list[Outcome]]

# As many trials are proposed together, whatever the machine: the number of its cores must not change the result.
BATCH = 4
_DASK = "joblib._dask"


class Evaluator:
    """Measures unfitted models in folds of the training rows.

    Attributes:
        folds: How many folds there are.
    """

    def __init__(
        self,
        rows: Split,
        folds: Sequence[tuple[Rows, Rows]],
        choice: MetricChoice,
        metric: str,
        random_state: int,
    ) -> None:
        """Store what is measured on what.

        Args:
            rows: The training rows; those held out are not used.
            folds: The positions to learn from and to measure on.
            choice: The metric, and which class is positive.
            metric: Its name.
            random_state: The seed for what sets none.
        """
        self.folds = len(folds)
        self._rows = rows
        self._folds = folds
        self._choice = choice
        self._metric = metric
        self._random_state = random_state
        self._run: Run = _one_by_one

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Keep workers for the block."""
        with _workers() as self._run:
            yield
        self._run = _one_by_one

    def measure(self, learners: Sequence[Learner], fold: int) -> list[Outcome]:
        """Fit each model to the training rows of a fold, and measure it on the others.

        What keeps one from being fitted is its outcome, and no error.
        """
        rows = self._rows
        # All share the fold's rows: a copy for each would cost its memory again.
        split = Split.of(
            columns_of(rows.train_features),
            rows.train_target,
            *self._folds[fold],
            rows.train_weights,
            rules=rows.rules,
        )
        parts = {one.name: getattr(split, one.name) for one in fields(split)}
        measure = partial(_measure, choice=self._choice, metric=self._metric, **parts)
        with isolated(), seeded_generators(self._random_state):
            return self._run(measure, learners)


def _measure(learner: Learner, *, choice: MetricChoice, metric: str, **parts: Any) -> Outcome:
    try:
        with isolated_by_caller():
            evaluation = fit_and_evaluate(learner.anew(), Split(**parts), choice).evaluation
    except TrainingError as error:
        return Outcome(None, str(error))
    if metric in evaluation.metrics:
        return Outcome(evaluation.metrics[metric])
    return Outcome(None, f"{metric} has no value: {evaluation.left_out.get(metric, 'it was not measured')}")


def _one_by_one(measure: Callable[[Learner], Outcome], learners: Sequence[Learner]) -> list[Outcome]:
    return [measure(learner) for learner in learners]


@contextlib.contextmanager
def _workers() -> Iterator[Run]:
    """Yield what measures several models at the same time.

    Threads share the rows, and the libraries' own code runs in them in parallel. Together they have as many cores as the task.
    """
    import joblib
    from joblib.parallel import get_active_backend
    from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
    from threadpoolctl import threadpool_limits

    backend, _ = get_active_backend()
    if type(backend).__module__ == _DASK:
        yield _on_engine
        return
    # scikit-learn remembers how many cores it finds first, and these must be those of the task, for the fit of the winner.
    _openmp_effective_n_threads()
    cores = joblib.cpu_count()
    workers = min(cores, BATCH)
    threads = max(cores // workers, 1)
    # OpenMP has a limit for each thread, the others for the process.
    limit = partial(threadpool_limits, threads, "openmp")
    pool = ThreadPoolExecutor(workers, initializer=limit)
    try:
        with on_cores(threads), threadpool_limits(threads, "blas"):
            yield lambda measure, learners: list(pool.map(measure, learners))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a task that is stopped does not wait for fits


def _on_engine(measure: Callable[..., Outcome], learners: Sequence[Learner]) -> list[Outcome]:
    """Measure on the compute engine, which keeps large arguments of its workers' calls."""
    import joblib

    calls = (joblib.delayed(measure.func)(learner, **measure.keywords) for learner in learners)  # type: ignore[attr-defined]
    try:
        return list(joblib.Parallel(n_jobs=-1)(calls))
    except Exception as error:
        raise FitError("The search", "run its trials", f"{type(error).__name__}: {error}") from error
