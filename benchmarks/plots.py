"""Draw how costs grow, as small SVG files that can be read on a light and on a dark page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

# Of middle brightness: they stand out from white and from black.
GRAY = "#78828c"
COLORS = ("#2f81f7", "#d9730d", "#2da44e", "#a371f7")
MARKERS = "osD^"
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "refinery",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": GRAY,
    "axes.labelcolor": GRAY,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "text.color": GRAY,
    "xtick.color": GRAY,
    "ytick.color": GRAY,
}


def draw_growth(
    file: Path, title: str, unit: str, panels: Mapping[str, Mapping[str, Mapping[int, float]]]
) -> None:
    """Draw panels side by side.

    Args:
        file: The SVG file.
        title: What grows.
        unit: The label of the horizontal axes.
        panels: By the label of its vertical axis: the values of each cost by size.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3), layout="constrained")
        FigureCanvasSVG(figure)
        figure.suptitle(title, fontsize=11)
        for number, (label, costs) in enumerate(panels.items(), start=1):
            axes = figure.add_subplot(1, len(panels), number)
            _draw_panel(axes, costs)
            axes.set_xlabel(unit)
            axes.set_ylabel(label)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(5, len(labels)), frameon=False)
        figure.savefig(file, transparent=True, metadata={"Date": None, "Creator": None})


def _draw_panel(axes: Axes, costs: Mapping[str, Mapping[int, float]]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for (name, values), color, marker in zip(costs.items(), COLORS, MARKERS, strict=False):
        axes.plot(list(values), list(values.values()), color=color, marker=marker, markersize=4, label=name)
    low, high = axes.get_ylim()
    _draw_linear(axes, costs)
    axes.set_ylim(min(low, min(min(values.values()) for values in costs.values()) / 1.5), high)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xticks(sorted({size for values in costs.values() for size in values}))
    axes.xaxis.set_major_formatter(lambda size, _: f"{size:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.grid(visible=True, color=GRAY, alpha=0.25, linewidth=0.5)


def _draw_linear(axes: Axes, costs: Mapping[str, Mapping[int, float]]) -> None:
    """Draw a line as steep as what is linear, through the most that the largest size costs."""
    size, most = max((list(values.items())[-1] for values in costs.values()), key=lambda point: point[1])
    first = min(next(iter(values)) for values in costs.values())
    axes.plot(
        [first, size], [most * first / size, most], color=GRAY, linestyle="--", linewidth=1, label="linear"
    )
