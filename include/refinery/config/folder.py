"""The folder of the configs: on disk, or in memory as a revision of git has it."""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from refinery.config.problems import Problem
from refinery.config_file import read_config_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ConfigFolder(Protocol):
    """A folder of configs; paths in it are texts with "/" between folders, such as "team_a/churn.yml"."""

    @property
    def name(self) -> str:
        """The folder's name, with which paths begin in reports."""

    def has(self, path: str) -> bool:
        """Return whether there is a file of this path."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes, of a file that is too large only the first.

        Raises:
            OSError: It cannot be read, or is not a regular file.
        """

    def names(self, path: str) -> list[str]:
        """Return the names in one folder; none if there is no such folder."""

    def walk(self, without: str, problems: list[Problem]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        """Yield each folder below, itself first, with the names of its files; hidden folders are left out.

        Args:
            without: A folder at the top that is left out too.
            problems: Collects the folders that cannot be read, and symbolic links, which are not followed.
        """


class DiskFolder:
    """A folder on disk."""

    def __init__(self, root: Path) -> None:
        """Store the folder."""
        self._root = root
        self.name = root.name

    def has(self, path: str) -> bool:
        """Return whether there is a file of this path."""
        return os.path.exists(f"{self._root}/{path}")  # noqa: PTH110 - pathlib raises where a name is too long

    def read(self, path: str) -> bytes:
        """Return a file's bytes; see `ConfigFolder`."""
        return read_config_file(f"{self._root}/{path}")

    def names(self, path: str) -> list[str]:
        """Return the names in one folder; none if there is no such folder."""
        folder = self._root / path
        return [file.name for file in folder.iterdir()] if folder.is_dir() else []

    def walk(self, without: str, problems: list[Problem]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        """Yield each folder with the names of its files; see `ConfigFolder`."""

        def report(folder: Path, message: str) -> None:
            path = show_path(self, "/".join(folder.relative_to(self._root).parts))
            problems.append(Problem(path, 1, 1, "", message, "unreadable"))

        def report_error(error: OSError) -> None:
            reason = (error.strerror or "unknown reason").lower()
            report(Path(error.filename), f"this folder cannot be read: {reason}")

        for folder, folders, names in os.walk(self._root, onerror=report_error):
            above = Path(folder).relative_to(self._root).parts
            folders[:] = sorted(
                name for name in folders if not name.startswith(".") and (*above, name) != (without,)
            )
            for link in filter(Path.is_symlink, (Path(folder, name) for name in folders)):
                report(
                    link,
                    "this folder is a symbolic link, which is not followed; move the folder itself here",
                )
            yield above, names


class MemoryFolder:
    """A folder whose files are in memory."""

    def __init__(self, name: str, files: Mapping[str, bytes | None]) -> None:
        """Store the files.

        Args:
            name: The folder's name.
            files: The bytes of each file by its path; None for a symbolic link.
        """
        self.name = name
        self._files = files
        self._names: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for path in files:
            *above, file = path.split("/")
            self._names[tuple(above)].append(file)

    def has(self, path: str) -> bool:
        """Return whether there is a file of this path."""
        return path in self._files or self._is_folder(path)

    def read(self, path: str) -> bytes:
        """Return a file's bytes; see `ConfigFolder`."""
        if path not in self._files:
            raise OSError(errno.EINVAL, "not a regular file")
        content = self._files[path]
        if content is None:
            raise OSError(errno.ELOOP, "a symbolic link")
        return content

    def names(self, path: str) -> list[str]:
        """Return the names in one folder; none if there is no such folder."""
        return self._names.get(tuple(path.split("/")), [])

    def walk(
        self,
        without: str,
        problems: list[Problem],  # noqa: ARG002 - of a revision, every folder can be read
    ) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        """Yield each folder with the names of its files; see `ConfigFolder`."""
        for folder in sorted(self._names):
            if folder[:1] != (without,) and not any(part.startswith(".") for part in folder):
                yield folder, self._names[folder]

    def _is_folder(self, path: str) -> bool:
        parts = tuple(path.split("/"))
        return any(folder[: len(parts)] == parts for folder in self._names)


def show_path(folder: ConfigFolder, path: str) -> str:
    """Return a path in the folder as people see it, beginning with the folder; bytes that are not UTF-8 as escapes."""
    shown = f"{folder.name}/{path}" if path else folder.name
    return shown.encode(errors="backslashreplace").decode()
