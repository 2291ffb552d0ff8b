"""Lays a version's configs and model modules out in a private temporary folder, and loads them there as data."""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from include.config import load_project
from include.config.layers.environment import LOCAL
from include.config.layers.names import SUFFIXES
from include.model_sources import MODELS
from include.review.errors import UnknownEnvironmentError

if TYPE_CHECKING:
    from include.config import Project
    from include.review.versions import Snapshot

CONFIGS = "configs"

# Links that lead out of the version would show other files of the machine; configs that are links are refused anyway.
_ANY_FILE = "/dev/null"
_MAX_LINKS = 10


def load_versions(
    base: Snapshot, head: Snapshot, environment: str
) -> tuple[Project, Project, tuple[str, ...]]:
    """Load the pipelines of two versions; no code of either is run.

    Args:
        base: The files before.
        head: The files after.
        environment: The environment to resolve the configs for.

    Returns:
        Base's pipelines and problems; head's; and notes on how they were read.

    Raises:
        UnknownEnvironmentError: Neither has the environment.
    """
    with tempfile.TemporaryDirectory(prefix="refinery-plan-") as folder:
        root = Path(folder)
        after, unknown_after = _load(head, None, root, environment)
        if _digests(base) == _digests(head):
            before, unknown_before = after, unknown_after
        else:
            before, unknown_before = _load(base, head, root, environment)
    if unknown_before and unknown_after:
        raise UnknownEnvironmentError(unknown_after)
    one_sided = ((base, unknown_before), (head, unknown_after))
    return before, after, tuple(_note(side, environment) for side, unknown in one_sided if unknown)


def _load(
    snapshot: Snapshot, laid_out: Snapshot | None, root: Path, environment: str
) -> tuple[Project, str | None]:
    """Load a version in a folder where another one may lie, of which only what differs is replaced.

    Returns:
        The project; and what is wrong with the environment where it has none of that name, so that it was read without.
    """
    _lay_out(snapshot, laid_out, root)
    project = load_project(root / CONFIGS, models_dir=root / MODELS, environment=environment)
    unknown = next((one.message for one in project.problems if one.code == "unknown-environment"), None)
    if environment == LOCAL or unknown is None:
        return project, None
    return load_project(root / CONFIGS, models_dir=root / MODELS), unknown


def _note(snapshot: Snapshot, environment: str) -> str:
    return f'{snapshot.version.name} has no environment "{environment}"; its configs are read without one.'


def _digests(snapshot: Snapshot) -> dict[str, str]:
    return {path: entry.digest for path, entry in snapshot.entries.items() if _is_read(path)}


def _lay_out(snapshot: Snapshot, laid_out: Snapshot | None, root: Path) -> None:
    here = _digests(laid_out) if laid_out else {}
    wanted = _digests(snapshot)
    for path, digest in here.items():
        if wanted.get(path) != digest:
            _remove(root, path)
    (root / CONFIGS).mkdir(exist_ok=True)
    (root / MODELS).mkdir(parents=True, exist_ok=True)
    new = [path for path, digest in wanted.items() if here.get(path) != digest]
    files = [path for path in new if not snapshot.entries[path].is_link]
    for path, content in snapshot.read(files).items():
        _place(root, path).write_bytes(content)
    for path in new:
        if snapshot.entries[path].is_link:
            _lay_out_link(snapshot, path, root)


def _lay_out_link(snapshot: Snapshot, path: str, root: Path) -> None:
    if path.startswith(f"{CONFIGS}/"):
        _place(root, path).symlink_to(_ANY_FILE)
    elif target := _follow(snapshot, path):
        _place(root, path).write_bytes(snapshot.read([target])[target])


def _remove(root: Path, path: str) -> None:
    """Remove a file, and the folders that it leaves empty: another version may have files of their names."""
    file = root / path
    file.unlink(missing_ok=True)  # a link that leads elsewhere was not laid out
    for folder in file.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()


def _is_read(path: str) -> bool:
    # git itself never makes such names; a hand-made tree could.
    is_clean = not {"", ".", ".."} & set(path.split("/"))
    is_config = path.startswith(f"{CONFIGS}/") and path.endswith(SUFFIXES)
    return is_clean and (is_config or (path.startswith(f"{MODELS}/") and path.endswith(".py")))


def _place(root: Path, path: str) -> Path:
    file = root / PurePosixPath(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _follow(snapshot: Snapshot, path: str) -> str | None:
    """Return the file of the version that a link leads to; None where it leads elsewhere."""
    for _ in range(_MAX_LINKS):
        entry = snapshot.entries.get(path)
        if entry is None or not entry.is_link:
            return path if entry else None
        target = snapshot.read([path])[path].decode(errors="replace")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return None
