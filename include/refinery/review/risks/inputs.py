"""The columns that a model gets, as far as its config tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from refinery.config import PipelineConfig


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a model learns from, and its users must send.

    Attributes:
        named: The columns, where the config names them; None where they are all of the dataset but some.
        left_out: The columns that are not among them.
        types: The types that the config sets, by column.
        positions: The names of all columns in order, where the dataset does not name them itself.
    """

    named: tuple[str, ...] | None
    left_out: frozenset[str]
    types: Mapping[str, str]
    positions: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: PipelineConfig) -> Inputs:
        """Read them from a config."""
        evaluate = config.evaluate
        left_out = {*config.drop, *filter(None, (evaluate.time_column, evaluate.group_column, config.weight))}
        target = config.target.column if config.target else None
        others = {*left_out, target}
        named = config.features
        if named is None and config.source.columns is not None:
            named = tuple(name for name in config.source.columns if name not in others)
        types = {
            column: str(kind)
            for column, kind in (config.source.dtypes or {}).items()
            if (column not in others if named is None else column in named)
        }
        positions = () if config.source.header else tuple(config.source.columns or ())
        return cls(None if named is None else tuple(named), frozenset(left_out), types, positions)

    def differences_from(self, before: Inputs) -> str | None:
        """Say which columns come and go; None where they stay."""
        if (before.named is None) != (self.named is None):
            named = list_names(self.named or before.named or ())
            columns = f"{named} instead of all" if self.named is not None else f"all instead of {named}"
            return f"callers of the latest model must send other columns: {columns}"
        if self.named is None or before.named is None:
            new, gone = before.left_out - self.left_out, self.left_out - before.left_out
        else:
            new = frozenset(self.named).difference(before.named)
            gone = frozenset(before.named).difference(self.named)
        if (
            not new
            and not gone
            and {*self.positions} == {*before.positions}
            and self.positions != before.positions
        ):
            return "the columns of the dataset are named in another order, so values go by other names than before"
        if not new:
            return (
                f"the latest model no longer reads {_names(gone)}: callers need not send it any more"
                if gone
                else None
            )
        dropped = f", and no longer {_names(gone)}" if gone else ""
        return f"callers of the latest model must also send {_names(new)}{dropped}"

    def retyped_since(self, before: Inputs) -> list[str]:
        """Name each column that is read as another type, with both types."""
        columns = sorted(
            column
            for column in {*self.types, *before.types}
            if self._reads(column)
            and before._reads(column)
            and self.types.get(column) != before.types.get(column)
        )
        return [
            f"{column} as {self.types.get(column, 'a guessed type')} instead of "
            f"{before.types.get(column, 'a guessed type')}"
            for column in columns
        ]

    def _reads(self, column: str) -> bool:
        return column not in self.left_out if self.named is None else column in self.named


def _names(columns: Iterable[str]) -> str:
    return list_names(sorted(columns))
