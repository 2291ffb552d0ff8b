"""How to read a dataset's file, if its name and first bytes do not show it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """The reading options of a config's `source`; the defaults read a plain file.

    Attributes:
        format: "csv", "tsv", "parquet" or "jsonl"; None follows the file's name.
        separator: The separator of a text file; None is a comma, or a tab for "tsv"; a space means any run of white space.
        decimal: The decimal mark.
        thousands: The thousands mark, if any.
        encoding: The text encoding; None is UTF-8, with or without a byte order mark.
        quote: The quote character; "none" reads every character literally.
        header: Whether the first row contains the column names; None is yes, unless it looks like data, which is an error.
        columns: With a header, the columns to read; without one, the names of all columns.
        null_values: Texts and numbers that mean a missing value in text files, in addition to the default ones.
        default_nulls: Whether the default ones, such as "NA", apply; an empty value always does.
        dtypes: pandas dtypes by column, such as {"zip": "str"}.
        dates: Columns to read as dates, or each with its format; see `refinery.spec.date_formats`.
        numbers: Columns with a special number format, such as {"price": {"prefix": "$"}}; see `NumberForm`.
        max_uncompressed: The maximum uncompressed size of a text file, in bytes.
        drop: Columns to leave out of the features, such as ids.
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
    default_nulls: bool = True
    dtypes: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] | Mapping[str, str] = ()
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    max_uncompressed: int = 50 * 10**9
    drop: tuple[str, ...] = ()

    @property
    def has_marks(self) -> bool:
        """Whether numbers have other marks than in a plain file."""
        return self.decimal != "." or self.thousands is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, as plain values."""
        default = SourceOptions()
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if getattr(self, f.name) != getattr(default, f.name)
        }

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> SourceOptions:
        """Read the result of `to_dict`, also after a round trip through JSON."""
        tuples: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
        }
        return cls(**tuples)
