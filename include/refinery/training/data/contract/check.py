"""Check a table against its contract, and report every broken rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.spec.contract import BOOLEAN, CATEGORY, DATE, INTEGER, NUMBER, TEXT, Bounds
from refinery.spec.errors import SpecError
from refinery.training.data.contract.types import TypedColumn, read_as
from refinery.training.errors import DatasetError
from refinery.wording import listed, quoted, shown, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    import pandera.pandas as pa

    from refinery.spec.contract import ColumnRules, Contract

# How many examples of each broken rule are shown.
_EXAMPLES = 3
_NOT_OF_TYPE = {
    NUMBER: "not numeric",
    INTEGER: "not whole numbers",
    TEXT: "not text (source.dtypes reads a column as text)",
    BOOLEAN: "neither true nor false",
    DATE: "not of the form 2026-01-31 (source.dates reads other forms)",
    CATEGORY: "neither text nor whole numbers",
}


# What a log line can carry.
_MOST_RULES = 25
_MOST_LETTERS = 40


@dataclass(frozen=True, slots=True)
class _BrokenRule:
    """A rule of the contract that the dataset breaks.

    Attributes:
        column: The column that it is a rule of, None where it is one of the whole table.
        rule: Its name, such as "max".
        problem: What is wrong, with its count.
        count: How many rows break it; 0 for a rule that is not about rows.
        examples: The first such rows with their values; the row below the header is row 1.
    """

    column: str | None
    rule: str
    problem: str
    count: int = 0
    examples: tuple[tuple[int, object], ...] = ()

    def __str__(self) -> str:
        key = self.rule if self.column is None else f"columns.{self.column}.{self.rule}"
        examples = ", ".join(f"{_shortened(value)} (row {row})" for row, value in self.examples)
        rest = ", ..." if examples and self.count > len(self.examples) else ""
        return f"{key}: {self.problem}{examples and f': {examples}'}{rest}"


class BatchedCheck:
    """A check of a dataset that comes in batches: rules for each row immediately, rules for all rows at the end.

    Args:
        contract: What the config expects of it.

    Raises:
        SpecError: It has a rule that needs all rows together.
    """

    def __init__(self, contract: Contract) -> None:
        if unique := [name for name, rules in contract.columns.items() if rules.unique]:
            problem = "needs all values together, and fit: incremental holds a batch of them; remove it"
            raise SpecError(f"expect.columns.{unique[0]}.unique", f"{problem}.")
        columns = {name: replace(rules, nulls=None) for name, rules in contract.columns.items()}
        self._whole, self._of_each_batch = contract, replace(contract, rows=Bounds(), columns=columns)
        self._rows = 0
        self._nulls = dict.fromkeys(columns, 0)

    def add(self, batch: pd.DataFrame) -> None:
        """Check the next rows.

        Raises:
            DatasetError: They break rules; the error names those of this batch.
        """
        check_contract(batch, self._of_each_batch, rows_before=self._rows)
        self._rows += len(batch)
        for name in self._nulls:
            self._nulls[name] += int(batch[name].isna().sum())

    def finish(self) -> None:
        """Check what only all rows can show: how many there are, and how many have no value.

        Raises:
            DatasetError: They break rules.
        """
        broken = [*_check_rows(self._rows, self._whole.rows)]
        for name, nulls in self._nulls.items():
            if problem := _nulls_problem(nulls, self._rows, self._whole.columns[name].nulls):
                broken.append(_BrokenRule(name, "nulls", problem, nulls))
        if broken:
            raise _broken_contract(broken, self._rows)


def check_contract(table: pd.DataFrame, contract: Contract, *, rows_before: int = 0) -> None:
    """Check a dataset before anything is learned from it.

    Args:
        table: The dataset as read, before columns are left out.
        contract: What the config expects of it.
        rows_before: How many rows of the dataset came before, where the table is a part of it.

    Raises:
        DatasetError: It breaks rules; the error names all of them, with counts and examples.
    """
    there = {name: rules for name, rules in contract.columns.items() if name in table.columns}
    numbers = range(rows_before, rows_before + len(table))
    columns = table[list(there)].set_axis(numbers, axis="index")
    typed = {name: read_as(columns[name], rules.implied_type) for name, rules in there.items()}
    broken = [
        *_check_rows(len(table), contract.rows),
        *_check_names(list(table.columns), contract),
        *(rule for name, rules in there.items() for rule in _check_column(columns[name], rules, typed[name])),
        *_check_values(columns, there, typed),
    ]
    if broken:
        order = [None, *contract.columns]
        in_order = sorted(broken, key=lambda rule: order.index(rule.column))
        raise _broken_contract(in_order, len(table), rows_before=rows_before)


def _check_rows(rows: int, bounds: Bounds) -> Iterator[_BrokenRule]:
    if bounds.min is not None and rows < bounds.min:
        yield _BrokenRule(None, "rows.min", f"there are {rows} rows, fewer than {bounds.min}")
    if bounds.max is not None and rows > bounds.max:
        yield _BrokenRule(None, "rows.max", f"there are {rows} rows, more than {bounds.max}")


def _check_names(names: list[str], contract: Contract) -> Iterator[_BrokenRule]:
    unnamed = [name for name in names if name not in contract.columns]
    for missing in contract.columns:
        if missing not in names:
            problem = f"the column is not there{suggestion(missing, unnamed)}".removesuffix(".")
            yield _BrokenRule(missing, "presence", problem)
    if unnamed and not contract.other_columns:
        problem = f"there are columns that the contract does not name: {listed(unnamed)}"
        yield _BrokenRule(None, "other_columns", problem)


def _check_column(column: pd.Series[Any], rules: ColumnRules, typed: TypedColumn) -> Iterator[_BrokenRule]:
    if problem := _nulls_problem(int(column.isna().sum()), len(column), rules.nulls):
        yield _broken(column, "nulls", problem, column.index[column.isna()])
    if rules.implied_type and typed.mismatches.any():
        rows = column.index[typed.mismatches]
        yield _broken(column, "type", f"{_values(len(rows))} {_NOT_OF_TYPE[rules.implied_type]}", rows)


def _nulls_problem(nulls: int, rows: int, most: float | None) -> str:
    if most is None or nulls <= (most if most >= 1 else most * rows):
        return ""
    share = f"{most:.3%}".rstrip("0%").rstrip(".") + "% of the rows"
    allowed = share if 0 < most < 1 else f"{most:g}"
    return f"{_rows(nulls)} no value, at most {allowed} may"


def _check_values(
    columns: pd.DataFrame, rules: Mapping[str, ColumnRules], typed: Mapping[str, TypedColumn]
) -> Iterator[_BrokenRule]:
    import pandas as pd
    import pandera.pandas as pa

    schema = pa.DataFrameSchema(
        {name: pa.Column(checks=_checks(column), nullable=True) for name, column in rules.items()}
    )
    readable = pd.DataFrame({name: column.readable for name, column in typed.items()}, index=columns.index)
    try:
        schema.validate(readable, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            rows = error.failure_cases["index"]
            problem = f"{_values(len(rows))} {error.check.error}"
            yield _broken(columns[error.schema.name], error.check.name, problem, rows)


def _checks(rules: ColumnRules) -> list[pa.Check]:
    import pandas as pd
    import pandera.pandas as pa

    def bound(value: Any) -> Any:
        return pd.Timestamp(value).tz_localize(None) if rules.implied_type == DATE else value

    checks = []
    if rules.min is not None:
        checks.append(pa.Check.ge(bound(rules.min), name="min", error=f"below {rules.min}"))
    if rules.max is not None:
        checks.append(pa.Check.le(bound(rules.max), name="max", error=f"above {rules.max}"))
    if rules.values:  # noqa: PD011 (a contract's values are no table's)
        checks.append(pa.Check.isin(rules.values, name="values", error=f"not one of {listed(rules.values)}"))
    if rules.pattern is not None:
        whole = rf"(?:{rules.pattern})\Z"
        checks.append(
            pa.Check.str_matches(whole, name="pattern", error=f"not of the form {quoted(rules.pattern)}")
        )
    if rules.unique:
        checks.append(pa.Check(_stands_once, name="unique", error="in more than one row"))
    return checks


def _stands_once(values: pd.Series[Any]) -> pd.Series[bool]:
    return ~values.duplicated(keep=False)


def _broken(column: pd.Series[Any], rule: str, problem: str, rows: Iterable[int]) -> _BrokenRule:
    numbers = [int(row) for row in rows]
    first = numbers[:_EXAMPLES]
    values = column.loc[first].astype("object")
    values = values.where(values.notna(), None)
    examples = tuple((row + 1, values.loc[row]) for row in first)
    return _BrokenRule(str(column.name), rule, problem, len(numbers), examples)


def _broken_contract(broken: Sequence[_BrokenRule], rows: int, *, rows_before: int = 0) -> DatasetError:
    rules = "a rule" if len(broken) == 1 else f"{len(broken)} rules"
    of_rows = f"of {rows} row{'s' if rows != 1 else ''}"
    where = f", in rows {rows_before + 1} to {rows_before + rows}," if rows_before else f" {of_rows}"
    lines = [f"The dataset{where} breaks {rules} of its contract (expect):"]
    lines += [f"  {rule}" for rule in broken[:_MOST_RULES]]
    if (more := len(broken) - _MOST_RULES) > 0:
        lines.append(f"  and {more} more")
    lines.append("Correct the dataset; or change expect, if the data is right and the contract is not.")
    return DatasetError("\n".join(lines))


def _shortened(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 (what is not equal to itself is not a number)
        return "empty"
    plain = value.item() if hasattr(value, "item") else value
    text = f"{plain:.6g}" if isinstance(plain, float) else shown(plain)
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 3]}..."


def _values(count: int) -> str:
    return "1 value is" if count == 1 else f"{count} values are"


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count} rows have"
