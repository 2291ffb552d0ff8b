"""Let the caller put files next to the model; a failure there is noted and does not fail the training."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from refinery.training.data.profile import profile_table
from refinery.training.output.publish import list_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from refinery.spec.table_profile import TableProfile
    from refinery.training.output.result import Trained

    Profiler = Callable[[pd.DataFrame, str | None], TableProfile | None]

log = logging.getLogger(__name__)

_MOST_LETTERS = 300


class Extras:
    """What the caller adds to a training: files beside the model, mostly a card, with a look at the table for them and the manifest.

    Args:
        write: As of `train`; None for no files, and no look at the table.

    Attributes:
        problems: A sentence for each failure.
    """

    def __init__(self, write: Callable[[Path, Trained], None] | None) -> None:
        self._write = write
        self.problems: list[str] = []

    @property
    def profile(self) -> Profiler | None:
        """The look at the table; None where no files are written that show it."""
        return self._look if self._write else None

    def write(self, folder: Path, trained: Trained) -> None:
        """Write the files, all of them or none."""
        if self._write is None:
            return
        before = set(list_files(folder))
        try:
            self._write(folder, trained)
        except Exception as error:  # noqa: BLE001 (a card must not fail a training)
            for name in set(list_files(folder)) - before:
                (folder / name).unlink()
            self._note("The card could not be drawn", error)

    def _look(self, table: pd.DataFrame, target: str | None) -> TableProfile | None:
        try:
            return profile_table(table, target)
        except Exception as error:  # noqa: BLE001
            self._note(
                "The dataset could not be summarized, so neither the card nor the manifest describes its columns",
                error,
            )
            return None

    def _note(self, problem: str, error: Exception) -> None:
        log.warning("%s.", problem, exc_info=error)
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        self.problems.append(f"{problem} ({reason[:_MOST_LETTERS]}).")
