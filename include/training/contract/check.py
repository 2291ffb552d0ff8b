"""Checks a table against its contract and reports every broken rule at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.training.contract.rules import BOOLEAN, CATEGORY, DATE, INTEGER, NUMBER, TEXT, Bounds
from include.training.contract.types import TypedColumn, read_as
from include.training.errors.contract import BrokenRule, ContractBrokenError, InvalidContractError
from include.training.errors.wording import listed, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd
    import pandera.pandas as pa

    from include.training.contract.rules import ColumnRules, Contract

# So many examples of each broken rule are kept.
_EXAMPLES = 3
_NOT_OF_TYPE = {
    NUMBER: "not numeric",
    INTEGER: "not whole numbers",
    TEXT: "not text (source.dtypes reads a column as text)",
    BOOLEAN: "neither true nor false",
    DATE: "not of the form 2026-01-31 (source.dates reads other forms)",
    CATEGORY: "neither text nor whole numbers",
}


class BatchedCheck:
    """Checks a dataset that comes in batches: each row's rules at once, those of all rows at the end.

    Args:
        contract: What the config expects of it.

    Raises:
        InvalidContractError: It has a rule that needs all rows at once.
    """

    def __init__(self, contract: Contract) -> None:
        if unique := [name for name, rules in contract.columns.items() if rules.unique]:
            problem = "needs all values at once, and fit: incremental holds a batch of them; remove it"
            raise InvalidContractError(f"columns.{unique[0]}.unique", problem)
        columns = {name: replace(rules, nulls=None) for name, rules in contract.columns.items()}
        self._whole, self._of_each_batch = contract, replace(contract, rows=Bounds(), columns=columns)
        self._rows = 0
        self._nulls = dict.fromkeys(columns, 0)

    def add(self, batch: pd.DataFrame) -> None:
        """Check the next rows.

        Raises:
            ContractBrokenError: They break rules; those of this batch are told.
        """
        check_contract(batch, self._of_each_batch, rows_before=self._rows)
        self._rows += len(batch)
        for name in self._nulls:
            self._nulls[name] += int(batch[name].isna().sum())

    def finish(self) -> None:
        """Check what can be told of all rows only: how many there are, and how many have no value.

        Raises:
            ContractBrokenError: They break rules.
        """
        broken = [*_check_rows(self._rows, self._whole.rows)]
        for name, nulls in self._nulls.items():
            if problem := _nulls_problem(nulls, self._rows, self._whole.columns[name].nulls):
                broken.append(BrokenRule(name, "nulls", problem, nulls))
        if broken:
            raise ContractBrokenError(broken, self._rows)


def check_contract(table: pd.DataFrame, contract: Contract, *, rows_before: int = 0) -> None:
    """Check a dataset before anything is learned from it.

    Args:
        table: The dataset as read, before columns are left out.
        contract: What the config expects of it.
        rows_before: How many rows of the dataset came before, where the table is a part of it.

    Raises:
        ContractBrokenError: It breaks rules; all of them are told, with counts and examples.
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
        raise ContractBrokenError(in_order, len(table), rows_before=rows_before)


def _check_rows(rows: int, bounds: Bounds) -> Iterator[BrokenRule]:
    if bounds.min is not None and rows < bounds.min:
        yield BrokenRule(None, "rows.min", f"there are {rows} rows, fewer than {bounds.min}")
    if bounds.max is not None and rows > bounds.max:
        yield BrokenRule(None, "rows.max", f"there are {rows} rows, more than {bounds.max}")


def _check_names(names: list[str], contract: Contract) -> Iterator[BrokenRule]:
    unnamed = [name for name in names if name not in contract.columns]
    for missing in contract.columns:
        if missing not in names:
            problem = f"the column is not there{suggestion(missing, unnamed)}".removesuffix(".")
            yield BrokenRule(missing, "presence", problem)
    if unnamed and not contract.other_columns:
        problem = f"there are columns that the contract does not name: {listed(unnamed)}"
        yield BrokenRule(None, "other_columns", problem)


def _check_column(column: pd.Series[Any], rules: ColumnRules, typed: TypedColumn) -> Iterator[BrokenRule]:
    if problem := _nulls_problem(int(column.isna().sum()), len(column), rules.nulls):
        yield _broken(column, "nulls", problem, column.index[column.isna()])
    if rules.implied_type and typed.misfits.any():
        rows = column.index[typed.misfits]
        yield _broken(column, "type", f"{_values(len(rows))} {_NOT_OF_TYPE[rules.implied_type]}", rows)


def _nulls_problem(nulls: int, rows: int, most: float | None) -> str:
    if most is None or nulls <= (most if most >= 1 else most * rows):
        return ""
    share = f"{most:.3%}".rstrip("0%").rstrip(".") + "% of the rows"
    allowed = share if 0 < most < 1 else f"{most:g}"
    return f"{_rows(nulls)} no value, at most {allowed} may"


def _check_values(
    columns: pd.DataFrame, rules: Mapping[str, ColumnRules], typed: Mapping[str, TypedColumn]
) -> Iterator[BrokenRule]:
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
        checks.append(pa.Check.isin(rules.values, name="values", error=f"none of {listed(rules.values)}"))
    if rules.pattern is not None:
        whole = rf"(?:{rules.pattern})\Z"
        checks.append(pa.Check.str_matches(whole, name="pattern", error=f"not of the form {rules.pattern!r}"))
    if rules.unique:
        checks.append(pa.Check(_stands_once, name="unique", error="in more than one row"))
    return checks


def _stands_once(values: pd.Series[Any]) -> pd.Series[bool]:
    return ~values.duplicated(keep=False)


def _broken(column: pd.Series[Any], rule: str, problem: str, rows: Iterable[int]) -> BrokenRule:
    numbers = [int(row) for row in rows]
    examples = tuple((row + 1, column.loc[row]) for row in numbers[:_EXAMPLES])
    return BrokenRule(str(column.name), rule, problem, len(numbers), examples)


def _values(count: int) -> str:
    return "1 value is" if count == 1 else f"{count} values are"


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count} rows have"
