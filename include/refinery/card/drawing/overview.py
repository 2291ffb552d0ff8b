"""Draw what accompanies the predictions: the target's distribution, the metrics' trend, the columns' importance."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from refinery.card.drawing.svg import ACCENT, INK, MUTED, POINTS_PER_INCH, SECOND, draw_svg, label
from refinery.card.wording import count, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from refinery.card.importance import Importance
    from refinery.card.trend import Trend
    from refinery.spec.table_profile import Distribution

_BAR_HEIGHT = 17
_AXIS_HEIGHT = 50
MOST_BARS = 15
MOST_IMPORTANT = 15
_PANELS_PER_ROW = 2
_PANEL_HEIGHT = 140
# Which way is better, before a metric's name.
_ARROWS = {True: "\N{DOWNWARDS ARROW} ", False: "\N{UPWARDS ARROW} ", None: ""}


def draw_distribution(target: str, distribution: Distribution) -> str:
    """Draw how many rows the target's values or ranges of values have."""
    if distribution.edges:
        return _draw_histogram(target, distribution)
    names = [label(value) for value in distribution.values[:MOST_BARS]]
    counts = list(distribution.counts[:MOST_BARS])
    description = f"Rows of each value of {label(target)}: " + ", ".join(
        f"{name} {rows:,}" for name, rows in zip(names, counts, strict=True)
    )

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _draw_bars(axes, names, [float(rows) for rows in counts])
        axes.set_xlabel("rows", loc="right")

    return draw_svg(
        "distribution", description, paint, height=_AXIS_HEIGHT + _BAR_HEIGHT * max(2, len(names))
    )


def draw_trend(trends: Sequence[Trend], versions: Sequence[str]) -> str:
    """Draw each metric over the versions, the last of which is this one, and its baseline as a dashed line."""
    lines = -(-len(trends) // _PANELS_PER_ROW)

    def paint(figure: Figure) -> None:
        # A panel's dates must not look like a part of the title below them.
        figure.set_layout_engine("constrained", h_pad=6 / POINTS_PER_INCH)
        for place, trend in enumerate(trends, 1):
            axes = figure.add_subplot(lines, _PANELS_PER_ROW, place)
            known = [(at, value) for at, value in enumerate(trend.values) if value is not None]
            axes.plot(
                [at for at, _ in known], [value for _, value in known], color=ACCENT, marker="o", markersize=3
            )
            axes.plot(*known[-1], color=SECOND, marker="o", markersize=6)
            if trend.baseline is not None:
                axes.axhline(trend.baseline, color=MUTED, linestyle="--", linewidth=1)
            name = f"{_ARROWS[trend.lower_is_better]}{label(trend.metric, 18)}"
            axes.set_title(f"{name}\n{number(trend.values[-1])}", loc="left", color=INK)
            ends = [0, len(versions) - 1]
            axes.set_xticks(ends, [label(versions[0], 10), "this"])
            axes.set_xlim(-0.3, len(versions) - 0.7)
            axes.margins(y=0.2)
            axes.locator_params(axis="y", nbins=3)

    changes = "; ".join(
        f"{label(trend.metric)} " + ", ".join(number(value) or "unknown" for value in trend.values)
        for trend in trends
    )
    description = f"Metrics of {len(versions)} versions, oldest first: {changes}"
    return draw_svg("trend", description, paint, height=_PANEL_HEIGHT * lines)


def draw_importance(importance: Importance) -> str:
    """Draw the most important columns as bars, with the standard deviation of the repeats."""
    names = [label(name, 24) for name in importance.columns[:MOST_IMPORTANT]]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _draw_bars(axes, names, list(importance.losses[:MOST_IMPORTANT]))
        axes.errorbar(
            importance.losses[:MOST_IMPORTANT], range(len(names)), xerr=importance.spreads[:MOST_IMPORTANT],
            fmt="none", ecolor=INK, elinewidth=1, alpha=0.7,
        )  # fmt: skip
        # At the right, it stays within the figure however long the names are.
        axes.set_xlabel(f"loss of {importance.score} when shuffled", loc="right")

    pairs = ", ".join(f"{name} {number(loss)}" for name, loss in zip(names, importance.losses, strict=False))
    description = f"Loss of {importance.score} when a column is shuffled: {pairs}"
    return draw_svg("importance", description, paint, height=_AXIS_HEIGHT + _BAR_HEIGHT * max(3, len(names)))


def _draw_histogram(target: str, distribution: Distribution) -> str:
    edges, counts = distribution.edges, distribution.counts

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.bar(
            edges[:-1], counts, width=[0.94 * (high - low) for low, high in pairwise(edges)],
            align="edge", color=ACCENT, alpha=0.75, linewidth=0,
        )  # fmt: skip
        axes.grid(visible=False, axis="x")
        axes.set(xlabel=label(target, 40), ylabel="rows")

    rows = count(sum(counts), "row")
    description = f"Histogram of {label(target)}: {rows} from {number(edges[0])} to {number(edges[-1])}"
    return draw_svg("distribution", description, paint, height=200)


def _draw_bars(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    axes.barh(range(len(names)), values, height=0.7, color=ACCENT, alpha=0.75, linewidth=0)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.locator_params(axis="x", nbins=5)
