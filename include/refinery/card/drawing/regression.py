"""Draw a regression's held-out rows: predicted against actual values, and residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.card.drawing.svg import ACCENT, MUTED, draw_svg
from refinery.card.wording import count

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Single points are drawn up to here; more are counted in hexagons, which also keeps the page small.
_MOST_POINTS = 400
_FEW_POINTS = 60  # these hardly overlap
_HEXAGONS = 26
_FAINTEST = 0.12
_STRONGEST = 0.95


def draw_predicted(actual: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any]) -> str:
    """Draw each row's prediction over its actual value; on the dashed line they are equal."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        low, high = min(actual.min(), predicted.min()), max(actual.max(), predicted.max())
        _draw_rows(axes, actual, predicted, extent=(low, high, low, high) if low < high else None)
        axes.plot([low, high], [low, high], color=MUTED, linestyle="--", linewidth=1)
        axes.set(xlabel="actual", ylabel="predicted")

    rows = count(len(actual), "held-out row")
    return draw_svg("predicted", f"Predicted against actual values of {rows}", paint, height=270)


def draw_residuals(actual: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any]) -> str:
    """Draw each row's residual, actual minus predicted, over its prediction; on the dashed line it is zero."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _draw_rows(axes, predicted, actual - predicted)
        axes.axhline(0, color=MUTED, linestyle="--", linewidth=1)
        axes.set(xlabel="predicted", ylabel="residual (actual - predicted)")

    rows = count(len(actual), "held-out row")
    return draw_svg("residuals", f"Residuals over predicted values of {rows}", paint, height=270)


def shows_single_rows(rows: int) -> bool:
    """Return whether this many rows are drawn one by one."""
    return rows <= _MOST_POINTS


def _draw_rows(
    axes: Axes,
    x: np.ndarray[Any, Any],
    y: np.ndarray[Any, Any],
    extent: tuple[float, float, float, float] | None = None,
) -> None:
    import numpy as np

    if shows_single_rows(len(x)):
        few = len(x) <= _FEW_POINTS
        axes.scatter(x, y, s=36 if few else 18, color=ACCENT, alpha=0.85 if few else 0.6, linewidths=0)
        return
    hexagons = axes.hexbin(x, y, gridsize=_HEXAGONS, mincnt=1, linewidths=0, extent=extent)
    counts = np.log1p(np.asarray(hexagons.get_array(), dtype=float))
    # One color, stronger where more rows are, which reads well in light and dark mode.
    strength = _FAINTEST + (_STRONGEST - _FAINTEST) * counts / counts.max()
    hexagons.set_array(None)
    hexagons.set_facecolor([(ACCENT, round(float(value), 2)) for value in strength])
    hexagons.set_edgecolor("none")
