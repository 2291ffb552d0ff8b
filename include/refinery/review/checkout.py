"""Lay a version's configs and model modules out in a private temporary folder, and load them there as data."""

from __future__ import annotations

import posixpath
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from refinery.config import ENVIRONMENTS, LOCAL, SUFFIXES, load_project, needs_environment
from refinery.config.secret_detectors import detect_tokens
from refinery.model_sources import MODELS
from refinery.review.errors import ReviewError
from refinery.wording import suggest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refinery.config import CheckClass, Project
    from refinery.review.versions import Snapshot

CONFIGS = "configs"

# Links that lead out of the version would show other files of the machine; configs that are links are refused anyway.
_ANY_FILE = "/dev/null"
_MAX_LINKS = 10


@dataclass(frozen=True, slots=True)
class Sides:
    """Both versions of a project, resolved for one environment.

    Attributes:
        environment: The environment.
        base: The project before; None for an environment that the change adds.
        head: The project after; None for an environment that the change removes.
        notes: How they were read.
        is_removed: Whether the change removes the environment.
    """

    environment: str
    base: Project | None
    head: Project | None
    notes: tuple[str, ...] = ()
    is_removed: bool = False


def load_versions(
    base: Snapshot, head: Snapshot, environment: str | None, check_class: CheckClass | None = None
) -> tuple[Sides, ...]:
    """Load the pipelines of two versions; no code of either is run.

    Args:
        base: The files before.
        head: The files after.
        environment: The environment to resolve the configs for; None for each that one of the versions has.
        check_class: As of `load_project`, for head.

    Raises:
        ReviewError: Neither has the environment.
    """
    if environment is not None and not {environment} & {*_environments(base), *_environments(head)}:
        raise ReviewError(f"before and after the change {_unknown_environment(base, head, environment)}")
    names = [environment] if environment else sorted({*_environments(base), *_environments(head)})
    with tempfile.TemporaryDirectory(prefix="refinery-plan-") as folder:
        root = Path(folder)
        _lay_out(head, None, root)
        after = {name: _load(root, name, check_class) for name in names if name in _environments(head)}
        _lay_out(base, head, root)
        before = {
            name: after[name] if name in after and _is_same(base, head, name) else _load_base(root, name)
            for name in names
            if name in _environments(base)
        }
        if environment and (missing := _missing(environment, base, head)):
            _lay_out(missing, base, root)
            without = _load(root, LOCAL, check_class) if missing is head else _load_base(root, LOCAL)
            both = before.get(environment, without), after.get(environment, without)
            note = f'{missing.version.name} has no environment "{environment}"; its configs are read without one.'
            return (Sides(environment, *both, (note,), is_removed=missing is head),)
    sides = [_sides(name, before.get(name), after.get(name)) for name in names]
    return tuple(one for one in sides if not _is_no_environment(one, sides, base, head))


def _missing(environment: str, base: Snapshot, head: Snapshot) -> Snapshot | None:
    """Return the version that does not have an environment."""
    return next((one for one in (base, head) if environment not in _environments(one)), None)


def _sides(environment: str, before: Project | None, after: Project | None) -> Sides:
    """Put both versions side by side; an environment that only one of them has is not compared."""
    note = f'The environment "{environment}" is new: its configs are checked and not compared.'
    notes = (note,) if before is None else ()
    return Sides(environment, before, after, notes, is_removed=after is None)


def _load(root: Path, environment: str, check_class: CheckClass | None) -> Project:
    return load_project(
        root / CONFIGS,
        models_dir=root / MODELS,
        environment=environment,
        check_class=check_class,
        detect=detect_tokens,
    )


def _load_base(root: Path, environment: str) -> Project:
    """Load a version to compare with: an error in it must not hide what the change does."""
    return load_project(
        root / CONFIGS,
        models_dir=root / MODELS,
        environment=environment,
        detect=detect_tokens,
        with_errors=True,
    )


def _environments(snapshot: Snapshot) -> frozenset[str]:
    """Return the environments of a version: those with a file, and "local", which needs none."""
    return frozenset({LOCAL, *(PurePosixPath(path).stem for path in _environment_files(snapshot))})


def _environment_files(snapshot: Snapshot) -> Iterator[str]:
    return (path for path in snapshot.digests(f"{CONFIGS}/{ENVIRONMENTS}/") if path.endswith(SUFFIXES))


def _unknown_environment(base: Snapshot, head: Snapshot, name: str) -> str:
    known = sorted({*_environments(base), *_environments(head)} - {LOCAL})
    return f'there is no environment "{name}"{suggest_name(name, known)}'


def _is_same(base: Snapshot, head: Snapshot, environment: str) -> bool:
    """Return whether an environment reads the same files in both versions."""
    before, after = _digests(base), _digests(head)
    files = {*_environment_files(base), *_environment_files(head)}
    others = {path for path in files if PurePosixPath(path).stem != environment}
    return all(before.get(path) == after.get(path) for path in {*before, *after} - others)


def _is_no_environment(sides: Sides, others: Sequence[Sides], base: Snapshot, head: Snapshot) -> bool:
    """Return whether "local" has no file, and configs need one: then nobody runs them so."""
    files = [path for one in (base, head) for path in _environment_files(one)]
    if sides.environment != LOCAL or any(PurePosixPath(path).stem == LOCAL for path in files):
        return False
    is_alone = not any(one.base and one.head for one in others if one is not sides)
    both = [one for one in (sides.base, sides.head) if one]
    return not is_alone and all(needs_environment(one.problems) for one in both)


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
