"""Draw a classification's held-out rows: the confusion matrix, ROC curves and calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.card.drawing.svg import ACCENT, INK, MUTED, SECOND, SERIES, draw_svg, label
from refinery.card.wording import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from refinery.card.classified import CalibrationBin, RocCurve

# Text stays readable on a fill of this strength, in light and dark mode.
_STRONGEST = 0.5
NAMED_CURVES = len(SERIES)
_LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
# In a larger matrix, zeros and horizontal names would hide what matters.
_MOST_WITH_ZEROS = 6
_MOST_LEVEL = 3
_THOUSAND = 1000
# Groups closer together than this are zoomed in on.
_NARROW = 0.5


def draw_confusion(labels: Sequence[str], counts: np.ndarray[Any, Any], right: int) -> str:
    """Draw how many rows of each class were predicted as which; a cell's strength is its share of the class's rows.

    Right and wrong predictions have different colors; "others", if it is the last class, may be either.
    """

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _fill_cells(axes, counts)
        _name_cells(axes, [label(name, 14) for name in labels])
        axes.set(xlabel="predicted", ylabel="actual")

    rows = f"{right:,} of {int(counts.sum()):,} held-out rows"
    return draw_svg("confusion", f"Confusion matrix: {rows} were predicted correctly", paint, height=300)


def draw_roc(curves: Sequence[RocCurve]) -> str:
    """Draw the curves, and name those with the smallest areas."""
    named = sorted(curves, key=lambda curve: curve.area)[:NAMED_CURVES]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1)
        for curve in curves:
            if curve not in named:
                axes.plot(curve.false_positives, curve.true_positives, color=MUTED, alpha=0.5, linewidth=0.8)
        for color, style, curve in zip(SERIES, _LINE_STYLES, named, strict=False):
            text = f"{label(curve.label, 18)}: {curve.area:.3f}"
            axes.plot(curve.false_positives, curve.true_positives, color=color, linestyle=style, label=text)
        axes.set(
            xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02)
        )
        axes.legend(loc="lower right", title="area under the curve")

    areas = ", ".join(f"{label(curve.label)} {curve.area:.3f}" for curve in named)
    return draw_svg("roc", f"ROC curves; area under the curve: {areas}", paint, height=300)


def draw_calibration(bins: Sequence[CalibrationBin], predicted: str, observed: str) -> str:
    """Draw the share that came true over the predicted probability, with its 95 percent interval."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1)
        x = [each.predicted for each in bins]
        axes.vlines(x, [each.low for each in bins], [each.high for each in bins], color=ACCENT, alpha=0.45)
        axes.plot(x, [each.observed for each in bins], color=ACCENT, marker="o", markersize=4)
        limits = _calibration_limits(bins)
        axes.set(xlabel=predicted, ylabel=observed, xlim=limits, ylim=limits)

    pairs = ", ".join(f"{number(each.predicted)}: {number(each.observed)}" for each in bins)
    return draw_svg(
        "calibration", f"Predicted probability and the share that came true: {pairs}", paint, height=300
    )


def _calibration_limits(bins: Sequence[CalibrationBin]) -> tuple[float, float]:
    """Return the range of the groups, which is at one end if the class is rare; otherwise 0 to 1."""
    low = min(min(each.predicted, each.low) for each in bins)
    high = max(max(each.predicted, each.high) for each in bins)
    if high - low > _NARROW:
        return -0.02, 1.02
    margin = 0.08 * (high - low) or 0.02
    return max(-margin, low - margin), min(1 + margin, high + margin)


def _fill_cells(axes: Axes, counts: np.ndarray[Any, Any]) -> None:
    import numpy as np

    cells = len(counts)
    few = cells <= _MOST_WITH_ZEROS
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for row, column in np.ndindex(cells, cells):
        strength = round(float(shares[row, column]) * _STRONGEST, 3)
        corners = [column, column + 1, column + 1, column], [row, row, row + 1, row + 1]
        axes.fill(*corners, facecolor=(ACCENT if row == column else SECOND, strength), linewidth=0)
        if counts[row, column] or few:
            axes.text(
                column + 0.5, row + 0.5, _rows_in_cell(int(counts[row, column]), few=few),
                ha="center", va="center", color=INK, fontsize=10.5 if few else 8,
            )  # fmt: skip


def _rows_in_cell(rows: int, *, few: bool) -> str:
    if few or rows < _THOUSAND:
        return f"{rows:,}"
    return f"{rows / _THOUSAND:.1f}k" if rows < 10 * _THOUSAND else f"{rows / _THOUSAND:.0f}k"


def _name_cells(axes: Axes, names: Sequence[str]) -> None:
    cells = len(names)
    middles = [cell + 0.5 for cell in range(cells)]
    axes.set_xticks(middles, names, rotation=0 if cells <= _MOST_LEVEL else 90)
    axes.set_yticks(middles, names)
    axes.set(xlim=(0, cells), ylim=(cells, 0))
    axes.tick_params(length=0)
    axes.set_xticks(range(cells + 1), minor=True)
    axes.set_yticks(range(cells + 1), minor=True)
    axes.grid(visible=False)
    axes.grid(visible=True, which="minor")
