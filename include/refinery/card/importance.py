"""Measure how much a model relies on each column: what it loses when the column's values are shuffled."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.card.scores import choose_score
from refinery.errors import RefineryError
from refinery.spec.tasks import CLASSIFICATION

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from refinery.card.held_out import HeldOut
    from refinery.card.scores import Score

REPEATS = 3
# A card must not take longer than the training that it describes: these bound the predictions that it requests.
_MOST_COLUMNS = 500
_MOST_ROWS = 1000
_FEWEST_ROWS = 50
_MOST_PREDICTIONS = 100_000
_FEWEST_ROWS_PER_CALL = 5_000
_CELLS_PER_CALL = 1_000_000
_GROWTH = (
    10  # a call has at most this many times the rows of those before it, which show how slow the model is
)
_MOST_SECONDS = 20.0
_SEED = 0


class NotMeasuredError(RefineryError):
    """The importance could not be measured; the card says so in its place.

    Attributes:
        reason: A clause that says why.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Importance:
    """What each column is worth to a model.

    Attributes:
        score: The score's name.
        value: The score of the sampled rows as they are.
        columns: The columns, the most important first.
        losses: How far the score drops when a column is shuffled, the mean of the repeats.
        spreads: The standard deviation of the repeats.
        rows: The sampled rows.
        left_out: How many columns were not measured.
    """

    score: str
    value: float
    columns: tuple[str, ...]
    losses: tuple[float, ...]
    spreads: tuple[float, ...]
    rows: int
    left_out: int


def measure_importance(model: Any, held_out: HeldOut) -> Importance:
    """Shuffle each column of sampled held-out rows a few times and predict again.

    For a classification, rows of rare classes are sampled first: a random sample would hold too few of them for a meaningful
    score, and the scores used here do not depend on how many rows a class has.

    Raises:
        NotMeasuredError: The model is too slow for it, or cannot predict the rows.
    """
    import numpy as np

    columns = held_out.features.shape[1]
    measured = min(columns, _MOST_COLUMNS)
    rows = _sampled_rows(held_out, measured)
    features = held_out.features.iloc[rows]
    weights = None if held_out.weights is None else held_out.weights[rows]
    score = choose_score(model, held_out, np.asarray(held_out.actual)[rows], weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the evaluation has reported them already
        values = score.evaluate(_predict_all(score, features, measured))
    losses = values[0] - values[1:].reshape(measured, REPEATS)
    means, spreads = losses.mean(axis=1), losses.std(axis=1)
    order = np.argsort(-means, kind="stable")
    return Importance(
        score=score.name,
        value=float(values[0]),
        columns=tuple(str(held_out.features.columns[position]) for position in order),
        losses=tuple(means[order].tolist()),
        spreads=tuple(spreads[order].tolist()),
        rows=len(rows),
        left_out=columns - measured,
    )


def _sampled_rows(held_out: HeldOut, columns: int) -> np.ndarray[Any, Any]:
    import numpy as np

    rows = len(held_out.features)
    affordable = max(_FEWEST_ROWS, _MOST_PREDICTIONS // max(1, columns * REPEATS))
    wanted = min(rows, _MOST_ROWS, affordable)
    order = np.random.default_rng(_SEED).permutation(rows)
    if held_out.task == CLASSIFICATION:
        order = order[_turns(np.asarray(held_out.actual)[order])]
    return np.sort(order[:wanted])


def _turns(classes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an order in which the classes take turns, each with its next row, as long as they have rows."""
    import numpy as np
    import pandas as pd

    codes = pd.factorize(classes)[0]
    turns: np.ndarray[Any, Any] = np.argsort(pd.Series(codes).groupby(codes).cumcount(), kind="stable")
    return turns


def _predict_all(score: Score, features: pd.DataFrame, columns: int) -> np.ndarray[Any, Any]:
    """Predict the rows as they are, then with each column shuffled; each line of the matrix is one prediction."""
    import numpy as np

    started = time.monotonic()
    generator = np.random.default_rng(_SEED)
    times = [position for position in range(columns) for _ in range(REPEATS)]
    # One call for many of them: a small prediction mostly takes what the call itself takes, and the wait for its threads.
    rows_per_call = max(_FEWEST_ROWS_PER_CALL, _CELLS_PER_CALL // max(1, features.shape[1]))
    most = max(1, rows_per_call // len(features))
    lines = _predict(score, features, 1)
    start = 0
    while start < len(times):
        positions = times[start : start + min(most, _GROWTH * len(lines))]
        _check_pace(started, len(positions) / len(lines))
        lines = np.concatenate(
            [lines, _predict(score, _shuffle(features, positions, generator), len(positions))]
        )
        _check_pace(started, len(times) / len(lines))
        start += len(positions)
    return lines


def _check_pace(started: float, times: float) -> None:
    if (time.monotonic() - started) * times > _MOST_SECONDS:
        raise NotMeasuredError("the model predicts too slowly")


def _shuffle(features: pd.DataFrame, positions: list[int], generator: np.random.Generator) -> pd.DataFrame:
    """Repeat the rows once for each position, each time with only that column shuffled."""
    import numpy as np

    rows = len(features)
    order = np.tile(np.arange(rows), len(positions))
    repeated = features.iloc[order].reset_index(drop=True)
    for position in dict.fromkeys(positions):
        shuffled = order.copy()
        for at in (at for at, other in enumerate(positions) if other == position):
            shuffled[at * rows : (at + 1) * rows] = generator.permutation(rows)
        repeated.isetitem(position, features.iloc[shuffled, position].array)
    return repeated


def _predict(score: Score, features: pd.DataFrame, times: int) -> np.ndarray[Any, Any]:
    import numpy as np

    try:
        values = np.asarray(score.predict(features))
    except Exception as error:  # a model's own code may raise anything
        raise NotMeasuredError(f"the model rejected the rows ({type(error).__name__})") from error
    if values.shape != (len(features),):
        raise NotMeasuredError("the model does not return one value for each row")
    return values.reshape(times, -1)
