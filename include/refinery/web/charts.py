"""Draw metrics over models as inline SVG, colored by the stylesheet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT, _EDGE = 96.0, 24.0, 3.0


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
