"""Split a stream of rows into those to learn from and those held out, and keep as many of both as memory is sure to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.training.evaluation.splitting import Split, too_few_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    import pandas as pd

    Rows = tuple[pd.DataFrame, pd.Series[Any]]

# More rows hardly change a model's metrics: a share among these is exact to half a percent.
_MOST_ROWS = 100_000
# Of a wide table, fewer rows are kept, never more than this many numbers of 8 bytes each.
_MOST_VALUES = 5_000_000
_FEWEST_ROWS = 1000


def most_rows_held_out(columns: int) -> int:
    """Return how many rows are held out at most, given the number of columns."""
    return min(_MOST_ROWS, max(_FEWEST_ROWS, _MOST_VALUES // columns))


class StreamingSplit:
    """A split of rows by their position alone: the same at each reading, whatever the batch size.

    Args:
        read: Yields all rows, batch by batch, from the start at each call.
        rows: How many rows there are.
        columns: How many features there are.
        test_size: The share to hold out; of many rows, only as many as are sure to fit into memory.
        random_state: The seed.
    """

    def __init__(
        self,
        read: Callable[[], Iterable[Rows]],
        *,
        rows: int,
        columns: int,
        test_size: float,
        random_state: int,
    ) -> None:
        most = most_rows_held_out(columns)
        self._read = read
        self._rows = rows
        self._test_size = test_size
        self._held_out_share = min(test_size, most / rows)
        self._kept_share = min(1 - self._held_out_share, most / rows)
        self._random_state = random_state

    def train_rows(self) -> Iterator[Rows]:
        """Yield the training rows."""
        for features, target, draws in self._drawn():
            learned = draws >= self._held_out_share
            if learned.any():
                yield features[learned], target[learned]

    def sample(self, *, of_each_class: bool) -> Split:
        """Return all rows held out, and a sample of those to learn from.

        Args:
            of_each_class: Whether the sample has a row of each value of the target; only for few values.

        Raises:
            DatasetError: One of the parts is empty.
        """
        train: list[Rows] = []
        test: list[Rows] = []
        seen: set[Any] = set()
        for features, target, draws in self._drawn():
            held_out = draws < self._held_out_share
            kept = ~held_out & (draws < self._held_out_share + self._kept_share)
            if of_each_class:
                new = ~held_out & ~target.isin(seen) & ~target.where(~held_out).duplicated()
                seen.update(target[new])
                kept |= new
            test.append((features[held_out], target[held_out]))
            train.append((features[kept], target[kept]))
        (train_features, train_target), (test_features, test_target) = map(_join, (train, test))
        if train_target.empty or test_target.empty:
            raise too_few_rows(self._rows, self._test_size)
        return Split(train_features, test_features, train_target, test_target)

    def _drawn(self) -> Iterator[tuple[pd.DataFrame, pd.Series[Any], np.ndarray[Any, Any]]]:
        import numpy as np

        generator = np.random.default_rng(self._random_state)
        for features, target in self._read():
            yield features, target, generator.random(len(target))


def _join(parts: list[Rows]) -> Rows:
    import pandas as pd

    features, target = zip(*parts, strict=True)
    return pd.concat(features, ignore_index=True), pd.concat(target, ignore_index=True)
