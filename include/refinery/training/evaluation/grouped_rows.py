"""Look for rows that a random split should not have torn apart: what a model remembers of one row gives away another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd

    from refinery.training.data.columns import Roles
    from refinery.training.evaluation.row_parts import Rows

# Enough to see it, and little beside a training.
_MOST_HELD_OUT = 100
_MOST_LEARNED = 50_000
_MOST_VALUES = 500_000
_MOST_COLUMNS = 12
_MOST_NEIGHBORS = 64
# Below this, a few rows decide.
_FEWEST_ROWS = 30
# A row's group ends where the next neighbor is this many times as far away; groups of this share of the rows count.
_GAP = 3
_SHARE = 0.2
# How well the target of a row of the group tells that of the held-out row, and how much worse its next neighbor does.
_AGREEMENT = 0.5
_DROP = 0.3
# A column with fewer values is a category, not an id.
_FEWEST_GROUPS = 20
_ID = r"\S*\d\S*"
_FIRST_ROWS = 1000
_MOST_DIFFERENT = 0.9
_SHARE_KNOWN = 0.5
_SAME_VALUE = (
    "Rows with the same {quoted} have nearly the same target, and are in both the training and the held-out rows: the metrics only hold for "
    "values that the model knows. To measure it on new ones, set evaluate.group_column: {name}."
)
_NEAR_DUPLICATES = (
    "Rows look grouped: held-out rows are near-duplicates of training rows and have nearly the same target, while rows that "
    "are a little less similar have another. The metrics only hold for groups that the model knows: name the column that says which "
    "rows belong together in evaluate.group_column."
)
_FOLLOWS_TIME = (
    "The target follows the time in {quoted}: held-out rows have nearly the same target as the rows next to them in time, which the "
    "model learned from. The metrics only hold for gaps in a known past: to measure how it predicts the future, set "
    "evaluate.time_column: {name}."
)


def warn_of_groups(table: pd.DataFrame, roles: Roles, rows: tuple[Rows, Rows], task: str) -> tuple[str, ...]:
    """Return a sentence where training rows give away held-out ones, in a way that does not reach to similar rows.

    In a signal that can be learned, the target of rows that are a little less similar is still alike. Within a group,
    such as a customer, it is the same, and beyond it is anything.

    Args:
        table: All rows.
        roles: The columns' roles; dates are looked at as times, by which rows may lie next to each other.
        rows: The positions of the training rows and of those held out, drawn at random.
        task: "regression" or "classification".
    """
    target = table[roles.target]
    learned, held_out = rows[0][:_MOST_LEARNED], rows[1][:_MOST_HELD_OUT]
    if len(held_out) < _FEWEST_ROWS or (task == REGRESSION and target.dtype.kind not in "iuf"):
        return ()
    pairs = _Pairs(target, learned, held_out, task)
    features = table[list(roles.features)]
    ids = [table[name] for name in roles.left_out if name in table.columns]
    if name := next((one.name for one in ids if pairs.share_a_value(one, is_feature=False)), None):
        return (_SAME_VALUE.format(name=name, quoted=quoted(name)),)
    if name := next(
        (one.name for one in _id_columns(features) if pairs.share_a_value(one, is_feature=True)), None
    ):
        return (_SAME_VALUE.format(name=name, quoted=quoted(name)),)
    dates = (column for _, column in features.items() if column.dtype.kind == "M")
    if name := next((one.name for one in dates if pairs.follow_time(one)), None):
        return (_FOLLOWS_TIME.format(name=name, quoted=quoted(name)),)
    some = features.iloc[:, :: max(1, features.shape[1] // _MOST_COLUMNS)]
    # Without the numbers that differ in each row, those of a group are left, if there are some.
    repeating = [_repeats(some[name]) for name in some]
    for columns in (some, some.loc[:, [] if all(repeating) else repeating]):
        if columns.shape[1] and pairs.are_neighbors(columns):
            return (_NEAR_DUPLICATES,)
    return ()


def _id_columns(features: pd.DataFrame) -> Iterator[pd.Series[Any]]:
    for name in features.columns[:_MOST_COLUMNS]:
        if features[name].dtype.kind in "iu" or _is_id_text(features[name]):
            yield features[name]


def _repeats(column: pd.Series[Any]) -> bool:
    """Return whether a column holds numbers, most of which occur more than once."""
    sample = column.head(_MOST_LEARNED)
    return column.dtype.kind in "iuf" and bool(sample.nunique() * 2 <= len(sample))


def _is_id_text(column: pd.Series[Any]) -> bool:
    """Return whether texts look like ids, each a word with a digit in it."""
    if column.dtype.kind != "O" or column.dtype == "category":
        return False
    head = column.dropna().head(_MOST_HELD_OUT)
    return bool(len(head)) and bool(head.astype(str).str.fullmatch(_ID).all())


class _Pairs:
    """Held-out rows, each compared with a row to learn from that is near, and one that is a little farther.

    Args:
        target: The target of all rows.
        learned: The positions of the training rows.
        held_out: The positions of the rows held out.
        task: "regression" or "classification".
    """

    def __init__(self, target: pd.Series[Any], learned: Rows, held_out: Rows, task: str) -> None:
        import pandas as pd

        self._classifies = task == CLASSIFICATION
        values = pd.factorize(target)[0] if self._classifies else target.to_numpy(dtype=float)
        self._learned, self._held_out = learned, held_out
        self._known, self._actual = values[learned], values[held_out]

    def share_a_value(self, column: pd.Series[Any], *, is_feature: bool) -> bool:
        """Return whether rows with the same value of an id have the same target, and those with the next value do not."""
        import numpy as np
        import pandas as pd

        if column.dtype.kind not in "iuO" or column.dtype == "category":
            return False
        sample = column.iloc[np.concatenate([self._learned, self._held_out])]
        try:
            if sample.head(_FIRST_ROWS).nunique() < _FEWEST_GROUPS:
                return False
            codes, values = pd.factorize(sample, sort=column.dtype.kind in "iu")
        except TypeError:  # lists and records
            return False
        if not _FEWEST_GROUPS <= len(values) <= _MOST_DIFFERENT * len(sample):
            return False
        known, codes = codes[: len(self._learned)], codes[len(self._learned) :]
        row_of = np.full(len(values), -1)
        row_of[known[known >= 0]] = np.flatnonzero(known >= 0)
        near = row_of[codes]
        has_mate = (codes >= 0) & (near >= 0)
        if not is_feature or column.dtype.kind == "O":
            far = None
        else:
            far = row_of[np.where(codes + 1 < len(values), codes + 1, codes - 1)]
            has_mate &= far >= 0
        return bool(has_mate.mean() >= _SHARE_KNOWN) and self._agree(near, far, has_mate)

    def follow_time(self, column: pd.Series[Any]) -> bool:
        """Return whether the next row in time has nearly the target of a held-out row, and one at another time does not."""
        import numpy as np

        learned = np.flatnonzero(column.iloc[self._learned].notna())
        has_time = column.iloc[self._held_out].notna().to_numpy()
        if len(learned) < _FEWEST_ROWS or not has_time.any():
            return False
        times = column.to_numpy()
        if len(np.unique(times[self._learned[learned]])) < _MOST_DIFFERENT * len(learned):
            return False  # such as the day of birth: no order in which rows came
        in_time = learned[np.argsort(times[self._learned[learned]], kind="stable")]
        at = np.searchsorted(times[self._learned[in_time]], times[self._held_out])
        near = in_time[np.minimum(at, len(in_time) - 1)]
        far = in_time[(at + len(in_time) // 3) % len(in_time)]
        return self._agree(near, far, has_time)

    def are_neighbors(self, features: pd.DataFrame) -> bool:
        """Return whether many held-out rows have a few rows nearby, far from all others, that share a separate target."""
        import numpy as np
        from scipy.spatial.distance import cdist  # type: ignore[import-untyped]

        learned = self._learned[: _MOST_VALUES // features.shape[1]]
        table = features.iloc[np.concatenate([learned, self._held_out])]
        ranks = [ranked for _, column in table.items() if (ranked := _ranks(column)) is not None]
        count = min(_MOST_NEIGHBORS, len(learned) // 5)
        if not ranks or count < 2:  # noqa: PLR2004
            return False
        matrix = np.stack(ranks, axis=1)
        # In one thread: for so few rows, threads cost more than they save.
        every = cdist(matrix[len(learned) :], matrix[: len(learned)])
        neighbors = np.argpartition(every, count - 1, axis=1)[:, :count]
        nearest = np.take_along_axis(every, neighbors, axis=1)
        order = np.argsort(nearest, axis=1, kind="stable")
        neighbors = np.take_along_axis(neighbors, order, axis=1)
        distances = np.maximum(np.take_along_axis(nearest, order, axis=1), 1e-6)
        growth = distances[:, 1:] / distances[:, :-1]
        ends = growth.argmax(axis=1) + 1
        in_group = growth.max(axis=1) >= _GAP
        near, far = neighbors[:, 0], neighbors[np.arange(len(ends)), ends]
        return bool(in_group.mean() >= _SHARE) and self._agree(near, far, in_group)

    def _agree(
        self, near: np.ndarray[Any, Any], far: np.ndarray[Any, Any] | None, chosen: np.ndarray[Any, Any]
    ) -> bool:
        actual = self._actual[chosen]
        nearby = self._agreement(self._known[near[chosen]], actual)
        beyond = 0.0 if far is None else self._agreement(self._known[far[chosen]], actual)
        return nearby >= _AGREEMENT and nearby - beyond >= _DROP

    def _agreement(self, guessed: np.ndarray[Any, Any], actual: np.ndarray[Any, Any]) -> float:
        """Return how well one target tells another: the correlation, or Cohen's kappa; 0 where one is constant."""
        import numpy as np

        if (guessed == guessed[0]).all() or (actual == actual[0]).all():
            return 0.0
        if not self._classifies:
            return float(np.corrcoef(guessed, actual)[0, 1])
        from sklearn.metrics import cohen_kappa_score

        return float(cohen_kappa_score(guessed, actual))


def _ranks(column: pd.Series[Any]) -> np.ndarray[Any, Any] | None:
    """Return the values' ranks from 0 to 1, so that all columns count the same; None for lists and records."""
    import pandas as pd

    try:
        ordered = column if column.dtype.kind in "iufbM" else pd.Series(pd.factorize(column)[0])
        ranked: np.ndarray[Any, Any] = ordered.rank(pct=True).fillna(0).to_numpy(dtype=float)
    except TypeError:
        return None
    return ranked
