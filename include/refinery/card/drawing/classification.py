"""Draw a classification's held-out rows: the confusion matrix, ROC curves and calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.card.drawing.axes import draw_axes, name_axis, number_axis
from refinery.card.drawing.svg import Drawing, label, text_width
from refinery.card.wording import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from refinery.card.classified import CalibrationBin, RocCurve
    from refinery.card.drawing.axes import Scale

_HEIGHT = 300
# Text stays readable on a fill of this strength, in light and dark mode.
_STRONGEST = 0.5
NAMED_CURVES = 5
_ALL = (-0.02, 1.02)
_LEGEND_LINE = 15
_LEGEND_SAMPLE = 20
# In a larger matrix, zeros and horizontal names would hide what matters.
_MOST_WITH_ZEROS = 6
_MOST_LEVEL = 3
_THOUSAND = 1000
_DOT = 3.5
# Groups closer together than this are zoomed in on.
_NARROW = 0.5


def draw_confusion(labels: Sequence[str], counts: np.ndarray[Any, Any], right: int) -> str:
    """Draw how many rows of each class were predicted as which; a cell's strength is its share of the class's rows.

    Right and wrong predictions have different colors; "others", if it is the last class, may be either.
    """
    import numpy as np

    rows = f"{right:,} of {int(counts.sum()):,} held-out rows"
    drawing = Drawing(f"Confusion matrix: {rows} were predicted correctly", _HEIGHT)
    names, cells = [label(name, 14) for name in labels], len(labels)
    across, down = draw_axes(
        drawing,
        name_axis(names, "predicted", turned=cells > _MOST_LEVEL),
        name_axis(names, "actual", downward=True),
    )
    few = cells <= _MOST_WITH_ZEROS
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    borders = [at - 0.5 for at in range(cells + 1)]
    for row, column in np.ndindex(cells, cells):
        if counts[row, column]:
            corners = (
                across(borders[column]),
                down(borders[row]),
                across(borders[column + 1]),
                down(borders[row + 1]),
            )
            kind, strength = "right" if row == column else "wrong", float(shares[row, column])
            drawing.rectangles(kind, [corners], max(0.001, round(strength * _STRONGEST, 3)))
        if counts[row, column] or few:
            text = _rows_in_cell(int(counts[row, column]), few=few)
            drawing.text("title" if few else "cell", (across(column), down(row)), text, anchor="middle")
    for border in borders:
        drawing.line("grid", [(across(border), down.start), (across(border), down.end)])
        drawing.line("grid", [(across.start, down(border)), (across.end, down(border))])
    return str(drawing)


def draw_roc(curves: Sequence[RocCurve], decided: tuple[float, float] | None = None) -> str:
    """Draw the curves, and name those with the smallest areas.

    Args:
        curves: The curves.
        decided: The rates of false and true positives at the model's threshold, for a dot; None for no dot.
    """
    named = sorted(curves, key=lambda curve: curve.area)[:NAMED_CURVES]
    areas = ", ".join(f"{label(curve.label)} {curve.area:.3f}" for curve in named)
    drawing = Drawing(f"ROC curves; area under the curve: {areas}", _HEIGHT)
    across, up = draw_axes(
        drawing,
        number_axis(_ALL, "false positive rate", margin=0),
        number_axis(_ALL, "true positive rate", margin=0),
    )
    drawing.line("guide", [(across(end), up(end)) for end in (0, 1)])
    kinds = {id(curve): f"series-{at}" for at, curve in enumerate(named, 1)}
    for curve in sorted(curves, key=lambda curve: id(curve) in kinds):
        points = zip(across(curve.false_positives), up(curve.true_positives), strict=True)
        drawing.line(kinds.get(id(curve), "unnamed"), points)
    if decided:
        drawing.dots("version", [(across(decided[0]), up(decided[1]))], _DOT)
    _draw_legend(drawing, across, up, [f"{label(curve.label, 18)}: {curve.area:.3f}" for curve in named])
    return str(drawing)


def draw_calibration(
    bins: Sequence[CalibrationBin], predicted: str, observed: str, threshold: float | None = None
) -> str:
    """Draw the share that came true over the predicted probability, with its 95 percent interval, and a line at the threshold."""
    pairs = ", ".join(f"{number(each.predicted)}: {number(each.observed)}" for each in bins)
    drawing = Drawing(f"Predicted probability and the share that came true: {pairs}", _HEIGHT)
    limits = _calibration_limits(bins)
    across, up = draw_axes(
        drawing, number_axis(limits, predicted, margin=0), number_axis(limits, observed, margin=0)
    )
    drawing.line("guide", [(across(end), up(end)) for end in (max(0, limits[0]), min(1, limits[1]))])
    if threshold is not None and limits[0] <= threshold <= limits[1]:
        drawing.line("guide", [(across(threshold), up.start), (across(threshold), up.end)])
    for each in bins:
        at = across(each.predicted)
        drawing.line("interval", [(at, up(each.low)), (at, up(each.high))])
    points = [(across(each.predicted), up(each.observed)) for each in bins]
    drawing.line("series-1", points)
    drawing.dots("version", points, 2.3)
    return str(drawing)


def _calibration_limits(bins: Sequence[CalibrationBin]) -> tuple[float, float]:
    """Return the range of the groups, which is at one end if the class is rare; otherwise 0 to 1."""
    low = min(min(each.predicted, each.low) for each in bins)
    high = max(max(each.predicted, each.high) for each in bins)
    if high - low > _NARROW:
        return _ALL
    margin = 0.08 * (high - low) or 0.02
    return max(-margin, low - margin), min(1 + margin, high + margin)


def _draw_legend(drawing: Drawing, across: Scale, up: Scale, texts: Sequence[str]) -> None:
    title = "area under the curve"
    right = across.end - 4
    left = right - max(text_width(title), *(_LEGEND_SAMPLE + 5 + text_width(text) for text in texts))
    top = up.start - _LEGEND_LINE * (len(texts) + 0.7)
    drawing.text("legend", (left, top), title)
    for at, text in enumerate(texts, 1):
        y = top + at * _LEGEND_LINE
        drawing.line(f"series-{at}", [(left, y), (left + _LEGEND_SAMPLE, y)])
        drawing.text("legend", (left + _LEGEND_SAMPLE + 5, y), text)


def _rows_in_cell(rows: int, *, few: bool) -> str:
    if few or rows < _THOUSAND:
        return f"{rows:,}"
    return f"{rows / _THOUSAND:.1f}k" if rows < 10 * _THOUSAND else f"{rows / _THOUSAND:.0f}k"
