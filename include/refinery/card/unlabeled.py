"""Describe the held-out rows of a model that learned no target: its outliers, or what is in each cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.card.wording import number, shorten

if TYPE_CHECKING:
    import pandas as pd

    from refinery.card.held_out import ScoredRows

MOST_CLUSTERS = 15
_MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class ClusterTable:
    """The held-out rows of each cluster, column by column.

    Attributes:
        columns: The columns.
        lines: For each cluster its name, how many rows it has, and the mean or the most frequent value of each column.
        columns_left_out: How many more columns there are.
        clusters_left_out: How many more clusters there are.
    """

    columns: list[str]
    lines: list[tuple[str, int, list[str]]]
    columns_left_out: int
    clusters_left_out: int


def tabulate_clusters(rows: ScoredRows) -> ClusterTable:
    """Describe the clusters with the most held-out rows; the columns first whose means differ the most."""
    import pandas as pd

    labels = pd.Series(rows.predicted, index=rows.features.index)
    sizes = labels.value_counts()
    shown = sorted(sizes.index[:MOST_CLUSTERS])
    columns = _telling_columns(rows.features, labels)
    lines = []
    for cluster in shown:
        part = rows.features[labels == cluster]
        lines.append(
            (
                shorten(cluster, 40),
                int(sizes[cluster]),
                [_typical(part[name]) for name in columns[:_MOST_COLUMNS]],
            )
        )
    return ClusterTable(
        [shorten(name, 40) for name in columns[:_MOST_COLUMNS]],
        lines,
        max(0, len(columns) - _MOST_COLUMNS),
        len(sizes) - len(shown),
    )


def _telling_columns(features: pd.DataFrame, labels: pd.Series[Any]) -> list[Any]:
    """Return the columns by how far the clusters' means are apart in standard deviations, those of other kinds last."""
    numbers = features.select_dtypes("number", exclude="timedelta")  # which pandas counts among them
    spreads = numbers.std(ddof=0)
    apart = (numbers.groupby(labels.to_numpy()).mean().std(ddof=0) / spreads.where(spreads > 0)).fillna(0.0)
    ordered = list(apart.sort_values(ascending=False, kind="stable").index)
    return ordered + [name for name in features.columns if name not in apart.index]


def _typical(column: pd.Series[Any]) -> str:
    values = column.dropna()
    if values.empty:
        return ""
    if column.dtype.kind in "iuf":
        return number(float(values.mean()))
    most = values.astype("str").mode()
    return shorten(most.iloc[0], 24)
