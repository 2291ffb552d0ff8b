"""Find the config files of a project, and say what is wrong with their names."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.config.layers.names import (
    DEFAULTS,
    ENVIRONMENTS,
    MAX_DAG_ID_LENGTH,
    SUFFIXES,
    check_name,
    join_dag_id,
)
from include.config.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that may declare pipelines.

    Attributes:
        file: Where it is.
        parts: Its path below the configs' folder, without suffix.
        problem: Why its name makes no DAG's id; None where it does.
    """

    file: Path
    parts: tuple[str, ...]
    problem: Problem | None = None


def find_config(configs_dir: Path, parts: tuple[str, ...]) -> list[Path]:
    """Return the files of a path without suffix: one, none, or two of which one is too many."""
    stem = configs_dir.joinpath(*parts)
    return [file for suffix in SUFFIXES if (file := stem.with_name(stem.name + suffix)).exists()]


def find_configs(configs_dir: Path, problems: list[Problem]) -> Iterator[ConfigFile]:
    """Find every config that may declare pipelines, in the order of their paths.

    Args:
        configs_dir: The folder of the configs.
        problems: Takes the folders that cannot be read, and those that are symbolic links, which are not followed.
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
            report(link, "this folder is a symbolic link, which is not followed; put the folder itself here")
        yield from _configs_of_folder(configs_dir, above, names)


def show_path(configs_dir: Path, file: Path) -> str:
    """Write a file's path as people see it, from the configs' folder on."""
    return (Path(configs_dir.name) / file.relative_to(configs_dir)).as_posix()


def twin_problem(path: str, twin: str) -> Problem:
    """Report two files of one name."""
    message = f"stands beside {twin}, and both would make the same pipelines; remove one"
    return Problem(path, 1, 1, "", message, "twin-files")


def _configs_of_folder(configs_dir: Path, above: tuple[str, ...], names: list[str]) -> Iterator[ConfigFile]:
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        stem = name.removesuffix(".yml").removesuffix(".yaml")
        if name.endswith(SUFFIXES) and stem != DEFAULTS:
            by_stem[stem].append(name)
    for stem, twins in by_stem.items():
        parts = (*above, stem)
        for name in twins:
            file = configs_dir.joinpath(*above, name)
            yield ConfigFile(file, parts, _check_path(show_path(configs_dir, file), parts, twins))


def _check_path(path: str, parts: tuple[str, ...], twins: list[str]) -> Problem | None:
    if len(twins) > 1:
        return twin_problem(path, next(name for name in twins if not path.endswith(f"/{name}")))
    for part in parts:
        if message := check_name(part):
            return Problem(path, 1, 1, "", message, "bad-name")
    if (length := len(join_dag_id(parts))) > MAX_DAG_ID_LENGTH:
        message = f"makes a DAG id of {length} characters; Airflow takes {MAX_DAG_ID_LENGTH}"
        return Problem(path, 1, 1, "", message, "bad-id")
    return None
