"""Takes a sample of a dataset's rows into files of the same form, so that whatever reads the dataset reads the sample."""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING

from include.training.dataset_head import damage_error, damage_errors, encoding_error, read_head
from include.training.datasets import list_files
from include.training.errors import UnreadableDatasetError
from include.training.formats import find_format, find_separator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from include.training.dataset_head import DatasetHead
    from include.training.source_options import SourceOptions

_COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz", ".zip")


def take_sample(dataset: Path, folder: Path, options: SourceOptions, rows: int) -> Path | None:
    """Write as many rows of a dataset, drawn at random but always the same, in their order.

    Args:
        dataset: Its file, or the folder of its files.
        folder: The folder to write to; made if it is not there.
        options: How to read it.
        rows: How many rows to take.

    Returns:
        The sample's file, or `folder` where the dataset is one; None where the dataset has no more rows than that.

    Raises:
        UnreadableDatasetError: A file is not what it is taken for.
        EmptyDatasetError: There is nothing in it.
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
    """A dataset's file as rows, as they are written.

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
        """Write some of the rows, by their numbers from 0."""
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
        """Yield each row's text with its line end; a quoted value may hold line ends, and blank lines are no rows."""
        if self._format == "jsonl":
            yield from (line for line in self._lines() if line.strip())
            return
        taken: list[str] = []
        separator = find_separator(self._format, self._options)
        try:
            for row in csv.reader(
                _noted(self._lines(), taken), delimiter=separator, quotechar=self._options.quote
            ):
                if row:
                    yield "".join(taken)
                taken.clear()
        except csv.Error as error:
            raise UnreadableDatasetError(
                self._head.path, f"its rows cannot be told apart: {error}"
            ) from error

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
    """Note each line that is asked for."""
    for line in lines:
        taken.append(line)
        yield line
