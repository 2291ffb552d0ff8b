"""Find the project that Refinery works on: the same way for every command, loader and operator."""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from refinery.errors import RefineryError
from refinery.spec.libraries import ALLOWED_LIBRARIES
from refinery.wording import shown, suggestion

ROOT_VARIABLE = "REFINERY_PROJECT"
ENVIRONMENT_VARIABLE = "REFINERY_ENV"
# The folder from which `refinery` is imported: `include` of a checkout, or the packages of an environment.
LIBRARY = Path(__file__).resolve().parents[1]
PYPROJECT = "pyproject.toml"
CONFIGS = "configs"
_TABLE = "tool.refinery"
# The plan reads its own table below this one, for each of the versions that it compares.
_OTHERS = ("plan",)


@dataclass(frozen=True, slots=True)
class _Settings:
    """The keys of [tool.refinery]."""

    configs: str = CONFIGS
    environment: str = "local"
    libraries: tuple[str, ...] = ALLOWED_LIBRARIES


@dataclass(frozen=True, slots=True)
class Project:
    """The folders of one project, and its environment.

    Attributes:
        root: The project's folder.
        configs: The folder of the configs.
        environment: The environment of the configs, unless a command names another.
        libraries: The libraries whose classes configs may name.
    """

    root: Path
    configs: Path
    environment: str
    libraries: tuple[str, ...] = ALLOWED_LIBRARIES

    @property
    def models(self) -> Path:
        """The folder of the model modules. Pickles refer to `include.models`, so it is not a setting."""
        return self.root / "include" / "models"

    @property
    def sample_data(self) -> Path:
        """The data of the embedded S3 server, one folder per bucket: the project's, or else Refinery's."""
        own = self.root / "include" / "sample_data"
        return (
            own if own.is_dir() else LIBRARY / "refinery" / "scaffold" / "files" / "include" / "sample_data"
        )

    @classmethod
    def at(cls, root: Path) -> Project:
        """Read the settings of a project: REFINERY_ENV, then [tool.refinery] of its pyproject.toml, then the defaults.

        Raises:
            RefineryError: The table has an unknown key, or a value of another type.
        """
        settings = _read_settings(root / PYPROJECT)
        environment = os.environ.get(ENVIRONMENT_VARIABLE) or settings.environment
        return cls(root, root / settings.configs, environment, settings.libraries)


def find_project(start: Path | None = None) -> Project:
    """Find the project: the folder that REFINERY_PROJECT names, else the nearest with `configs` or [tool.refinery] in it.

    Args:
        start: Where to start; then each folder above it. Default: the working directory.

    Returns:
        The project; if there is none, the one that `start` would be.

    Raises:
        RefineryError: The settings are invalid; see `Project.at`.
    """
    if named := os.environ.get(ROOT_VARIABLE):
        return Project.at(Path(named).absolute())
    start = (start or Path()).absolute()
    return Project.at(next((folder for folder in (start, *start.parents) if _is_project(folder)), start))


def allowed_libraries(pyproject: str) -> tuple[str, ...]:
    """Return the libraries whose classes configs may name, from the text of a pyproject.toml.

    Raises:
        RefineryError: The settings are invalid; see `Project.at`.
    """
    return _parse_settings(pyproject, Path(PYPROJECT)).libraries


def python_path(root: Path) -> str:
    """Return the PYTHONPATH for a process that imports `refinery` and the project's `include.models`."""
    return os.pathsep.join((str(root), str(LIBRARY)))


def put_library_last() -> None:
    """Move the library's folder to the end of the path, so that `models` and `sample_data` beside it hide no package."""
    library = str(LIBRARY)
    if library in sys.path:
        sys.path[:] = [*(entry for entry in sys.path if entry != library), library]


def _is_project(folder: Path) -> bool:
    file = folder / PYPROJECT
    return (folder / CONFIGS).is_dir() or bool(_parse_table(_read(file), file))


def _read_settings(file: Path) -> _Settings:
    return _parse_settings(_read(file), file)


def _parse_settings(text: str, file: Path) -> _Settings:
    table = _parse_table(text, file)
    known = [one.name for one in fields(_Settings)]
    for key, value in table.items():
        if key in _OTHERS:
            continue
        if key not in known:
            raise RefineryError(f"{file}: {_TABLE}.{key}: unknown key{suggestion(key, known)}")
        if key == "libraries":
            _check_libraries(value, f"{file}: {_TABLE}.{key}")
        elif not isinstance(value, str) or not value:
            raise RefineryError(f"{file}: {_TABLE}.{key}: expected text; found {shown(value)}")
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return _Settings(**{key: value for key, value in given.items() if key in known})


def _check_libraries(value: object, where: str) -> None:
    if not isinstance(value, list) or not value:
        raise RefineryError(f'{where}: expected a list such as ["sklearn", "xgboost"]; found {shown(value)}')
    for name in value:
        if not isinstance(name, str) or not name.isidentifier():
            raise RefineryError(
                f"{where}: {shown(name)} is not the name under which a library is imported, such as sklearn"
            )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _parse_table(text: str, file: Path) -> dict[str, Any]:
    if f"[{_TABLE}" not in text:
        return {}
    try:
        table: dict[str, Any] = tomllib.loads(text)["tool"]["refinery"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise RefineryError(f"{file}: is not valid TOML: {error}") from error
    return table
