"""The errors of running pipelines on one's own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import RefineryError

if TYPE_CHECKING:
    from pathlib import Path


class DemoError(RefineryError):
    """The demo cannot run what it was asked for, or Airflow's process ended before all of it had run."""


class DatabaseError(RefineryError):
    """Airflow's database could not be made or upgraded.

    Attributes:
        home: Airflow's home, with the database in it.
    """

    def __init__(self, home: Path, log: Path) -> None:
        self.home = home
        super().__init__(
            f"Airflow's database in {home} could not be made or upgraded. Remove the folder to begin anew; what was said: {log}"
        )


class LocalFolderError(RefineryError):
    """A folder for what runs on this machine cannot be used.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: Path, detail: str) -> None:
        self.folder = folder
        super().__init__(f"{folder} cannot be used: {detail}. It must be a folder that you may write to.")
