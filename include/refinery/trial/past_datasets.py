"""Decides rules of a data contract by what manifests record of past datasets; what they do not decide stays open."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from refinery.spec.contract import BOOLEAN, CATEGORY, DATE, INTEGER, NUMBER, TEXT, ColumnRules
from refinery.spec.table_profile import ColumnSummary, RecordedProfile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Whether a dataset keeps a rule; None where its manifest does not decide it.
Verdict = bool | None

_PROFILE = TypeAdapter(RecordedProfile)
# Why a name is among the columns that were left out, though it is not a column.
_ROW_LABELS = "holds the rows' labels"

_INTEGERS, _FLOATS, _BOOLEANS, _DATES, _TEXTS = "integers", "floats", "booleans", "dates", "texts"
_DTYPES = {
    _INTEGERS: re.compile(r"u?int\d+(\[pyarrow\])?", re.IGNORECASE),
    _FLOATS: re.compile(r"float\d+|(float|double|halffloat)\[pyarrow\]", re.IGNORECASE),
    _BOOLEANS: re.compile(r"bool|boolean|bool\[pyarrow\]"),
    _DATES: re.compile(r"(datetime64|timestamp)\[.*"),
    _TEXTS: re.compile(r"str|(large_)?string(\[.*\])?"),
}
# The types that every value of such a column has. It has none of the others, but for those in _DEPENDS.
_HAS = {
    _INTEGERS: {NUMBER, INTEGER, CATEGORY},
    _FLOATS: {NUMBER},
    _BOOLEANS: {BOOLEAN, CATEGORY},
    _DATES: {DATE},
    _TEXTS: {TEXT, CATEGORY},
}
_DEPENDS = {_FLOATS: {INTEGER, CATEGORY}, _DATES: {NUMBER, INTEGER}, _TEXTS: {DATE}}
# Beyond it, a float does not hold each whole number.
_EXACT = 2**53
_MOST_ENUMERATED = 1000


@dataclass(frozen=True, slots=True)
class PastDataset:
    """A dataset by what the manifest of its run records.

    Attributes:
        rows: How many rows it had; None if that is not known.
        names: Its columns; None if they are not known.
        profile: Its features and target at a glance; None for a run of a former version, and where the model's own code
            reads the dataset.
    """

    rows: int | None
    names: frozenset[str] | None
    profile: RecordedProfile | None

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> PastDataset:
        """Read what a manifest records."""
        data = manifest.get("data") or {}
        counts = (data.get("rows"), data.get("rows_without_target", 0))
        rows = sum(counts) if all(isinstance(count, int) for count in counts) else None
        return cls(rows, _column_names(data), _read_profile(manifest))

    def column(self, name: str) -> ColumnSummary | None:
        """Return a column at a glance; None where nothing is recorded of it."""
        columns = self.profile.columns if self.profile else ()
        return next((column for column in columns if column.name == name), None)

    def has_only(self, names: Mapping[str, object]) -> Verdict:
        """Decide whether there are no columns but these."""
        return None if self.names is None else self.names <= names.keys()

    def keeps(self, name: str, rules: ColumnRules, keys: tuple[str, ...]) -> Verdict:
        """Decide whether a column is there and keeps some of its rules.

        Args:
            name: The column.
            rules: Its rules.
            keys: Which of them to decide; none for the column's presence alone.
        """
        if self.names is None:
            return None
        if name not in self.names:
            return False
        column = self.column(name)
        if not keys:
            return True
        if column is None or self.profile is None:
            return None
        verdicts = [self._keeps(column, self.profile, rules, key) for key in keys]
        return False if False in verdicts else None if None in verdicts else True

    @staticmethod
    def _keeps(column: ColumnSummary, profile: RecordedProfile, rules: ColumnRules, key: str) -> Verdict:
        has_values = key == "nulls" or column.nulls < profile.rows
        verdict = _JUDGES[key](column, profile, rules) if has_values else True
        # A sample shows what is wrong, but not that nothing is.
        return None if verdict and profile.rows < profile.total_rows else verdict


def _column_names(data: Mapping[str, Any]) -> frozenset[str] | None:
    if not isinstance(data.get("left_out"), dict):
        return None
    target = [data["target"]["name"]] if data.get("target") else []  # some tasks have none
    left_out = {name for name, reason in data["left_out"].items() if reason != _ROW_LABELS}
    return frozenset({*target, *(one["name"] for one in data["features"]), *left_out})


def _read_profile(manifest: Mapping[str, Any]) -> RecordedProfile | None:
    try:
        return _PROFILE.validate_python(manifest.get("profile"))
    except ValidationError:  # there is none, or somebody wrote another thing there
        return None


def _kind(column: ColumnSummary) -> str | None:
    return next((kind for kind, dtype in _DTYPES.items() if dtype.fullmatch(column.dtype)), None)


def _judge_type(column: ColumnSummary, _: RecordedProfile, rules: ColumnRules) -> Verdict:
    kind, wanted = _kind(column), rules.implied_type
    if kind is None:
        return None
    if wanted not in _DEPENDS.get(kind, ()):
        return wanted in _HAS[kind]
    if kind == _FLOATS and any(not value.is_integer() for value in _range(column)):
        return False
    return None


def _judge_minimum(column: ColumnSummary, _: RecordedProfile, rules: ColumnRules) -> Verdict:
    return _is_ordered(column, rules.min, column.minimum)


def _judge_maximum(column: ColumnSummary, _: RecordedProfile, rules: ColumnRules) -> Verdict:
    return _is_ordered(column, column.maximum, rules.max)


def _is_ordered(column: ColumnSummary, first: Any, second: Any) -> Verdict:
    """Return whether a bound and a column's extreme are in order; None where they cannot be compared."""
    kind = _kind(column)
    try:
        if kind == _DATES:
            return _moment(first) <= _moment(second)
        if kind in {_INTEGERS, _FLOATS} and not _are_too_near(column, float(first), float(second)):
            return float(first) <= float(second)
    except (TypeError, ValueError, OverflowError):
        pass
    return None


def _are_too_near(column: ColumnSummary, first: float, second: float) -> bool:
    """Return whether two numbers are so near that the column's own precision decides how they compare."""
    is_rough = column.dtype.lower().startswith(("float16", "float32", "float[", "halffloat"))
    return (is_rough or abs(first) >= _EXACT) and math.isclose(first, second, rel_tol=1e-2)


def _moment(value: Any) -> dt.datetime:
    return dt.datetime.fromisoformat(str(value)).replace(tzinfo=None)


def _judge_nulls(column: ColumnSummary, profile: RecordedProfile, rules: ColumnRules) -> Verdict:
    most = rules.nulls or 0
    return column.nulls <= (most if most >= 1 else most * profile.total_rows)


def _judge_unique(column: ColumnSummary, profile: RecordedProfile, _: ColumnRules) -> Verdict:
    if column.top:
        return False
    if column.distinct is None or profile.counted_rows < profile.rows:
        return None
    return column.distinct == profile.rows - column.nulls


def _judge_values(column: ColumnSummary, profile: RecordedProfile, rules: ColumnRules) -> Verdict:
    kind, allowed = _kind(column), frozenset(rules.values)
    if kind == _TEXTS and all(isinstance(value, str) for value in allowed):
        if column.distinct is not None and column.distinct > len(allowed):
            return False
        return _judge_each(column, profile, allowed.__contains__)
    if kind in {_INTEGERS, _FLOATS} and all(type(value) in {int, float} for value in allowed):
        return _judge_numbers(column, kind, allowed)
    return None


def _judge_numbers(column: ColumnSummary, kind: str, allowed: frozenset[Any]) -> Verdict:
    extremes = _range(column)
    if not extremes or any(_are_too_near(column, value, value) for value in extremes):
        return None
    least, greatest = extremes
    if least not in allowed or greatest not in allowed:
        return False
    if least == greatest:
        return True
    if kind == _INTEGERS and greatest - least < _MOST_ENUMERATED:
        between = range(int(least), int(greatest))
        return True if allowed.issuperset(between) else None
    return None


def _judge_pattern(column: ColumnSummary, profile: RecordedProfile, rules: ColumnRules) -> Verdict:
    if _kind(column) != _TEXTS:
        return None
    matches = re.compile(rf"(?:{rules.pattern})\Z")
    return _judge_each(column, profile, lambda value: matches.match(value) is not None)


def _judge_each(column: ColumnSummary, profile: RecordedProfile, keeps: Callable[[str], bool]) -> Verdict:
    """Decide a rule of each value by those that are recorded."""
    if not all(keeps(one.value) for one in column.top):
        return False
    are_all = len(column.top) == column.distinct and profile.counted_rows == profile.rows
    return True if are_all else None


def _range(column: ColumnSummary) -> tuple[float, ...]:
    try:
        return float(column.minimum), float(column.maximum)  # type: ignore[arg-type]  # None is a TypeError
    except (TypeError, ValueError):
        return ()


_JUDGES: dict[str, Callable[[ColumnSummary, RecordedProfile, ColumnRules], Verdict]] = {
    "type": _judge_type,
    "min": _judge_minimum,
    "max": _judge_maximum,
    "nulls": _judge_nulls,
    "unique": _judge_unique,
    "values": _judge_values,
    "pattern": _judge_pattern,
}
