"""Draw how a search went: the best score so far over its trials, and the params that mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.card.drawing.axes import bar_axis, draw_axes, number_axis
from refinery.card.drawing.overview import draw_shares
from refinery.card.drawing.svg import Drawing, label
from refinery.card.wording import count, number

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEIGHT = 190

__all__ = ["draw_curve", "draw_params"]


def draw_curve(metric: str, curve: Sequence[tuple[int, float]], trials: int) -> str:
    """Draw the best score so far as a line with a step at each trial that was better.

    Args:
        metric: The metric.
        curve: The number and the score of each of these trials.
        trials: How many trials there were.
    """
    steps = "; ".join(f"trial {at + 1} {number(score)}" for at, score in curve)
    drawing = Drawing(f"Best {label(metric)} so far over {count(trials, 'trial')}: {steps}", _HEIGHT)
    last = max(trials, curve[-1][0] + 1)
    across, up = draw_axes(
        drawing,
        number_axis([1, last], "trial", margin=0.03),
        number_axis([score for _, score in curve], label(metric, 24), most=5, margin=0.12),
    )
    points: list[tuple[float, float]] = []
    for at, score in curve:
        if points:
            points.append((across(at + 1), points[-1][1]))
        points.append((across(at + 1), up(score)))
    drawing.line("series-1", [*points, (across(last), points[-1][1])])
    drawing.dots("version", [(across(at + 1), up(score)) for at, score in curve], 2.4)
    return str(drawing)


def draw_params(params: Sequence[tuple[str, float]]) -> str:
    """Draw how much of the variance of the scores each param explains."""
    pairs = ", ".join(f"{name} {number(share)}" for name, share in params)
    names, shares = [label(name, 24) for name, _ in params], [share for _, share in params]
    return draw_shares(
        f"Share of the scores' variance that each param explains: {pairs}",
        bar_axis(shares, "share of the scores' variance", at_end=True),
        names,
        shares,
    )
