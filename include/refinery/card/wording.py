"""Format numbers, sizes, moments and users' texts the way that the card shows them."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# From here on, decimals say nothing.
_LARGE = 1000
# From here on, digits are grouped; what is shorter may be a year.
_LONG = 10_000
# Above this, digits cannot be counted at a glance.
_HUGE = 1e12
_MOST_ITEMS = 12
_MOST_FACTS = 60
_FACT_WIDTH = 300
_EMPTY: tuple[Any, ...] = ("", [], {}, ())
_WORDS = {"dag": "DAG", "etag": "ETag", "git": "Git", "sha256": "SHA-256", "url": "URL"}


def number(value: Any) -> str:
    """Format a number with four significant digits; None is an empty string, and anything else its own text."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return shorten(value, 40)
    amount = float(value)
    whole = isinstance(value, numbers.Integral) or abs(amount) >= _LARGE
    if not whole or abs(amount) >= _HUGE:
        return f"{amount:.4g}"
    return f"{amount:,.0f}" if abs(amount) >= _LONG else f"{amount:.0f}"


def count(amount: int, noun: str) -> str:
    """Format a count with its noun, such as "1 row" or "1,200 rows"."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {_plural(noun)}"


def grouped(amount: Any) -> str:
    """Format an integer with grouped digits, such as "1,200"; anything else as `number` does."""
    return f"{amount:,}" if isinstance(amount, int) and not isinstance(amount, bool) else number(amount)


def share(amount: int, whole: int) -> str:
    """Format a part in percent, with "<1%" and ">99%" instead of rounding to none or all."""
    percent = f"{amount / whole:.0%}"
    if percent == "0%" and amount:
        return "<1%"
    return ">99%" if percent == "100%" and amount < whole else percent


def size(amount: int) -> str:
    """Format a number of bytes."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min((len(str(amount)) - 1) // 3, len(units) - 1)
    return f"{amount / 1000**power:.3g} {units[power]}"


def moment(text: str) -> str:
    """Format an ISO 8601 moment to the minute, in UTC; any other text is left as it is."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return shorten(text, 40)
    return (parsed.astimezone(UTC) if parsed.tzinfo else parsed).strftime("%Y-%m-%d %H:%M UTC")


def shorten(value: Any, width: int) -> str:
    """Return a value's text in one printable line of at most `width` characters, without its middle if longer."""
    text = " ".join(printable(str(value)).split())
    if len(text) <= width:
        return text
    head = (width - 1) * 2 // 3
    return f"{text[:head]}\u2026{text[len(text) - (width - 1 - head) :]}"


def printable(text: str) -> str:
    """Replace each character that no page can show, except line ends and tabs, by a space."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)


def listed(items: Any, most: int = _MOST_ITEMS) -> str:
    """Join what fits into a few lines, with the number of the rest."""
    width = max(60, _FACT_WIDTH // max(1, len(items)))
    texts = [shorten(item, width) for item in list(items)[:most]]
    more = len(items) - len(texts)
    return ", ".join(texts) + (f" and {more:,} more" if more else "")


def facts(section: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a mapping as pairs of name and text, without what is None or empty."""
    known = {name: value for name, value in section.items() if value is not None and value not in _EMPTY}
    return [(shorten(name, 60), _fact(value)) for name, value in list(known.items())[:_MOST_FACTS]]


def worded(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a mapping of ours with words for its keys, such as "dataset URL" for "url"."""
    return {
        prefix + " ".join(_WORDS.get(word, word) for word in name.split("_")): section[name]
        for name in section
    }


def _fact(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return listed([f"{name} {_fact(item)}" for name, item in value.items()])
    if isinstance(value, (list, tuple)):
        return listed([_fact(item) for item in value])
    if isinstance(value, numbers.Real):
        return number(value)
    return shorten(value, _FACT_WIDTH)


def _plural(noun: str) -> str:
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"
