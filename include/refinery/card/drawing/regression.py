"""Draw a regression's held-out rows: predicted against actual values, and residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.card.drawing.axes import draw_axes, number_axis
from refinery.card.drawing.svg import Drawing
from refinery.card.wording import count

if TYPE_CHECKING:
    import numpy as np

# Single points are drawn up to here; more are counted in squares, which also keeps the page small.
_MOST_POINTS = 400
_FEW_POINTS = 60  # these hardly overlap
_SQUARE = 7
_STRENGTHS = 8
_FAINTEST = 0.15
_STRONGEST = 0.95
_HEIGHT = 270


def draw_predicted(actual: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any]) -> str:
    """Draw each row's prediction over its actual value; on the dashed line they are equal."""
    rows = count(len(actual), "held-out row")
    drawing = Drawing(f"Predicted against actual values of {rows}", _HEIGHT)
    ends = min(actual.min(), predicted.min()), max(actual.max(), predicted.max())
    across, up = draw_axes(drawing, number_axis(ends, "actual"), number_axis(ends, "predicted"))
    _draw_rows(drawing, across(actual), up(predicted))
    drawing.line("guide", [(across(end), up(end)) for end in ends])
    return str(drawing)


def draw_residuals(actual: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any]) -> str:
    """Draw each row's residual, actual minus predicted, over its prediction; on the dashed line it is zero."""
    rows = count(len(actual), "held-out row")
    drawing = Drawing(f"Residuals over predicted values of {rows}", _HEIGHT)
    residuals = actual - predicted
    across, up = draw_axes(
        drawing,
        number_axis((predicted.min(), predicted.max()), "predicted"),
        number_axis((residuals.min(), 0, residuals.max()), "residual (actual - predicted)"),
    )
    _draw_rows(drawing, across(predicted), up(residuals))
    drawing.line("guide", [(across.start, up(0)), (across.end, up(0))])
    return str(drawing)


def shows_single_rows(rows: int) -> bool:
    """Return whether this many rows are drawn one by one."""
    return rows <= _MOST_POINTS


def _draw_rows(drawing: Drawing, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> None:
    """Draw rows at their places on the drawing."""
    import numpy as np

    if shows_single_rows(len(x)):
        few = len(x) <= _FEW_POINTS
        drawing.dots("few" if few else "rows", zip(x, y, strict=True), 3 if few else 2.1)
        return
    column, line = (x // _SQUARE).astype(int), (y // _SQUARE).astype(int)
    counts = np.bincount(column * _HEIGHT + line).astype(float)
    # One color, stronger where more rows are, which reads well in light and dark mode.
    levels = np.ceil(_STRENGTHS * np.log1p(counts) / np.log1p(counts.max())).astype(int)
    for level in range(1, _STRENGTHS + 1):
        squares = [
            (left * _SQUARE, top * _SQUARE, (left + 1) * _SQUARE, (top + 1) * _SQUARE)
            for left, top in (divmod(at, _HEIGHT) for at in np.flatnonzero(levels == level).tolist())
        ]
        strength = _FAINTEST + (_STRONGEST - _FAINTEST) * (level - 1) / (_STRENGTHS - 1)
        drawing.rectangles("square", squares, strength)
