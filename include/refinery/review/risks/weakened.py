"""Which bounds of a gate or a data contract ask for less than before, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config.models import ColumnExpectation, ExpectConfig, Requirement

Weakened = tuple[tuple[str, ...], str]
# Before and after, where all that passes now passed before; a category may be text or whole numbers.
_NARROWER_TYPES = {("number", "integer"), ("category", "text"), ("category", "integer")}


def weakened_gate(before: Requirement, after: Requirement) -> list[str]:
    """Return each bound of a metric that asks for less."""
    bounds = [*_bounds(before.min, after.min, before.max, after.max)]
    tolerance = _tolerance(before.no_worse_than_latest, after.no_worse_than_latest)
    return [*(text for _, text in bounds), *([tolerance] if tolerance else [])]


def weakened_rows(before: ExpectConfig, after: ExpectConfig) -> Iterator[Weakened]:
    """Give each rule of the whole table that asks for less, with its key below `expect`."""
    if before.rows:
        least, most = (after.rows.min, after.rows.max) if after.rows else (None, None)
        for key, text in _bounds(before.rows.min, least, before.rows.max, most):
            yield ("rows", key), f"rows {text}"
    if not before.other_columns and after.other_columns:
        yield ("other_columns",), "other columns are accepted"


def weakened_columns(before: ExpectConfig, after: ExpectConfig) -> Iterator[Weakened]:
    """Give each rule of a column that asks for less, with its key below `expect`."""
    for name, rule in before.columns.items():
        if name not in after.columns:
            yield ("columns", name), f"{name} may be missing or be anything"
            continue
        for key, text in _weakened_column(rule, after.columns[name]):
            yield ("columns", name, key), f"{name} {text}"


def _weakened_column(before: ColumnExpectation, after: ColumnExpectation) -> Iterator[tuple[str, str]]:
    if before.type and before.type != after.type and (before.type, after.type) not in _NARROWER_TYPES:
        yield "type", f"type {before.type} -> {after.type or 'any'}"
    yield from _bounds(before.min, after.min, before.max, after.max)
    if _allows_more(before.nulls, after.nulls):
        yield "nulls", f"nulls {before.nulls} -> {_or_any(after.nulls)}"
    if before.unique and not after.unique:
        yield "unique", "may repeat"
    if before.values and not after.values:
        yield "values", "may have any value"
    elif before.values and (new := [value for value in after.values or () if value not in before.values]):
        yield "values", f"may be {', '.join(map(str, new))}"
    if before.pattern and not after.pattern:
        yield "pattern", f"need not match {before.pattern}"
    elif before.pattern and before.pattern != after.pattern:
        yield "pattern", f"may match {after.pattern} instead of {before.pattern}"


def _bounds(least: Any, new_least: Any, most: Any, new_most: Any) -> Iterator[tuple[str, str]]:
    """Give the bounds that are wider, each a number or each a day."""
    if least is not None and (new_least is None or (_comparable(least, new_least) and new_least < least)):
        yield "min", f"min {least} -> {_or_none(new_least)}"
    if most is not None and (new_most is None or (_comparable(most, new_most) and new_most > most)):
        yield "max", f"max {most} -> {_or_none(new_most)}"


def _tolerance(before: float | str | None, after: float | str | None) -> str | None:
    """Describe a tolerance that is wider; one in another unit cannot be compared, and is described too."""
    if before is None or before == after:
        return None
    if (
        after is not None
        and isinstance(before, str) == isinstance(after, str)
        and _number(after) < _number(before)
    ):
        return None
    return f"no_worse_than_latest {before} -> {_or_none(after)}"


def _number(tolerance: float | str) -> float:
    return float(str(tolerance).removesuffix("%"))


def _allows_more(before: float | None, after: float | None) -> bool:
    """Compare numbers of nulls; a count and a share of the rows cannot be compared, so either may be more."""
    if before is None or after == 0:
        return False
    return after is None or after > before or (before != 0 and type(before) is not type(after))


def _comparable(one: Any, other: Any) -> bool:
    return hasattr(one, "year") == hasattr(other, "year")


def _or_none(value: Any) -> Any:
    return "none" if value is None else value


def _or_any(value: Any) -> Any:
    return "any" if value is None else value
