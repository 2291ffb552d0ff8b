"""Draw what accompanies the predictions: the target's distribution, the metrics' trend, the columns' importance."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

from refinery.card.drawing.axes import Axis, Box, bar_axis, draw_axes, name_axis, number_axis
from refinery.card.drawing.svg import WIDTH, Drawing, label
from refinery.card.wording import count, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.card.drawing.axes import Scale
    from refinery.card.importance import Importance
    from refinery.card.trend import Trend
    from refinery.spec.table_profile import Distribution

_BAR_HEIGHT = 17
_BAR_SHARE = 0.7
_AXIS_HEIGHT = 45
_HISTOGRAM_HEIGHT = 200
MOST_BARS = 15
MOST_IMPORTANT = 15
_PANELS_PER_ROW = 2
_PANEL_HEIGHT = 140
_PANEL_GAP = 10
_TITLE_LINE = 14
# Which way is better, before a metric's name.
_ARROWS = {True: "\N{DOWNWARDS ARROW} ", False: "\N{UPWARDS ARROW} ", None: ""}


def draw_distribution(target: str, distribution: Distribution) -> str:
    """Draw how many rows the target's values or ranges of values have."""
    if distribution.edges:
        return _draw_histogram(target, distribution)
    names = [label(value) for value in distribution.values[:MOST_BARS]]
    counts = list(distribution.counts[:MOST_BARS])
    pairs = ", ".join(f"{name} {rows:,}" for name, rows in zip(names, counts, strict=True))
    drawing = Drawing(
        f"Rows of each value of {label(target)}: {pairs}", _AXIS_HEIGHT + _BAR_HEIGHT * max(2, len(names))
    )
    _draw_bars(drawing, bar_axis(counts, "rows", at_end=True), names, counts)
    return str(drawing)


def draw_trend(trends: Sequence[Trend], versions: Sequence[str]) -> str:
    """Draw each metric over the versions, the last of which is this one, and its baseline as a dashed line."""
    changes = "; ".join(
        f"{label(trend.metric)} " + ", ".join(number(value) or "unknown" for value in trend.values)
        for trend in trends
    )
    lines = -(-len(trends) // _PANELS_PER_ROW)
    drawing = Drawing(f"Metrics of {len(versions)} versions, oldest first: {changes}", _PANEL_HEIGHT * lines)
    width = (WIDTH - _PANEL_GAP * (_PANELS_PER_ROW - 1)) / _PANELS_PER_ROW
    for place, trend in enumerate(trends):
        line, column = divmod(place, _PANELS_PER_ROW)
        left, top = column * (width + _PANEL_GAP), line * _PANEL_HEIGHT + _PANEL_GAP / 2
        # The gap keeps a panel's dates from looking like a part of the title below them.
        box = Box(left, top, left + width, top + _PANEL_HEIGHT - _PANEL_GAP)
        _draw_panel(drawing, trend, versions, box)
    return str(drawing)


def draw_importance(importance: Importance) -> str:
    """Draw the most important columns as bars, with the standard deviation of the repeats."""
    names = [label(name, 24) for name in importance.columns[:MOST_IMPORTANT]]
    bars = list(zip(importance.losses, importance.spreads, strict=True))[: len(names)]
    pairs = ", ".join(f"{name} {number(loss)}" for name, loss in zip(names, importance.losses, strict=False))
    drawing = Drawing(
        f"Loss of {importance.score} when a column is shuffled: {pairs}",
        _AXIS_HEIGHT + _BAR_HEIGHT * max(3, len(names)),
    )
    ends = [loss + way * spread for loss, spread in bars for way in (-1, 1)]
    axis = bar_axis(ends, f"loss of {importance.score} when shuffled", at_end=True)
    across, down = _draw_bars(drawing, axis, names, [loss for loss, _ in bars])
    for at, (loss, spread) in enumerate(bars):
        if spread and isfinite(loss + spread):
            drawing.line("error", [(across(end), down(at)) for end in (loss - spread, loss + spread)])
    return str(drawing)


def draw_shares(description: str, axis: Axis, names: Sequence[str], values: Sequence[float]) -> str:
    """Draw a bar for each name.

    Args:
        description: What the figure shows.
        axis: The axis of the values.
        names: The names, from top to bottom.
        values: Their values.
    """
    drawing = Drawing(description, _AXIS_HEIGHT + _BAR_HEIGHT * max(3, len(names)))
    _draw_bars(drawing, axis, names, values)
    return str(drawing)


def _draw_panel(drawing: Drawing, trend: Trend, versions: Sequence[str], box: Box) -> None:
    known = [(at, value) for at, value in enumerate(trend.values) if value is not None]
    values = [value for _, value in known] + ([] if trend.baseline is None else [trend.baseline])
    y = number_axis(values, most=3, margin=0.2)
    plot = Box(box.left, box.top + 2 * _TITLE_LINE, box.right, box.bottom)
    across, up = draw_axes(drawing, Axis(-0.3, len(versions) - 0.7, ()), y, plot)
    first, last = (at * _TITLE_LINE + _TITLE_LINE / 2 for at in (0, 1))
    drawing.text(
        "title", (across.start, box.top + first), f"{_ARROWS[trend.lower_is_better]}{label(trend.metric, 18)}"
    )
    drawing.text("title", (across.start, box.top + last), number(trend.value))
    drawing.text("name", (across.start, up.start + _TITLE_LINE * 0.7), label(versions[0], 10))
    drawing.text("name", (across.end, up.start + _TITLE_LINE * 0.7), "this", anchor="end")
    if trend.baseline is not None:
        drawing.line("guide", [(across.start, up(trend.baseline)), (across.end, up(trend.baseline))])
    points = [(across(at), up(value)) for at, value in known]
    drawing.line("series-1", points)
    drawing.dots("version", points[:-1], 1.8)
    drawing.dots("this", points[-1:], 3.2)


def _draw_histogram(target: str, distribution: Distribution) -> str:
    edges, counts = distribution.edges, distribution.counts
    rows = count(sum(counts), "row")
    drawing = Drawing(
        f"Histogram of {label(target)}: {rows} from {number(edges[0])} to {number(edges[-1])}",
        _HISTOGRAM_HEIGHT,
    )
    across, up = draw_axes(
        drawing, number_axis(edges, label(target, 32), margin=0.03), bar_axis(counts, "rows")
    )
    bars = [
        (across(low) + 0.4, up(rows), across(high) - 0.4, up(0))
        for (low, high), rows in zip(pairwise(edges), counts, strict=True)
        if rows
    ]
    drawing.rectangles("bar", bars)
    return str(drawing)


def _draw_bars(
    drawing: Drawing, axis: Axis, names: Sequence[str], values: Sequence[float]
) -> tuple[Scale, Scale]:
    across, down = draw_axes(drawing, axis, name_axis(names, downward=True))
    half = _BAR_SHARE / 2
    bars = [
        (*sorted((across(0), across(value))), down(at - half), down(at + half))
        for at, value in enumerate(values)
        if value and isfinite(value)
    ]
    drawing.rectangles("bar", [(left, top, right, bottom) for left, right, top, bottom in bars])
    return across, down
