"""Lays a version's configs and model modules out in a private temporary folder, and loads them there as data."""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from include.config import load_project
from include.config.layers.environment import LOCAL
from include.config.layers.names import SUFFIXES

if TYPE_CHECKING:
    from include.config import Project
    from include.review.versions import Snapshot

CONFIGS = "configs"
MODELS = "include/models"

# Links that lead out of the version would show other files of the machine; configs that are links are refused anyway.
_ANY_FILE = "/dev/null"
_MAX_LINKS = 10


def load_version(snapshot: Snapshot, environment: str) -> tuple[Project, tuple[str, ...]]:
    """Load a version's pipelines; no code of it is run.

    Args:
        snapshot: Its files.
        environment: The environment to resolve the configs for.

    Returns:
        The pipelines and problems; and a note where the version has no such environment and was read without one.
    """
    with tempfile.TemporaryDirectory(prefix="refinery-plan-") as folder:
        root = Path(folder)
        _lay_out(snapshot, root)
        project = _load(root, environment)
        if environment != LOCAL and any(one.code == "unknown-environment" for one in project.problems):
            note = f'{snapshot.version.name} has no environment "{environment}"; its configs are read without one.'
            return _load(root, LOCAL), (note,)
        return project, ()


def _load(root: Path, environment: str) -> Project:
    return load_project(root / CONFIGS, models_dir=root / MODELS, environment=environment)


def _lay_out(snapshot: Snapshot, root: Path) -> None:
    (root / CONFIGS).mkdir()
    (root / MODELS).mkdir(parents=True)
    contents = {path: snapshot.entries[path] for path in snapshot.entries if _is_read(path)}
    files = [path for path, entry in contents.items() if not entry.is_link]
    for path, content in snapshot.read(files).items():
        _place(root, path).write_bytes(content)
    for path in contents.keys() - set(files):
        if path.startswith(f"{CONFIGS}/"):
            _place(root, path).symlink_to(_ANY_FILE)
        elif target := _follow(snapshot, path):
            _place(root, path).write_bytes(snapshot.read([target])[target])


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
