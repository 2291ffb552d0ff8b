"""Lay out the axes of a plot: round ticks, their texts, and where values are on the drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.card.drawing.svg import TEXT_SIZE, WIDTH, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from refinery.card.drawing.svg import Drawing

_STEPS = (1, 2, 2.5, 5, 10)
# A smaller part of a number than this is lost in its last digits.
_EQUAL = 1e-9
_SMALLEST = 1e-300
# From here on, numbers are in thousands, millions and so on; from the last one on, in powers of ten.
_LONG = 10_000
_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
# Below this, decimals are in powers of ten.
_FINE = 1e-4
_DIGITS = 3
_LINE = 1.6 * TEXT_SIZE
_GAP = 5
_EDGE = 6  # beside the plot, for the half of a text or dot


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values, and what is written at it.

    Attributes:
        low: The value at the left or the bottom.
        high: The value at the right or the top.
        ticks: Values with their texts.
        title: What the values are.
        named: Whether ticks are names without lines, and not numbers with a line each across the plot.
        turned: Whether the texts of a horizontal axis run upward.
        at_end: Whether the title of a horizontal axis is at its end, where it has room however narrow the plot is.
    """

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    title: str = ""
    named: bool = False
    turned: bool = False
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a drawing."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the values of an axis are on a drawing, also those of an array."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: Any) -> Any:
        """Return the place of a value."""
        # Halves, since the difference of the largest numbers is infinite.
        part = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + part * (self.end - self.start)


def number_axis(values: Iterable[float], title: str = "", *, most: int = 8, margin: float = 0.05) -> Axis:
    """Return an axis with round ticks that all values fit on, with room beside them.

    Args:
        values: The values; those that are not finite are ignored.
        title: What they are.
        most: About how many ticks to have.
        margin: How much room, as a part of the range.
    """
    finite = [float(value) for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    room = margin * (high - low) if math.isfinite(high - low) else 0.0
    if high / 2 - low / 2 <= max(_EQUAL * max(abs(low), abs(high)), _SMALLEST):
        room = 0.05 * abs(high) if abs(high) > _SMALLEST else 0.05
    low, high = low - room, high + room
    return Axis(low, high, _ticks(low, high, most), title)


def bar_axis(ends: Iterable[float], title: str, *, at_end: bool = False) -> Axis:
    """Return an axis of bars that begin at 0, with room where they end."""
    finite = [0.0, *(float(end) for end in ends if math.isfinite(end))]
    low, high = min(finite), max(finite)
    room = 0.05 * (high - low) or 1.0
    low, high = low - room if low else low, high + room if high or not low else high
    return Axis(low, high, _ticks(low, high, 6), title, at_end=at_end)


def name_axis(names: Sequence[str], title: str = "", *, downward: bool = False, turned: bool = False) -> Axis:
    """Return an axis with a place for each name, one apart from 0 on."""
    low, high = -0.5, len(names) - 0.5
    if downward:
        low, high = high, low
    return Axis(low, high, list(enumerate(names)), title, named=True, turned=turned)


def draw_axes(drawing: Drawing, x: Axis, y: Axis, box: Box | None = None) -> tuple[Scale, Scale]:
    """Draw axes with their ticks and titles, and return where values are.

    Args:
        drawing: The drawing.
        x: The horizontal axis.
        y: The vertical axis.
        box: Where to draw; everywhere by default.
    """
    box = box or Box(0, 0, WIDTH, drawing.height)
    left = box.left + (_LINE if y.title else 0) + _widest(y) + _GAP
    bottom = box.bottom - (_LINE if x.title else 0) - (_widest(x) + _GAP if x.turned else _LINE)
    right, top = box.right - _overhang(x, box.right - left), box.top + _EDGE
    across, up = Scale(x.low, x.high, left, right), Scale(y.low, y.high, bottom, top)
    for value, text in x.ticks:
        at = across(value)
        if not x.named:
            drawing.line("grid", [(at, bottom), (at, top)])
        if x.turned:
            drawing.text("name", (at, bottom + _GAP), text, anchor="end", turned=True)
        else:
            drawing.text("name" if x.named else "tick", (at, bottom + _LINE / 2 + 1), text, anchor="middle")
    for value, text in y.ticks:
        at = up(value)
        if not y.named:
            drawing.line("grid", [(left, at), (right, at)])
        drawing.text("name" if y.named else "tick", (left - _GAP, at), text, anchor="end")
    drawing.line("axis", [(left, top), (left, bottom), (right, bottom)])
    if x.title:
        place, anchor = (right, "end") if x.at_end else ((left + right) / 2, "middle")
        drawing.text("title", (place, box.bottom - _LINE / 2), x.title, anchor=anchor)
    if y.title:
        middle = (top + bottom) / 2
        drawing.text("title", (box.left + _LINE / 2, middle), y.title, anchor="middle", turned=True)
    return across, up


def _widest(axis: Axis) -> float:
    return max((text_width(text) for _, text in axis.ticks), default=0)


def _overhang(axis: Axis, width: float) -> float:
    """Return how much room the last text needs beside the plot."""
    if not axis.ticks or axis.turned:
        return _EDGE
    value, text = axis.ticks[-1]
    spare: float = width - Scale(axis.low, axis.high, 0, width)(value)
    return max(_EDGE, text_width(text) / 2 - spare)


def _ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    least = high / most - low / most
    power = 10.0 ** math.floor(math.log10(least))
    step = next((factor * power for factor in _STEPS if factor * power >= least), least)
    values = [at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1)]
    largest = max(map(abs, values), default=0)
    if largest < _LONG and step >= _FINE:
        decimals = next(digits for digits in range(10) if math.isclose(round(step, digits), step))
        return [(value, f"{value:.{decimals}f}") for value in values]
    return [(value, _brief(value, step)) for value in values]


def _brief(value: float, step: float) -> str:
    """Return a large or small number with as many digits as tell it from the next tick."""
    if not value:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    digits = max(_DIGITS, magnitude - math.floor(math.log10(step)) + 2)
    thousands = magnitude // 3
    if 0 <= thousands < len(_PREFIXES):
        return f"{value / 1000**thousands:.{digits}g}{_PREFIXES[thousands]}"
    return f"{value:.{digits}g}"
