"""Reads a dataset's file into a table."""

from __future__ import annotations

import lzma
import zlib
from typing import TYPE_CHECKING, Any

from include.training.errors import EmptyDatasetError, UnreadableDatasetError, listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from include.training.source_options import SourceOptions

_FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz", ".zip")


def read_dataset(path: Path, options: SourceOptions) -> pd.DataFrame:
    """Read a table: CSV, TSV and JSON lines (also compressed), or Parquet.

    Raises:
        UnreadableDatasetError: The format is not known, or the file is not what it is taken for.
        EmptyDatasetError: There are no rows.
    """
    if path.stat().st_size == 0:
        raise EmptyDatasetError(path, "the file is empty")
    table = _read(path, _READERS[_format_of(path, options)])
    if table.empty:
        raise EmptyDatasetError(path, f"the file has columns ({listed(table.columns)}) but no rows")
    table.columns = table.columns.map(str)
    return table


def _format_of(path: Path, options: SourceOptions) -> str:
    if options.format is not None:
        return options.format
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes.pop()
    found = _FORMATS.get(suffixes[-1] if suffixes else "")
    if found is None:
        raise UnreadableDatasetError(
            path, f"the name tells no format; set source.format to one of {listed(_READERS)}"
        )
    return found


def _read(path: Path, reader: Callable[[Path], pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    try:
        return reader(path)
    except pd.errors.EmptyDataError as error:
        raise EmptyDatasetError(path, "the file holds no text") from error
    except UnicodeDecodeError as error:
        raise UnreadableDatasetError(
            path,
            f"the text is not UTF-8 (byte {error.object[error.start]:#04x}); set source.encoding, as cp1252",
        ) from error
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise UnreadableDatasetError(
            path, f"the compressed file is damaged or cut short ({error})"
        ) from error
    except (ValueError, OSError) as error:
        raise UnreadableDatasetError(path, f"the file cannot be read ({error})") from error


def _read_csv(path: Path, **how: Any) -> pd.DataFrame:
    import pandas as pd

    table: pd.DataFrame = pd.read_csv(path, **how)
    return table


def _read_tsv(path: Path) -> pd.DataFrame:
    return _read_csv(path, sep="\t")


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(path)


def _read_json_lines(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_json(path, lines=True)


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "csv": _read_csv,
    "tsv": _read_tsv,
    "parquet": _read_parquet,
    "jsonl": _read_json_lines,
}
