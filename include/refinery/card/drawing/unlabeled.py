"""Draw the held-out rows of a model that learned no target: their scores, and the sizes of clusters."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from refinery.card.drawing.axes import bar_axis, draw_axes, name_axis, number_axis
from refinery.card.drawing.svg import Drawing, label
from refinery.card.wording import count, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

_BINS = 30
_HEIGHT = 230
_AXIS_HEIGHT = 45
_BAR_HEIGHT = 17
_HALF = 0.35


def draw_scores(scores: np.ndarray[Any, Any], cut_off: float) -> str:
    """Draw how many rows have which score; those below the dashed line are outliers, in another color."""
    import numpy as np

    rows = count(len(scores), "held-out row")
    below = int((scores < cut_off).sum())
    drawing = Drawing(
        f"Histogram of the scores of {rows}: {below:,} below the cut-off at {number(cut_off)}", _HEIGHT
    )
    low, high = min(float(scores.min()), cut_off), max(float(scores.max()), cut_off)
    width = (high - low) / _BINS or 1.0
    # The cut-off is an edge, so that no bar has rows of both kinds.
    first = -int(np.ceil((cut_off - low) / width))
    edges = cut_off + width * np.arange(first, first + _BINS + 2)
    counts, _ = np.histogram(scores, bins=edges)
    across, up = draw_axes(
        drawing, number_axis(edges, "score", margin=0.03), bar_axis(counts.tolist(), "held-out rows")
    )
    bars = [
        (middle < cut_off, (across(left) + 0.3, up(held), across(right) - 0.3, up(0)))
        for (left, right), held in zip(pairwise(edges), counts, strict=True)
        if held and (middle := (left + right) / 2) is not None
    ]
    drawing.rectangles("bar", [corners for is_outlier, corners in bars if not is_outlier])
    drawing.rectangles("wrong", [corners for is_outlier, corners in bars if is_outlier])
    drawing.line("guide", [(across(cut_off), up.start), (across(cut_off), up.end)])
    return str(drawing)


def draw_sizes(names: Sequence[str], sizes: Sequence[int]) -> str:
    """Draw how many rows each cluster has."""
    names = [label(name) for name in names]
    pairs = ", ".join(f"{name} {rows:,}" for name, rows in zip(names, sizes, strict=True))
    drawing = Drawing(
        f"Held-out rows of each cluster: {pairs}", _AXIS_HEIGHT + _BAR_HEIGHT * max(2, len(names))
    )
    across, down = draw_axes(
        drawing, bar_axis(sizes, "held-out rows", at_end=True), name_axis(names, downward=True)
    )
    bars = [
        (across(0), down(at - _HALF), across(rows), down(at + _HALF)) for at, rows in enumerate(sizes) if rows
    ]
    drawing.rectangles("bar", bars)
    return str(drawing)
