"""How a dataset's file is to be read, where its name and first bytes do not say it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """The options of a config's `source`; every default reads a plain file right.

    Attributes:
        format: "csv", "tsv", "parquet" or "jsonl"; None takes it from the file's name.
        separator: What stands between two values of a text file; None is a comma, or a tab for "tsv";
            a blank means any run of blanks.
        decimal: The decimal sign of its numbers.
        thousands: The sign between their thousands, if any.
        encoding: The text's encoding; None is UTF-8, with or without a byte order mark.
        quote: The character around values that hold separators or line breaks.
        header: Whether the first row names the columns; None is yes, unless it looks like data, which is an error.
        columns: With a header, the columns to read; without one, the names of all columns.
        null_values: Texts and numbers that stand for a missing value, beside pandas' own.
        dtypes: pandas dtypes by column, as {"zip": "str"}.
        dates: Columns to read as dates.
        max_uncompressed: Most bytes that a compressed text file may unpack to.
        drop: Columns that are not to be learned from, such as ids.
    """

    format: str | None = None
    separator: str | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str | None = None
    quote: str = '"'
    header: bool | None = None
    columns: tuple[str, ...] | None = None
    null_values: tuple[str | float, ...] = ()
    dtypes: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    max_uncompressed: int = 50 * 10**9
    drop: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the options that differ from their defaults, as plain values."""
        default = SourceOptions()
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if getattr(self, f.name) != getattr(default, f.name)
        }

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> SourceOptions:
        """Read options that `to_dict` gave, also after a round through JSON."""
        tuples: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
        }
        return cls(**tuples)
