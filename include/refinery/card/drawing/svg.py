"""Write shapes and texts as an SVG element for a page, light or dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from refinery.card.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

# The page scales a figure to 1 to 1.4 times this, so that its text is 10 px on a phone and 14 on a desk.
WIDTH = 360
# The widths of letters in a wide font, in parts of its size: which font a browser has is not known.
_NARROW_LETTERS = frozenset(" !\"'()*,-./:;I[]fijlrt|")
_WIDE_LETTERS = frozenset("%@MWmw\N{HORIZONTAL ELLIPSIS}")
_NARROW, _USUAL, _CAPITAL, _WIDE = 0.42, 0.64, 0.75, 1.0
# Latin, Greek, Cyrillic, Armenian and Hebrew letters, and punctuation, are about as wide as these; others up to twice.
_USUAL_LETTERS = (range(0x600), range(0x2000, 0x2200))
_LABEL_WIDTH = 28
TEXT_SIZE = 10
_TEXT_MIDDLE = 3.5  # from the middle of its small letters down to its baseline


class Drawing:
    """An SVG element that is 360 wide. Each shape has a class, for which the stylesheet has color and stroke.

    Args:
        description: What the figure shows, for screen readers.
        height: Its height.
    """

    def __init__(self, description: str, height: float) -> None:
        self.height = height
        self._root = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {_short(height)}", "role": "img"})
        self._root.set("aria-label", shorten(description, 600))

    def __str__(self) -> str:
        return ET.tostring(self._root, encoding="unicode")

    def line(self, kind: str, points: Iterable[tuple[float, float]]) -> None:
        """Draw a line through points."""
        self._add("path", kind, d="M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points))

    def rectangles(
        self, kind: str, corners: Iterable[tuple[float, float, float, float]], strength: float = 1
    ) -> None:
        """Draw rectangles of one color, each from its left and top to its right and bottom."""
        path = "".join(
            f"M{_short(left)} {_short(top)}H{_short(right)}V{_short(bottom)}H{_short(left)}z"
            for left, top, right, bottom in corners
        )
        opacity = {} if strength == 1 else {"fill-opacity": f"{strength:.3g}"}
        self._add("path", kind, d=path, **opacity)

    def dots(self, kind: str, centers: Iterable[tuple[float, float]], radius: float) -> None:
        """Draw dots."""
        group = self._add("g", kind)
        for x, y in centers:
            ET.SubElement(group, "circle", cx=_short(x), cy=_short(y), r=_short(radius))

    def text(
        self, kind: str, place: tuple[float, float], text: str, *, anchor: str = "start", turned: bool = False
    ) -> None:
        """Write a text, vertically in the middle of a place.

        Args:
            kind: Its class.
            place: Where it is.
            text: What to write.
            anchor: What is at the place: its "start", "middle" or "end".
            turned: Whether it runs upward.
        """
        x, y = (place[0] + _TEXT_MIDDLE, place[1]) if turned else (place[0], place[1] + _TEXT_MIDDLE)
        at = (
            {"transform": f"translate({_short(x)} {_short(y)})rotate(-90)"}
            if turned
            else {"x": _short(x), "y": _short(y)}
        )
        anchored = {} if anchor == "start" else {"text-anchor": anchor}
        self._add("text", kind, **at, **anchored).text = text

    def _add(self, tag: str, kind: str, **attributes: str) -> ET.Element:
        return ET.SubElement(self._root, tag, {"class": kind, **attributes})


def label(value: Any, width: int = _LABEL_WIDTH) -> str:
    """Return a user's text for a figure: short, printable, in one line.

    Letters such as Chinese ones count twice: they are about that wide.
    """
    text = shorten(value, width)
    double = sum(map(_is_double, text))
    return shorten(text, max(1, width * len(text) // (len(text) + double))) if double else text


def text_width(text: str) -> float:
    """Return how wide a text may be, in the units of a drawing."""
    return TEXT_SIZE * sum(map(_letter_width, text))


def _letter_width(letter: str) -> float:
    if letter in _NARROW_LETTERS:
        return _NARROW
    if letter in _WIDE_LETTERS or _is_double(letter):
        return _WIDE
    return _CAPITAL if letter.isupper() else _USUAL


def _is_double(letter: str) -> bool:
    return not any(ord(letter) in letters for letters in _USUAL_LETTERS)


def _short(length: float) -> str:
    return f"{round(float(length), 1) + 0:g}"  # never "-0"
