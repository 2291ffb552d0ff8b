"""Find the format of a dataset's file, and read text tables with pandas."""

from __future__ import annotations

import contextlib
import warnings
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from refinery.training.data.csv_types import correct_types, explain_dtypes
from refinery.training.data.number_table import LARGE_BYTES, choose_block_bytes, read_number_table
from refinery.training.data.quotes import BLANKS, check_quotes, holds_line_breaks, quoting
from refinery.training.data.text_layout import check_layout, check_row_ends
from refinery.training.errors import ColumnNotFoundError, TrainingError, unreadable
from refinery.wording import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from refinery.spec.source_options import SourceOptions
    from refinery.training.data.probe import DatasetHead
    from refinery.training.data.text_layout import TextLayout

FORMATS = ("csv", "tsv", "parquet", "jsonl")
# Files in these formats declare their columns' types; in others, types are guessed from text.
TYPED_FORMATS = ("parquet", "jsonl")
# What stands for a missing value in a text table, besides source.null_values; docs/configuration.md lists them.
DEFAULT_NULLS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)
_TEXT_BLOCK_ROWS = 65_536
_LINES_PER_ROW = 10
_TEXT = "str"
_FORMAT_BY_SUFFIX = {
    ".csv": "csv",
    ".txt": "csv",
    ".data": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
# Suffixes that belong to other programs.
_OTHER_TABLES = frozenset(
    (
        ".xlsx",
        ".xls",
        ".ods",
        ".json",
        ".feather",
        ".arrow",
        ".orc",
        ".avro",
        ".html",
        ".xml",
        ".db",
        ".sqlite",
        ".pkl",
    )
)
_COMPRESSION_SUFFIXES = (".gz", ".zst", ".bz2", ".xz", ".zip")


def find_format(head: DatasetHead, options: SourceOptions) -> str:
    """Return a file's format: from the options, from its first bytes, or from its name.

    Raises:
        DatasetError: None of them says it.
    """
    if options.format is not None:
        return options.format
    if head.is_parquet:
        return "parquet"
    found = find_suffix_format(head.path)
    if found is None:
        raise unreadable(
            head.path, f"its name does not say the format; set source.format to one of {listed(FORMATS)}"
        )
    return found


def find_suffix_format(path: Path) -> str | None:
    """Return the format that a file's name says, also below a compression's suffix; None where it says none."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSION_SUFFIXES:
        suffixes.pop()
    return _FORMAT_BY_SUFFIX.get(suffixes[-1] if suffixes else "")


def choose_output_format(path: Path, own: str) -> str:
    """Return the format to write a table in: the one that the file's name says, else the table's own.

    Raises:
        TrainingError: Refinery does not write what the name promises.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    last = suffixes[-1] if suffixes else ""
    wanted = find_suffix_format(path) or own
    if last in _OTHER_TABLES:
        reason = f'a name that ends with "{last}" promises what is not written; write .csv, .tsv, .jsonl or .parquet'
    elif last == ".zip":
        reason = "zip files are not written; write .gz, .zst, .bz2 or .xz"
    elif wanted == "parquet" and last in _COMPRESSION_SUFFIXES:
        reason = f"Parquet is compressed in itself; leave out the {last}"
    else:
        return wanted
    raise TrainingError(f"{path.name}: {reason}")


def read_csv(head: DatasetHead, file_format: str, options: SourceOptions, rows: int | None) -> pd.DataFrame:
    """Read a text table whose layout is checked first.

    Raises:
        DatasetError: It is not laid out as the options say.
        ColumnNotFoundError: An option names a column that is not there.
    """
    import pandas as pd

    layout, arguments = _csv_layout(head, file_format, options)

    def reread(columns: Sequence[int | str] | None, **changes: Any) -> pd.DataFrame:
        changed = {**arguments, "usecols": columns, **changes}
        again: pd.DataFrame = pd.read_csv(head.path, compression=head.compression, nrows=rows, **changed)
        return again

    def explain() -> None:
        _check_quotes(head, len(layout.names), options, file_format, rows)
        explain_dtypes(head.path, options.dtypes, lambda name: reread([name], dtype="str")[name])

    with _strict_parsing(head.path, explain):
        table = None
        if rows is None and not options.has_marks and _is_large(head):
            table = read_number_table(head.path, arguments, block_bytes=choose_block_bytes(len(layout.names)))
        table = reread(None) if table is None else table
        if holds_line_breaks(table):
            _check_quotes(head, len(layout.names), options, file_format, rows)
        declared = {*options.dtypes, *options.dates, *options.numbers}
        table = _categorized(correct_types(table, declared, reread), options)
    if rows is None and table[table.columns[-1]].isna().any():
        check_row_ends(head, len(layout.names), options, find_separator(file_format, options))
    return table


def read_csv_batches(
    head: DatasetHead, file_format: str, options: SourceOptions, rows: int
) -> Iterator[pd.DataFrame]:
    """Read a text table as `read_csv` does, in batches of that many rows.

    Raises:
        DatasetError: It is not laid out as the options say.
        ColumnNotFoundError: An option names a column that is not there.
    """
    import pandas as pd

    layout, arguments = _csv_layout(head, file_format, options)
    ends_checked = quotes_checked = False

    def explain() -> None:
        _check_quotes(head, len(layout.names), options, file_format, None)
        explain_dtypes(head.path, options.dtypes, read_texts)

    def read_texts(name: str) -> pd.Series[Any]:
        changed = {**arguments, "usecols": [name], "dtype": "str"}
        texts: pd.Series[Any] = pd.read_csv(head.path, compression=head.compression, **changed)[name]
        return texts

    # A batch is small enough for pandas to infer the types of its whole columns.
    arguments["low_memory"] = False
    with pd.read_csv(head.path, compression=head.compression, chunksize=rows, **arguments) as batches:
        while True:
            with _strict_parsing(head.path, explain):
                batch = next(batches, None)
            if batch is None:
                return
            if not quotes_checked and holds_line_breaks(batch):
                _check_quotes(head, len(layout.names), options, file_format, None)
                quotes_checked = True
            if not ends_checked and batch[batch.columns[-1]].isna().any():
                check_row_ends(head, len(layout.names), options, find_separator(file_format, options))
                ends_checked = True
            yield _categorized(batch, options)


def read_csv_texts(
    head: DatasetHead, file_format: str, options: SourceOptions, columns: Sequence[str], rows: int | None
) -> Iterator[pd.DataFrame]:
    """Read columns of a text table as the file's own texts, in blocks of rows.

    Raises:
        DatasetError: It is not laid out as the options say.
    """
    import pandas as pd

    _, arguments = _csv_layout(head, file_format, options)
    arguments |= {"usecols": list(columns), "dtype": "str", "na_values": None, "nrows": rows}
    with pd.read_csv(
        head.path, compression=head.compression, chunksize=_TEXT_BLOCK_ROWS, **arguments
    ) as blocks:
        yield from blocks


def require_columns(columns: Sequence[str], names: Sequence[str], role: str) -> None:
    """Check that the names in an option are columns.

    Raises:
        ColumnNotFoundError: One is not.
    """
    if missing := [name for name in names if name not in columns]:
        raise ColumnNotFoundError(missing, role, columns)


def _is_large(head: DatasetHead) -> bool:
    return head.compression is None and head.path.stat().st_size >= LARGE_BYTES


def find_separator(file_format: str, options: SourceOptions) -> str:
    """Return what separates the columns of a text table."""
    return options.separator or ("\t" if file_format == "tsv" else ",")


def _csv_layout(
    head: DatasetHead, file_format: str, options: SourceOptions
) -> tuple[TextLayout, dict[str, Any]]:
    separator = find_separator(file_format, options)
    text = head.table_text(options.encoding)
    layout = check_layout(head.path, text, options, separator, complete=head.complete)
    require_columns(layout.names, (*options.dtypes, *options.dates), "source.dtypes or source.dates")
    require_columns(layout.names, tuple(options.numbers), "source.numbers")
    return layout, _csv_arguments(layout, separator, options)


def _check_quotes(
    head: DatasetHead, width: int, options: SourceOptions, file_format: str, rows: int | None
) -> None:
    separator = find_separator(file_format, options)
    header = options.header is not False
    with head.open_text(options.encoding) as text:
        # Where only the first rows are read, a few lines for each are enough.
        lines = text if rows is None else islice(text, rows * _LINES_PER_ROW)
        check_quotes(
            head.path, lines, separator, options.quote, width=width, complete=rows is None, header=header
        )


@contextlib.contextmanager
def _strict_parsing(path: Path, explain: Callable[[], None]) -> Iterator[None]:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # Columns of mixed types are reported later, with column and value.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        try:
            yield
        except pd.errors.ParserWarning as error:
            raise unreadable(path, "rows have more values than the header has names") from error
        except UnicodeDecodeError:
            raise
        except ValueError:
            explain()
            raise


def _categorized(table: pd.DataFrame, options: SourceOptions) -> pd.DataFrame:
    return table.astype({name: "category" for name in _categories(options) if name in table.columns})


def _categories(options: SourceOptions) -> list[str]:
    return [name for name, dtype in options.dtypes.items() if dtype == "category"]


def _csv_arguments(layout: TextLayout, separator: str, options: SourceOptions) -> dict[str, Any]:
    texts = {str(value) for value in options.null_values}
    return {
        "sep": r"\s+" if separator == BLANKS else separator,
        **quoting(options.quote),
        "header": None if options.header is False else 0,
        "names": list(layout.names) if options.header is False else None,
        # Otherwise the first column would silently become row labels where rows have one more value than the header.
        "index_col": False,
        "na_values": [
            *(DEFAULT_NULLS if options.default_nulls else ("",)),
            *(blank + text + after for text in texts for blank in ("", " ") for after in ("", " ")),
        ],
        "keep_default_na": False,
        "dtype": _csv_types(options),
        "encoding": options.encoding or "utf-8",
    }


def _csv_types(options: SourceOptions) -> Mapping[str, str]:
    """Return the types to read columns with: text where numbers are written in a way that pandas does not read.

    With marks, pandas removes them from any text of digits: from "1,2" and 10.1.2 as from 1,200.
    """
    # pandas would turn a category's digits into numbers too.
    later = dict.fromkeys((*options.dates, *options.numbers, *_categories(options)), _TEXT)
    if not options.has_marks:
        return {**options.dtypes, **later}
    kept = {name: dtype for name, dtype in options.dtypes.items() if dtype not in ("int", "float")}
    return defaultdict(lambda: _TEXT, {**kept, **later})
