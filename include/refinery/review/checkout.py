"""Load two versions of a project as data: configs in memory, model modules in a private temporary folder."""

from __future__ import annotations

import posixpath
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from refinery.config import (
    ENVIRONMENTS,
    LOCAL,
    SUFFIXES,
    EnvironmentNeededError,
    MemoryFolder,
    Readings,
    load_project,
)
from refinery.config.secret_detectors import detect_tokens
from refinery.errors import RefineryError
from refinery.model_sources import MODELS
from refinery.project import PYPROJECT, allowed_libraries
from refinery.review.errors import ReviewError
from refinery.wording import suggest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refinery.config import CheckClasses, Project
    from refinery.review.versions import Snapshot

CONFIGS = "configs"

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
    base: Snapshot, head: Snapshot, environment: str | None, check_classes: CheckClasses | None = None
) -> tuple[Sides, ...]:
    """Load the pipelines of two versions; no code of either is run.

    Args:
        base: The files before.
        head: The files after.
        environment: The environment to resolve the configs for; None for each that one of the versions has.
        check_classes: As of `load_project`, for head.

    Raises:
        ReviewError: Neither has the environment.
    """
    if environment is not None and not {environment} & {*_environments(base), *_environments(head)}:
        raise ReviewError(f"before and after the change {_unknown_environment(base, head, environment)}")
    with tempfile.TemporaryDirectory(prefix="refinery-plan-") as folder:
        loader = _Loader(base, head, Path(folder), check_classes)
        if environment:
            return (_load_one(loader, environment),)
        names = sorted({*_environments(base), *_environments(head)})
        if LOCAL in names and loader.is_only_for_others():
            names.remove(LOCAL)
        sides = ((name, *loader.load(name)) for name in names)
        return tuple(_sides(name, before, after) for name, before, after in sides)


class _Loader:
    """Loads both versions for one environment after the other; no text is read or parsed twice."""

    def __init__(
        self, base: Snapshot, head: Snapshot, root: Path, check_classes: CheckClasses | None
    ) -> None:
        """Take the versions, and write their model modules into a folder, where they are looked at."""
        self.base, self.head = base, head
        self._check_classes = check_classes
        self._readings = Readings(detect_tokens)
        self._heads: dict[str, Project] = {}
        after = _read_configs(head, {})
        self._after = MemoryFolder(CONFIGS, after)
        self._before = MemoryFolder(
            CONFIGS,
            _read_configs(base, {path: after[_below(path)] for path in _unchanged(base, head)}),
        )
        self._libraries = read_libraries(head)
        self._head_models = _lay_out_models(head, root / "head")
        self._base_models = _lay_out_models(base, root / "base")

    def load(self, environment: str) -> tuple[Project | None, Project | None]:
        """Load the versions that have an environment."""
        after = self.load_head(environment) if environment in _environments(self.head) else None
        if environment not in _environments(self.base):
            return None, after
        if after and _is_same(self.base, self.head, environment):
            return after, after
        return self.load_base(environment, after), after

    def load_head(self, environment: str, *, is_optional: bool = False) -> Project:
        """Load the version after, once for each environment; see `load_project`."""
        if environment not in self._heads:
            self._heads[environment] = load_project(
                self._after,
                models_dir=self._head_models,
                environment=environment,
                libraries=self._libraries,
                check_classes=self._check_classes,
                readings=self._readings,
                is_optional=is_optional,
            )
        return self._heads[environment]

    def load_base(
        self, environment: str, after: Project | None = None, *, is_optional: bool = False
    ) -> Project:
        """Load the version before: an error in it must not hide what the change does."""
        return load_project(
            self._before,
            models_dir=self._base_models,
            environment=environment,
            libraries=self._libraries,
            with_errors=True,
            readings=self._readings,
            former=after,
            is_optional=is_optional,
        )

    def is_only_for_others(self) -> bool:
        """Return whether "local" has no file, and the configs of both versions need one: then nobody runs them so."""
        files = [path for one in (self.base, self.head) for path in _environment_files(one)]
        others = (_environments(self.base) & _environments(self.head)) - {LOCAL}
        if not others or any(PurePosixPath(path).stem == LOCAL for path in files):
            return False
        try:
            self.load_head(LOCAL, is_optional=True)
        except EnvironmentNeededError:
            pass
        else:
            return False
        try:
            self.load_base(LOCAL, is_optional=True)
        except EnvironmentNeededError:
            return True
        return False


def read_libraries(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the libraries whose classes a version's configs may name.

    Raises:
        ReviewError: Its [tool.refinery] is invalid.
    """
    read = snapshot.read([PYPROJECT]) if PYPROJECT in snapshot.entries else {}
    try:
        return allowed_libraries(read.get(PYPROJECT, b"").decode(errors="replace"))
    except RefineryError as error:
        raise ReviewError(str(error)) from error


def _load_one(loader: _Loader, environment: str) -> Sides:
    """Load one environment; a version that does not have it is read without one."""
    before, after = loader.load(environment)
    missing = _missing(environment, loader.base, loader.head)
    if missing is None:
        return Sides(environment, before, after)
    note = f'{missing.version.name} has no environment "{environment}"; its configs are read without one.'
    is_removed = missing is loader.head
    before, after = before or loader.load_base(LOCAL), after or loader.load_head(LOCAL)
    return Sides(environment, before, after, (note,), is_removed=is_removed)


def _missing(environment: str, base: Snapshot, head: Snapshot) -> Snapshot | None:
    """Return the version that does not have an environment."""
    return next((one for one in (base, head) if environment not in _environments(one)), None)


def _sides(environment: str, before: Project | None, after: Project | None) -> Sides:
    """Put both versions side by side; an environment that only one of them has is not compared."""
    note = f'The environment "{environment}" is new: its configs are checked and not compared.'
    notes = (note,) if before is None else ()
    return Sides(environment, before, after, notes, is_removed=after is None)


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


def _digests(snapshot: Snapshot) -> dict[str, str]:
    return {path: entry.digest for path, entry in snapshot.entries.items() if _is_read(path)}


def _unchanged(base: Snapshot, head: Snapshot) -> list[str]:
    """Return the configs that are the same in both versions."""
    after = {path: (entry.digest, entry.is_link) for path, entry in head.entries.items()}
    return [
        path
        for path in _configs(base)
        if after.get(path) == (base.entries[path].digest, base.entries[path].is_link)
    ]


def _configs(snapshot: Snapshot) -> list[str]:
    return [path for path in snapshot.entries if _is_read(path) and path.startswith(f"{CONFIGS}/")]


def _read_configs(snapshot: Snapshot, known: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """Return the bytes of each config by its path below configs/; None for a link.

    Args:
        snapshot: The version.
        known: Those that need not be read again, by their whole path.
    """
    paths = _configs(snapshot)
    contents = snapshot.read(
        [path for path in paths if path not in known and not snapshot.entries[path].is_link]
    )
    return {_below(path): known[path] if path in known else contents.get(path) for path in paths}


def _below(path: str) -> str:
    return path.removeprefix(f"{CONFIGS}/")


def _lay_out_models(snapshot: Snapshot, root: Path) -> Path:
    """Write the model modules of a version below a folder, and return the folder of the modules."""
    folder = root / MODELS
    folder.mkdir(parents=True)
    targets = {path: _follow(snapshot, path) for path in _digests(snapshot) if path.startswith(f"{MODELS}/")}
    # A link that leads out of the version would show other files of the machine.
    contents = snapshot.read([target for target in targets.values() if target])
    for path, target in targets.items():
        if target:
            file = root / PurePosixPath(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents[target])
    return folder


def _is_read(path: str) -> bool:
    # git itself never makes such names; a hand-made tree could.
    is_clean = not {"", ".", ".."} & set(path.split("/"))
    is_config = path.startswith(f"{CONFIGS}/") and path.endswith(SUFFIXES)
    return is_clean and (is_config or (path.startswith(f"{MODELS}/") and path.endswith(".py")))


def _follow(snapshot: Snapshot, path: str) -> str | None:
    """Return the file of the version that a link leads to; None where it leads elsewhere."""
    for _ in range(_MAX_LINKS):
        entry = snapshot.entries.get(path)
        if entry is None or not entry.is_link:
            return path if entry else None
        target = snapshot.read([path])[path].decode(errors="replace")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return None
