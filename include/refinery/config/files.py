"""Find the config files of a project, and check their names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.config.folder import show_path
from refinery.config.problems import Problem
from refinery.spec.names import (
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

    from refinery.config.folder import ConfigFolder

TWIN_FILES = "twin-files"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that may declare pipelines.

    Attributes:
        files: Its path in the configs' folder; two if another file differs only in its suffix.
        parts: Its path below the configs' folder, without suffix.
        problem: Why its name cannot become a DAG id; None if it can.
    """

    files: list[str]
    parts: tuple[str, ...]
    problem: Problem | None = None


def find_config(folder: ConfigFolder, parts: tuple[str, ...]) -> list[str]:
    """Return the files of a path without suffix: none, one, or two (a mistake), .yml first."""
    stem = "/".join(parts)
    return [file for file in (stem + suffix for suffix in SUFFIXES) if folder.has(file)]


def find_configs(folder: ConfigFolder, problems: list[Problem]) -> Iterator[ConfigFile]:
    """Yield every config that may declare pipelines, ordered by path.

    Args:
        folder: The folder of the configs.
        problems: Collects what is wrong with folders; see `ConfigFolder`.
    """
    for above, names in folder.walk(ENVIRONMENTS, problems):
        yield from _configs_of_folder(folder, above, names)


def find_environment_files(folder: ConfigFolder) -> list[str]:
    """Return the files of all environments, sorted."""
    names = sorted(folder.names(ENVIRONMENTS))
    return [f"{ENVIRONMENTS}/{name}" for name in names if name.endswith(SUFFIXES)]


def twin_problem(path: str, loaded: str) -> Problem:
    """Return the problem of a file that is ignored because another one of its name is loaded."""
    message = f"is ignored, since {loaded} defines the same pipelines and is the one that is loaded; remove one of the two files"
    return Problem(path, 1, 1, "", message, TWIN_FILES)


def newcomer_problem(path: str, holder: str) -> Problem:
    """Return the problem of a new file that is loaded in place of an existing one of its name."""
    message = f"replaces {holder}, which existed before and is no longer loaded; remove one of the two files"
    return Problem(path, 1, 1, "", message, TWIN_FILES)


def _configs_of_folder(
    folder: ConfigFolder, above: tuple[str, ...], names: list[str]
) -> Iterator[ConfigFile]:
    prefix = "".join(f"{name}/" for name in above)
    known = set(names)
    stems = sorted(
        {name.removesuffix(".yml").removesuffix(".yaml") for name in names if name.endswith(SUFFIXES)}
    )
    for stem in stems:
        if stem != DEFAULTS:
            parts = (*above, stem)
            files = [f"{prefix}{stem}{suffix}" for suffix in SUFFIXES if stem + suffix in known]
            yield ConfigFile(files, parts, _check_path(folder, files[0], parts))
    for name in sorted(name for name in names if name.lower().endswith(SUFFIXES)):
        stem, suffix = os.path.splitext(name)  # noqa: PTH122
        if suffix not in SUFFIXES:
            file = prefix + name
            message = f'ends with "{suffix}", which is ignored; rename the file to {stem}{suffix.lower()}'
            yield ConfigFile(
                [file], (*above, stem), Problem(show_path(folder, file), 1, 1, "", message, "bad-name")
            )


def _check_path(folder: ConfigFolder, file: str, parts: tuple[str, ...]) -> Problem | None:
    def refuse(message: str, code: str) -> Problem:
        return Problem(show_path(folder, file), 1, 1, "", message, code)

    for part in parts:
        if message := check_name(part):
            return refuse(message, "bad-name")
    for name in parts[:-1]:
        if len(name) > MAX_TAG_LENGTH:
            message = f'is in the folder "{name[:60]}...", whose name becomes a tag of {len(name)} characters; Airflow allows {MAX_TAG_LENGTH}, so shorten it'
            return refuse(message, "bad-name")
    if (length := len(join_dag_id(parts))) > MAX_DAG_ID_LENGTH:
        message = (
            f"has a DAG id of {length} characters; Airflow allows {MAX_DAG_ID_LENGTH}, so shorten the names"
        )
        return refuse(message, "bad-id")
    return None
