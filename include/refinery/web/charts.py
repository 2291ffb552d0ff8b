"""Draw metrics over models as inline SVG, colored by the stylesheet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from refinery.card import Axis, Drawing, draw_axes, number_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT, _EDGE = 96.0, 24.0, 3.0
_TREND_HEIGHT = 150
_MOST_NAMES = 5
_DOT = 2.6
_BOUNDS = {"min": "at least", "max": "at most", "no_worse_than_latest": "no worse than the latest:"}


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A metric of one model.

    Attributes:
        name: The model's version.
        value: The metric.
        status: The model's status, which colors its dot.
        bounds: The kind and the value of each gate's bound for the metric.
    """

    name: str
    value: float
    status: str
    bounds: tuple[tuple[str, float], ...] = ()


def sparkline(values: Sequence[float], label: str) -> str:
    """Return a line through values with a dot at the last; empty if there are fewer than two.

    Args:
        values: The values, in order; those that are not finite are left out.
        label: What it shows, for screen readers.
    """
    finite = [float(value) for value in values if math.isfinite(value)]
    if len(finite) <= 1:
        return ""
    low, high = min(finite), max(finite)
    room = high / 2 - low / 2
    points = []
    for place, value in enumerate(finite):
        part = (value / 2 - low / 2) / room if room else 0.5
        x = _EDGE + (_WIDTH - 2 * _EDGE) * place / (len(finite) - 1)
        points.append((x, _HEIGHT - _EDGE - part * (_HEIGHT - 2 * _EDGE)))
    root = ET.Element(
        "svg",
        {"class": "spark", "viewBox": f"0 0 {_WIDTH:g} {_HEIGHT:g}", "role": "img", "aria-label": label},
    )
    ET.SubElement(root, "path", d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points))
    x, y = points[-1]
    ET.SubElement(root, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="2.5")
    return ET.tostring(root, encoding="unicode")


def trend(points: Sequence[TrendPoint], metric: str) -> str:
    """Return a metric over models, with the gates' bounds as dashed lines; empty if there are fewer than two.

    Args:
        points: The models, the oldest first.
        metric: The metric's name.
    """
    drawn = [point for point in points if math.isfinite(point.value)]
    if len(drawn) <= 1:
        return ""
    told = ", ".join(f"{point.name} {point.value:.4g}" for point in drawn[-12:])
    drawing = Drawing(f"{metric} of {len(drawn)} models, oldest first: {told}", _TREND_HEIGHT)
    bounds = [bound for point in drawn for _, bound in point.bounds if math.isfinite(bound)]
    step = max(1, -(-(len(drawn) - 1) // (_MOST_NAMES - 1)))
    names = [(float(place), drawn[place].name.partition("@")[0]) for place in range(0, len(drawn), step)]
    across, up = draw_axes(
        drawing,
        Axis(-0.5, len(drawn) - 0.5, names, named=True),
        number_axis([*(point.value for point in drawn), *bounds], most=5),
    )
    for kind in _BOUNDS:
        _draw_bound(drawing, kind, [(across(at), up(_bound(point, kind))) for at, point in enumerate(drawn)])
    accepted = [(at, point) for at, point in enumerate(drawn) if point.status != "rejected"]
    drawing.line("line", [(across(at), up(point.value)) for at, point in accepted])
    for status in dict.fromkeys(point.status for point in drawn):
        places = [(across(at), up(point.value)) for at, point in enumerate(drawn) if point.status == status]
        drawing.dots(f"dot {status}", places, _DOT)
    return str(drawing)


def _bound(point: TrendPoint, kind: str) -> float:
    return next((bound for name, bound in point.bounds if name == kind), math.nan)


def _draw_bound(drawing: Drawing, kind: str, places: list[tuple[float, float]]) -> None:
    """Draw a bound where it applied."""
    piece: list[tuple[float, float]] = []
    for x, y in [*places, (math.nan, math.nan)]:
        if math.isfinite(y):
            piece += [(x - 6, y), (x + 6, y)]
        elif piece:
            drawing.line(f"bound {kind}", piece)
            piece = []
