"""Find the config files of a project, and check their names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.config.problems import Problem
from refinery.config.resolve.names import (
    DEFAULTS,
    ENVIRONMENTS,
    MAX_DAG_ID_LENGTH,
    MAX_TAG_LENGTH,
    SUFFIXES,
    check_name,
    join_dag_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TWIN_FILES = "twin-files"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that may declare pipelines.

    Attributes:
        files: Where it is; two if another file differs only in its suffix.
        parts: Its path below the configs' folder, without suffix.
        problem: Why its name cannot become a DAG id; None if it can.
    """

    files: list[Path]
    parts: tuple[str, ...]
    problem: Problem | None = None


def find_config(configs_dir: Path, parts: tuple[str, ...]) -> list[Path]:
    """Return the files of a path without suffix: none, one, or two (a mistake), .yml first."""
    stem = configs_dir.joinpath(*parts)
    files = (stem.with_name(stem.name + suffix) for suffix in SUFFIXES)
    return [file for file in files if os.path.exists(file)]  # noqa: PTH110 - pathlib raises where a name is too long


def find_configs(configs_dir: Path, problems: list[Problem]) -> Iterator[ConfigFile]:
    """Yield every config that may declare pipelines, ordered by path.

    Args:
        configs_dir: The folder of the configs.
        problems: Collects the folders that cannot be read, and symbolic links, which are not followed.
    """

    def report(folder: Path, message: str) -> None:
        problems.append(Problem(show_path(configs_dir, folder), 1, 1, "", message, "unreadable"))

    def report_error(error: OSError) -> None:
        reason = (error.strerror or "unknown reason").lower()
        report(Path(error.filename), f"this folder cannot be read: {reason}")

    for folder, folders, names in os.walk(configs_dir, onerror=report_error):
        above = Path(folder).relative_to(configs_dir).parts
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and (*above, name) != (ENVIRONMENTS,)
        )
        for link in filter(Path.is_symlink, (Path(folder, name) for name in folders)):
            report(link, "this folder is a symbolic link, which is not followed; move the folder itself here")
        yield from _configs_of_folder(configs_dir, above, names)


def show_path(configs_dir: Path, file: Path) -> str:
    """Return a file's path as people see it, starting with the configs' folder; bytes that are not UTF-8 as escapes."""
    path = (Path(configs_dir.name) / file.relative_to(configs_dir)).as_posix()
    return path.encode(errors="backslashreplace").decode()


def twin_problem(path: str, loaded: str) -> Problem:
    """Return the problem of a file that is ignored because another one of its name is loaded."""
    message = f"is ignored, since {loaded} defines the same pipelines and is the one that is loaded; remove one of the two files"
    return Problem(path, 1, 1, "", message, TWIN_FILES)


def newcomer_problem(path: str, holder: str) -> Problem:
    """Return the problem of a new file that is loaded in place of an existing one of its name."""
    message = f"replaces {holder}, which existed before and is no longer loaded; remove one of the two files"
    return Problem(path, 1, 1, "", message, TWIN_FILES)


def _configs_of_folder(configs_dir: Path, above: tuple[str, ...], names: list[str]) -> Iterator[ConfigFile]:
    stems = sorted(
        {name.removesuffix(".yml").removesuffix(".yaml") for name in names if name.endswith(SUFFIXES)}
    )
    for stem in stems:
        if stem != DEFAULTS:
            parts = (*above, stem)
            files = [
                configs_dir.joinpath(*above, stem + suffix) for suffix in SUFFIXES if stem + suffix in names
            ]
            yield ConfigFile(files, parts, _check_path(show_path(configs_dir, files[0]), parts))
    for name in sorted(name for name in names if name.lower().endswith(SUFFIXES)):
        stem, suffix = os.path.splitext(name)  # noqa: PTH122
        if suffix not in SUFFIXES:
            file = configs_dir.joinpath(*above, name)
            message = f'ends with "{suffix}", which is ignored; rename the file to {stem}{suffix.lower()}'
            yield ConfigFile(
                [file], (*above, stem), Problem(show_path(configs_dir, file), 1, 1, "", message, "bad-name")
            )


def _check_path(path: str, parts: tuple[str, ...]) -> Problem | None:
    for part in parts:
        if message := check_name(part):
            return Problem(path, 1, 1, "", message, "bad-name")
    for folder in parts[:-1]:
        if len(folder) > MAX_TAG_LENGTH:
            message = f'is in the folder "{folder[:60]}...", whose name becomes a tag of {len(folder)} characters; Airflow allows {MAX_TAG_LENGTH}, so shorten it'
            return Problem(path, 1, 1, "", message, "bad-name")
    if (length := len(join_dag_id(parts))) > MAX_DAG_ID_LENGTH:
        message = (
            f"has a DAG id of {length} characters; Airflow allows {MAX_DAG_ID_LENGTH}, so shorten the names"
        )
        return Problem(path, 1, 1, "", message, "bad-id")
    return None
