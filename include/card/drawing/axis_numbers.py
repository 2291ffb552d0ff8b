"""Says the numbers along an axis in full or in thousands, millions and so on, never as powers of ten at its end."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

_UNITS = ("", "k", "M", "bn", "tn")
# Below this, digits are few enough to stand as they are.
_LONG = 10_000
_TOO_LONG = 1_000_000_000
_MOST_DECIMALS = 2
_MOST_DECIMALS_ALONE = 6
_DIGITS = range(4, 12)


def shorten_axis_numbers(figure: Figure) -> None:
    """Let each axis of numbers that a figure has say them briefly."""
    from matplotlib.ticker import FuncFormatter, ScalarFormatter

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(
                    FuncFormatter(
                        lambda tick, _, axis=axis: axis_number(float(tick), axis.get_majorticklocs().tolist())
                    )
                )


def axis_number(value: float, ticks: Sequence[float]) -> str:
    """Say one of an axis' ticks, in a unit and with decimals that all of them share."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    for power in range(_largest_unit(largest), -1, -1):
        unit = 1000.0**power
        decimals = _decimals(
            [tick / unit for tick in ticks], _MOST_DECIMALS if power else _MOST_DECIMALS_ALONE
        )
        if decimals is not None and largest / unit < _TOO_LONG:
            text = f"{value / unit:.{decimals}f}"
            return f"{text}{_UNITS[power]}" if float(text) else "0"
    digits = next(
        (most for most in _DIGITS if len({f"{tick:.{most}g}" for tick in ticks}) == len(set(ticks))), 4
    )
    return f"{value:.{digits}g}"


def _largest_unit(largest: float) -> int:
    if not _LONG <= largest < 1000.0 ** len(_UNITS):
        return 0
    return min((len(f"{largest:.0f}") - 1) // 3, len(_UNITS) - 1)


def _decimals(ticks: Sequence[float], most: int) -> int | None:
    """Tell how many decimals tell ticks apart, as exactly as one sees; None where these would be too many."""
    steps = [abs(high - low) for low, high in pairwise(ticks) if high != low]
    unseen = min(steps, default=max(map(abs, ticks), default=1.0)) / 1000
    return next(
        (
            decimals
            for decimals in range(most + 1)
            if all(abs(round(tick, decimals) - tick) <= unseen for tick in ticks)
        ),
        None,
    )
