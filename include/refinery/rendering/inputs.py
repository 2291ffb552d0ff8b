"""Digest everything that a rendered pipeline depends on, so that an unchanged one need not be rendered again."""

from __future__ import annotations

import errno
import os
import sys
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.config_file import read_config_file
from refinery.spec.names import DEFAULTS, ENVIRONMENTS, SUFFIXES, split_dag_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.project import Project


def pipeline_inputs(project: Project, dag_id: str) -> bytes | None:
    """Return a digest of the files that one pipeline is rendered from, of the code that renders it, and of the environment.

    Args:
        project: The project.
        dag_id: The id of the pipeline's DAG.

    Returns:
        The digest; None if the id is not valid or a file cannot be read.
    """
    parts = split_dag_id(dag_id)
    if parts is None:
        return None
    defaults = ("/".join((*parts[:depth], DEFAULTS)) for depth in range(len(parts)))
    stems = ("/".join(parts), *defaults, f"{ENVIRONMENTS}/{project.environment}")
    inputs = _Inputs(project.configs.name, dag_id, project.environment)
    try:
        for file in (f"{project.configs}/{stem}{suffix}" for stem in stems for suffix in SUFFIXES):
            inputs.add_file(file)
    except OSError:
        return None
    return inputs.digest()


def project_inputs(project: Project, executor: str | None) -> bytes | None:
    """Return a digest of all files of a project's configs and models, of the code, of the environment, and of the executor.

    Args:
        project: The project.
        executor: The executor that may run steps on several machines, if one does.

    Returns:
        The digest; None if a file cannot be read.
    """
    inputs = _Inputs(project.configs.name, project.environment, str(executor), *project.libraries)
    try:
        inputs.add_file(f"{project.root}/.git/config")  # which says where the docs' links lead
        for root, suffixes in ((project.configs, SUFFIXES), (project.models, (".py",))):
            for entry in _walk(str(root)):
                inputs.add(entry)
                if entry.lower().endswith(suffixes):
                    inputs.add_file(entry)
    except OSError:
        return None
    return inputs.digest()


class _Inputs:
    """A digest of texts and files, each with its length, so that no two sequences are alike."""

    def __init__(self, *texts: str) -> None:
        self._digest = blake2b(CODE, digest_size=16)
        for text in (*texts, *_installed()):
            self.add(text)

    def add(self, text: str) -> None:
        self._add(os.fsencode(text))

    def add_file(self, path: str) -> None:
        """Add a file's bytes, or that it is missing.

        Raises:
            OSError: It cannot be read, or is not a regular file.
        """
        try:
            self._add(read_config_file(path))
        except (FileNotFoundError, NotADirectoryError):
            self._digest.update(b"-")

    def digest(self) -> bytes:
        return self._digest.digest()

    def _add(self, data: bytes) -> None:
        self._digest.update(b"%d:" % len(data))
        self._digest.update(data)


def _walk(folder: str) -> Iterator[str]:
    """Yield the path of everything below a folder, in a fixed order.

    Raises:
        OSError: A folder cannot be read, or there is a link, behind which anything may change.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 - many paths, as texts
        return
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_symlink():
            raise OSError(errno.ELOOP, "a symbolic link", entry.path)
        yield entry.path
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith((".", "__pycache__")):
            yield from _walk(entry.path)


def _installed() -> Iterator[str]:
    """Yield what changes when a package is installed or removed."""
    for folder in sys.path:
        if folder.endswith("-packages"):
            yield f"{folder} {os.stat(folder).st_mtime_ns if os.path.isdir(folder) else None}"  # noqa: PTH112, PTH116 - see above


def _code_version() -> bytes:
    """Return what changes when Refinery's code does: its files' sizes and times, by which Python finds stale bytecode, too."""
    root = Path(__file__).parents[1]
    folders = (root, *(root / name for name in ("config", "rendering", "spec")))
    files = (
        file for folder in folders for file in sorted(folder.glob("*.py" if folder is root else "**/*.py"))
    )
    facts = ((file.name, (status := file.stat()).st_size, status.st_mtime_ns) for file in files)
    return blake2b(repr((sys.version, list(facts))).encode()).digest()


# At import, when the files are those that this process runs: a task that is forked later may find newer ones.
CODE = _code_version()
