"""The environments of a project, and what is wrong in several of them, reported once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from refinery.config.problems import sort_problems
from refinery.config.resolve.environment import LOCAL
from refinery.spec.names import ENVIRONMENTS, SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from refinery.config.problems import Problem


def find_environments(configs_dir: Path) -> tuple[str, ...]:
    """Return the names of a project's environments: those with a file, and "local", which needs none."""
    folder = configs_dir / ENVIRONMENTS
    files = folder.iterdir() if folder.is_dir() else ()
    return tuple(sorted({LOCAL, *(file.stem for file in files if file.suffix in SUFFIXES)}))


def needs_environment(problems: Iterable[Problem]) -> bool:
    """Return whether configs that were read without an environment's file use variables that only such a file declares."""
    return any(problem.code == "unknown-variable" for problem in problems)


def merge_problems(by_environment: Mapping[str, Iterable[Problem]]) -> tuple[Problem, ...]:
    """Report once what is wrong in every environment, and name the environments of everything else."""
    found: dict[Problem, list[str]] = {}
    for environment, problems in by_environment.items():
        for problem in problems:
            found.setdefault(problem, []).append(environment)
    return sort_problems(
        problem if len(names) == len(by_environment) else _with_environments(problem, names)
        for problem, names in found.items()
    )


def _with_environments(problem: Problem, names: list[str]) -> Problem:
    if PurePosixPath(problem.path).parts[1:2] == (ENVIRONMENTS,):
        return problem
    kind = "environment" if len(names) == 1 else "environments"
    return replace(problem, message=f"{problem.message} ({kind} {', '.join(names)})")
