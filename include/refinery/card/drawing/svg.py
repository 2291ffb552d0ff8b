"""Convert what matplotlib draws to SVG for a page, light or dark."""

from __future__ import annotations

import functools
import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from refinery.card.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

# Colors that no one would choose stand for the page's own, which change with its scheme.
INK = "#0b0b01"
MUTED = "#0b0b02"
LINE = "#0b0b03"
ACCENT = "#0b0b04"
SECOND = "#0b0b05"
SERIES = ("#0b0b11", "#0b0b12", "#0b0b13", "#0b0b14", "#0b0b15")
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
} | {color: f"var(--series-{number})" for number, color in enumerate(SERIES, 1)}
_COLOR = re.compile("|".join(_VARIABLES))
# Points of 1/72 inch. The page scales a figure to 1 to 1.4 times this, so that its text is 10 px on a phone and 14 on a desk.
WIDTH = 360
POINTS_PER_INCH = 72
_FONT_FAMILY = "DejaVu Sans"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # The one that matplotlib ships, so that the layout is the same on every machine.
    "font.family": [_FONT_FAMILY],
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.5,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.title_fontsize": 10,
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-9, 9),  # beyond, a power of ten is at the end of the axis
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": False,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
}
_ID = re.compile(r"#([A-Za-z0-9_.-]+)")
_FONT = re.compile(r"font: ([\d.]+px) [^;]*")
_LABEL_WIDTH = 28
# Below this, numbers are short enough as they are.
_LONG = 10_000


def draw_svg(name: str, description: str, paint: Callable[[Figure], None], *, height: int = 250) -> str:
    """Draw a figure and return it as an SVG element whose colors are the page's variables.

    Args:
        name: A word that no other figure of the page has; IDs inside begin with it.
        description: What the figure shows, for screen readers.
        paint: Draws on an empty figure.
        height: In points; the width is 360.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        # The browser has the letters that matplotlib's font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, height / POINTS_PER_INCH), layout="constrained")
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        paint(figure)
        _shorten_numbers(figure)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _for_page(name, description, file.getvalue())


def _shorten_numbers(figure: Figure) -> None:
    """Let axes of large numbers show them in thousands, millions and so on."""
    from matplotlib.ticker import EngFormatter, ScalarFormatter

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            largest = max(map(abs, axis.get_view_interval()))
            if isinstance(axis.get_major_formatter(), ScalarFormatter) and largest >= _LONG:
                axis.set_major_formatter(EngFormatter(sep=""))


def label(value: Any, width: int = _LABEL_WIDTH) -> str:
    """Return a user's text for a figure: short, printable, in one line.

    Letters that matplotlib's font lacks, such as Chinese ones, count twice: they are about that wide.
    """
    text = shorten(value, width)
    wide = sum(ord(letter) not in _font_letters() for letter in text)
    return shorten(text, max(1, width * len(text) // (len(text) + wide))) if wide else text


@functools.cache
def _font_letters() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family=[_FONT_FAMILY]))).get_charmap())


def _for_page(name: str, description: str, text: str) -> str:
    root = ET.fromstring(text)  # noqa: S314 (matplotlib wrote it a moment ago)
    used = {
        match for element in root.iter() for value in element.attrib.values() for match in _ID.findall(value)
    }
    for parent in list(root.iter()):
        for child in [child for child in parent if _local(child.tag) == "style"]:
            parent.remove(child)  # it would apply to the whole page
    for element in root.iter():
        element.tag = _local(element.tag)
        element.text, element.tail = (
            text if text and text.strip() else None for text in (element.text, element.tail)
        )
        element.attrib = dict(_attributes(name, element.attrib, used))
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": shorten(description, 600)}
    return ET.tostring(root, encoding="unicode")


def _attributes(name: str, attributes: dict[str, str], used: set[str]) -> Any:
    for key, value in attributes.items():
        local = _local(key)
        if local == "id":
            if value in used:
                yield "id", f"{name}-{value}"
        elif local == "d":
            yield "d", " ".join(value.split())
        elif local in ("href", "clip-path"):
            yield local, _ID.sub(rf"#{name}-\1", value)
        elif local == "style":
            colored = _COLOR.sub(lambda match: _VARIABLES[match[0]], value)
            yield "style", _FONT.sub(r"font-size: \1", colored)
        else:
            yield local, value


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
