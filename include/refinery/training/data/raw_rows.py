"""Keep a file's rows as they are, so that columns can be added without changing any other cell."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from refinery.training.data.formats import find_format, find_separator
from refinery.training.data.probe import read_head
from refinery.training.data.quotes import BLANKS, NO_QUOTE, quoting
from refinery.training.errors import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from refinery.spec.source_options import SourceOptions
    from refinery.training.data.probe import DatasetHead

_MARK = b"\xef\xbb\xbf"
csv.field_size_limit(2**31 - 1)  # pandas has no limit, and a cell that it reads must be written


class RawRows(Protocol):
    """A file's rows as they are."""

    @property
    def format(self) -> str:
        """The file's format, one of `FORMATS`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names; none where the file does not name them."""

    def __len__(self) -> int:
        """The number of rows."""

    def table(self, names: tuple[str, ...]) -> pd.DataFrame:
        """Return the cells as they are in the file; the names are for a file that has none."""

    def write(self, added: pd.DataFrame, path: Path) -> None:
        """Write the rows with columns added at the end, in the file's own format."""


@dataclass(frozen=True, slots=True)
class TextRows:
    """The rows of a CSV or TSV file.

    Attributes:
        format: "csv" or "tsv".
        header: The first line where it names the columns; None otherwise.
        records: Each other line, or several for a row with line breaks in quotes; blank ones too.
        separator: What separates two cells.
        quote: What surrounds cells with separators or line breaks; "none" where nothing does.
        decimal: The decimal sign.
        encoding: The encoding, with its byte order mark where the file has one.
    """

    format: str
    header: _Record | None
    records: tuple[_Record, ...]
    separator: str
    quote: str
    decimal: str
    encoding: str

    @property
    def names(self) -> tuple[str, ...]:  # noqa: D102 - see RawRows
        return self.header.cells if self.header else ()

    def __len__(self) -> int:
        return sum(not record.is_blank for record in self.records)

    def table(self, names: tuple[str, ...]) -> pd.DataFrame:  # noqa: D102
        import pandas as pd

        names = self.names or names
        rows = [record.cells[: len(names)] for record in self.records if not record.is_blank]
        return pd.DataFrame(rows, columns=list(names), dtype="str")

    def write(self, added: pd.DataFrame, path: Path) -> None:  # noqa: D102
        with _open_to_write(path, self.encoding) as file:
            file.writelines(self.lines(added))

    def lines(self, added: pd.DataFrame) -> Iterator[str]:
        """Yield the lines with columns added at the end."""
        width = len(self.header.cells) if self.header else len(self.records[0].cells)
        if self.header:
            yield self.header.extended(self._cells(added.columns), self.separator, width)
        values = iter(added.itertuples(index=False))
        for record in self.records:
            yield (
                record.text
                if record.is_blank
                else record.extended(self._cells(next(values)), self.separator, width)
            )

    def _cells(self, values: Iterable[Any]) -> str:
        text = io.StringIO()
        quotes = quoting(self.quote)
        if self.quote == NO_QUOTE:  # a quote is an ordinary character then
            quotes |= {"quotechar": None, "escapechar": "\\"}
        writer = csv.writer(text, delimiter=self.separator, lineterminator="", **quotes)
        writer.writerow([self._cell(value) for value in values])
        return text.getvalue()

    def _cell(self, value: Any) -> str:
        return repr(value).replace(".", self.decimal) if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class _Record:
    """A row as text, its line end included, and its cells."""

    text: str
    cells: tuple[str, ...]
    is_blank: bool

    def extended(self, cells: str, separator: str, width: int) -> str:
        """Add cells before the line's end."""
        body = self.text.rstrip("\r\n")
        end = self.text[len(body) :]
        if len(self.cells) == width + 1:  # a separator at the row's end, but not at the header's
            body = body.rstrip(" ").removesuffix(separator)
        return f"{body}{separator}{cells}{end}"


@dataclass(frozen=True, slots=True)
class JsonRows:
    """The rows of a file of JSON lines.

    Attributes:
        lines: The lines, without line ends; no blank ones.
        encoding: The encoding.
    """

    lines: tuple[str, ...]
    encoding: str

    @property
    def format(self) -> str:  # noqa: D102
        return "jsonl"

    @property
    def names(self) -> tuple[str, ...]:  # noqa: D102
        return tuple(dict.fromkeys(name for line in self.lines for name in json.loads(line)))

    def __len__(self) -> int:
        return len(self.lines)

    def table(self, names: tuple[str, ...]) -> pd.DataFrame:  # noqa: ARG002, D102
        import pandas as pd

        records = [json.loads(line) for line in self.lines]
        return pd.DataFrame(
            {name: [record.get(name) for record in records] for name in self.names}, dtype="object"
        )

    def write(self, added: pd.DataFrame, path: Path) -> None:  # noqa: D102
        with _open_to_write(path, self.encoding) as file:
            file.writelines(f"{line}\n" for line in self.extended(added))

    def extended(self, added: pd.DataFrame) -> Iterator[str]:
        """Yield the objects with members added at the end."""
        for line, values in zip(self.lines, added.itertuples(index=False), strict=True):
            members = json.dumps(dict(zip(added.columns, values, strict=True)), ensure_ascii=False)
            body = line.rstrip()[:-1].rstrip()
            yield f"{body}{'' if body.endswith('{') else ', '}{members[1:]}"


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """The rows of a Parquet file, with its types and metadata."""

    rows: pa.Table

    @property
    def format(self) -> str:  # noqa: D102
        return "parquet"

    @property
    def names(self) -> tuple[str, ...]:  # noqa: D102
        return tuple(self.rows.column_names)

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def table(self, names: tuple[str, ...]) -> pd.DataFrame:  # noqa: ARG002, D102
        frame: pd.DataFrame = self.rows.to_pandas(
            ignore_metadata=True, integer_object_nulls=True, date_as_object=True
        )
        return frame

    def write(self, added: pd.DataFrame, path: Path) -> None:  # noqa: D102
        import pyarrow as pa
        from pyarrow.parquet import write_table

        rows = self.rows
        for name in added.columns:
            rows = rows.append_column(str(name), pa.array(added[name]))
        write_table(rows, path)


def read_raw_rows(path: Path, options: SourceOptions) -> RawRows:
    """Read a file that `read_dataset` read with the same options, and keep its rows as they are."""
    head = read_head(path)
    file_format = find_format(head, options)
    if file_format == "parquet":
        from pyarrow.parquet import read_table

        return ParquetRows(read_table(path))
    encoding = "utf-8-sig" if head.content.startswith(_MARK) else options.encoding or "utf-8"
    with head.open_text(options.encoding) as text:
        if file_format == "jsonl":
            return JsonRows(tuple(line.strip("\r\n") for line in text if not line.isspace()), encoding)
        return _read_text(text, head, file_format, options, encoding)


def _read_text(
    text: Iterable[str], head: DatasetHead, file_format: str, options: SourceOptions, encoding: str
) -> TextRows:
    separator = find_separator(file_format, options)
    try:
        records = list(_records(text, separator, options.quote))
    except csv.Error as error:
        raise unreadable(head.path, f"it cannot be read as {file_format}: {error}") from error
    while records and records[0].is_blank:
        records.pop(0)
    if not records:
        raise unreadable(head.path, "the file holds no rows")
    header = None if options.header is False else records.pop(0)
    return TextRows(file_format, header, tuple(records), separator, options.quote, options.decimal, encoding)


def _records(text: Iterable[str], separator: str, quote: str) -> Iterator[_Record]:
    lines: list[str] = []

    def noted() -> Iterator[str]:
        for line in text:
            lines.append(line)
            yield line.strip(" \t") if separator == BLANKS else line

    skips = separator == BLANKS
    for cells in csv.reader(noted(), delimiter=separator, skipinitialspace=skips, **quoting(quote)):
        record = "".join(lines)
        lines.clear()
        is_blank = not record.strip(" \r\n" if separator == "\t" else " \t\r\n")
        yield _Record(record, tuple(cells), is_blank)


def write_json_lines(table: pd.DataFrame, path: Path) -> None:
    """Write a table as JSON lines, with all digits of its numbers."""
    import pandas as pd

    with _open_to_write(path, "utf-8") as file:
        for record in table.to_dict("records"):
            members = {
                name: None if pd.api.types.is_scalar(value) and pd.isna(value) else value
                for name, value in record.items()
            }
            file.write(f"{json.dumps(members, ensure_ascii=False, default=_as_json)}\n")


def _as_json(value: Any) -> Any:
    """Return a value that JSON has: a list for an array, text for dates, decimals and bytes."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _open_zstd(path: Path, mode: str, **options: Any) -> Any:
    import zstandard

    return zstandard.open(path, mode, **options)


def _open_to_write(path: Path, encoding: str) -> Any:
    openers: dict[str, Callable[..., Any]] = {
        ".gz": gzip.open,
        ".bz2": bz2.open,
        ".xz": lzma.open,
        ".zst": _open_zstd,
    }
    opener = openers.get(path.suffix.lower())
    if opener:
        return opener(path, "wt", encoding=encoding, newline="")
    return path.open("w", encoding=encoding, newline="")
