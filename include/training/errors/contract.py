"""What makes a dataset one that its pipeline does not accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.training.errors.base import TrainingError
from include.training.errors.dataset import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

# A log line carries so many examples of a rule, and so many rules; the counts tell of the rest.
_MAX_EXAMPLES = 3
_MAX_RULES = 25
_MAX_VALUE_LENGTH = 40


class InvalidContractError(TrainingError):
    """The contract itself makes no sense.

    Attributes:
        key: The key below `expect`, such as "columns.age.min".
    """

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(f"expect.{key}: {problem}." if key else f"expect: {problem}.")


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule of the contract that the dataset breaks.

    Attributes:
        column: The column that it is a rule of, None where it is one of the whole table.
        rule: Its name, such as "max".
        problem: What is wrong, with its count.
        count: How many rows break it; 0 where it is not a matter of rows.
        examples: The first such rows with their values; the row below the header is row 1.
    """

    column: str | None
    rule: str
    problem: str
    count: int = 0
    examples: tuple[tuple[int, object], ...] = ()

    @property
    def key(self) -> str:
        """The rule's key below `expect`, such as "columns.age.max"."""
        return self.rule if self.column is None else f"columns.{self.column}.{self.rule}"

    def __str__(self) -> str:
        shown = ", ".join(f"{_shortened(value)} (row {row})" for row, value in self.examples[:_MAX_EXAMPLES])
        rest = ", ..." if shown and self.count > min(len(self.examples), _MAX_EXAMPLES) else ""
        return f"{self.key}: {self.problem}{shown and f': {shown}'}{rest}"


class ContractBrokenError(DatasetError):
    """The dataset is not as its contract says it must be.

    Attributes:
        broken: Every rule that it breaks.
        rows: How many rows were checked.
        rows_before: How many came before these and were right.
    """

    def __init__(self, broken: Sequence[BrokenRule], rows: int, *, rows_before: int = 0) -> None:
        self.broken = tuple(broken)
        self.rows = rows
        self.rows_before = rows_before
        rules = "a rule" if len(broken) == 1 else f"{len(broken)} rules"
        of_rows = f"of {rows} row{'s' if rows != 1 else ''}"
        where = f", in rows {rows_before + 1} to {rows_before + rows}," if rows_before else f" {of_rows}"
        lines = [f"The dataset{where} breaks {rules} of its contract (expect):"]
        lines += [f"  {rule}" for rule in self.broken[:_MAX_RULES]]
        if (more := len(broken) - _MAX_RULES) > 0:
            lines.append(f"  and {more} more")
        lines.append("Correct the dataset; or change expect, if the data is right and the contract is not.")
        super().__init__("\n".join(lines))


def _shortened(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 (what is not equal to itself is no number)
        return "empty"
    plain = value.item() if hasattr(value, "item") else value
    text = f"{plain:.6g}" if isinstance(plain, float) else repr(plain)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[: _MAX_VALUE_LENGTH - 3]}..."
