"""Write a sample of a dataset's rows to files of the same form, so that whatever reads the dataset can read the sample."""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING

from refinery.training.data.formats import find_format, find_separator
from refinery.training.data.probe import damage_error, damage_errors, encoding_error, read_head
from refinery.training.data.quotes import quoting
from refinery.training.data.read import list_files
from refinery.training.errors import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from refinery.spec.source_options import SourceOptions
    from refinery.training.data.probe import DatasetHead

_COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz", ".zip")


def take_sample(dataset: Path, folder: Path, options: SourceOptions, rows: int) -> Path | None:
    """Write that many rows of a dataset, drawn at random but always the same, in order.

    Args:
        dataset: Its file, or the folder of its files.
        folder: The folder to write to; made if it is not there.
        options: How to read it.
        rows: How many rows to take.

    Returns:
        The sample's file, or `folder` where the dataset is a folder; None where the dataset has no more rows than that.

    Raises:
        DatasetError: A file is not what it seems, or there is nothing in it.
    """
    files = [_RowFile(file, options) for file in list_files(dataset)]
    counts = [file.count() for file in files]
    total = sum(counts)
    if total <= rows:
        return None
    chosen = set(random.Random(0).sample(range(total), rows))  # noqa: S311 - a sample, not a secret
    folder.mkdir(parents=True, exist_ok=True)
    first = 0
    for file, count in zip(files, counts, strict=True):
        here = {index - first for index in chosen if first <= index < first + count}
        if here:
            file.write(here, folder / file.name)
        first += count
    return folder if dataset.is_dir() else folder / files[0].name


class _RowFile:
    """The rows of a dataset's file, as written.

    Args:
        path: The file.
        options: How to read it.
    """

    def __init__(self, path: Path, options: SourceOptions) -> None:
        self._head = read_head(path)
        self._format = find_format(self._head, options)
        self._options = options

    @property
    def name(self) -> str:
        """The name of its sample, which is not compressed."""
        name = self._head.path.name
        suffix = self._head.path.suffix
        return name.removesuffix(suffix) if suffix.lower() in _COMPRESSIONS else name

    def count(self) -> int:
        """Count the rows."""
        if self._format == "parquet":
            import pyarrow.parquet as pq

            return int(pq.ParquetFile(self._head.path).metadata.num_rows)
        return sum(1 for _ in self._records()) - self._has_header

    def write(self, chosen: set[int], path: Path) -> None:
        """Write the rows with these numbers, from 0."""
        if self._format == "parquet":
            import pyarrow.parquet as pq

            pq.write_table(pq.read_table(self._head.path).take(sorted(chosen)), path)
            return
        with path.open("w", encoding=self._options.encoding or "utf-8", newline="") as file:
            for index, record in enumerate(self._records(), -self._has_header):
                if index < 0 or index in chosen:
                    file.write(record if record.endswith("\n") else f"{record}\n")

    @property
    def _has_header(self) -> bool:
        return self._format in ("csv", "tsv") and self._options.header is not False

    def _records(self) -> Iterator[str]:
        """Yield each row's text with its line end; a quoted value may hold line ends, and blank lines are not rows."""
        if self._format == "jsonl":
            yield from (line for line in self._lines() if line.strip())
            return
        taken: list[str] = []
        separator = find_separator(self._format, self._options)
        try:
            for row in csv.reader(
                _noted(self._lines(), taken), delimiter=separator, **quoting(self._options.quote)
            ):
                if row:
                    yield "".join(taken)
                taken.clear()
        except csv.Error as error:
            raise unreadable(self._head.path, f"its rows cannot be separated: {error}") from error

    def _lines(self) -> Iterator[str]:
        head: DatasetHead = self._head
        try:
            with head.open_text(self._options.encoding) as text:
                yield from text
        except UnicodeDecodeError as error:
            raise encoding_error(head.path, self._options.encoding, error) from error
        except damage_errors(head.compression) as error:
            raise damage_error(head.path, head.compression, error) from error


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    """Yield lines, and note each."""
    for line in lines:
        taken.append(line)
        yield line
