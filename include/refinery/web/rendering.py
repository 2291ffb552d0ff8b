"""Render the pages from templates, in which everything that is shown is escaped."""

from __future__ import annotations

import sys
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined
from markupsafe import Markup, escape

from refinery.web import airflow_facts, charts, guards
from refinery.web.kept import cut
from refinery.web.overview import age

if TYPE_CHECKING:
    from datetime import datetime

_HERE = Path(__file__).parent
# From here on, digits are grouped; above the second, they cannot be counted at a glance.
_LONG, _HUGE = 10_000, 1e12
# Of one text, and of a config.
_MOST_LETTERS, _MOST_OF_CODE = 2_000, 100_000
STATIC_TYPES = {
    "pages.css": "text/css",
    "pages.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "icon-dark.svg": "image/svg+xml",
}


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page.

    Args:
        template: Its template's name.
        status: The answer's status.
        values: What it shows.
    """
    text = (
        _environment()
        .get_template(template)
        .render(base=airflow_facts.pages_url(), airflow=airflow_facts.ui_url, **values)
    )
    return HTMLResponse(text, status_code=status)


def manifest_file(content: bytes) -> Response:
    """Return a manifest, which a browser shows as text."""
    headers = {"content-security-policy": guards.MANIFEST_POLICY}
    return Response(content, media_type="application/json", headers=headers)


@cache
def static_file(name: str) -> bytes:
    """Return the content of one of our files, one of STATIC_TYPES."""
    return (_HERE / "static" / name).read_bytes()


def number(value: Any) -> str:
    """Format a number with four significant digits, and anything else as its own text; None is empty."""
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > sys.float_info.max:
        return cut(value)
    if _LONG <= abs(value) < _HUGE:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(share: float | None) -> str:
    """Format a change with its sign, such as "+1.2%"; None is empty."""
    return "" if share is None else f"{share:+.1%}".replace("-", "\N{MINUS SIGN}")


def signed(value: float) -> str:
    """Format a difference with its sign."""
    return f"{value:+.4g}".replace("-", "\N{MINUS SIGN}")


def minute(moment: datetime | None) -> str:
    """Format a moment to the minute, in UTC; None is empty."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""


def day(moment: datetime | None) -> str:
    """Format the day of a moment, in UTC; None is empty."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}" if moment else ""


def _code(text: str) -> Markup:
    """Escape a text that may be longer than others."""
    return escape(text if len(text) <= _MOST_OF_CODE else f"{text[:_MOST_OF_CODE]}…")


def _cut(value: Any) -> Any:
    """Cut a text that a template shows, so that no file can make a page endless; ours are markup."""
    is_long = isinstance(value, str) and not isinstance(value, Markup) and len(value) > _MOST_LETTERS
    return f"{value[:_MOST_LETTERS]}…" if is_long else value


def _sparkline(values: list[float], label: str) -> Markup:
    return Markup(charts.sparkline(values, label))  # noqa: S704 - an XML library has escaped it


def _trend(points: list[charts.TrendPoint], metric: str) -> Markup:
    return Markup(charts.trend(points, metric))  # noqa: S704 - an XML library has escaped it


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_cut,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "percent": percent,
        "signed": signed,
        "minute": minute,
        "day": day,
        "age": age,
        "code": _code,
        "sparkline": _sparkline,
        "trend": _trend,
    }
    return environment
