"""Plan the files of a new project, or those that an existing Airflow project lacks."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import yaml

from refinery import __version__
from refinery.config import project_schema
from refinery.project import CONFIGS
from refinery.scaffold.changes import Action, Change

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

DISTRIBUTION = "airflow-refinery"
WHEELS = "wheels"
_REQUIREMENTS = PurePosixPath("requirements.txt")
_DOCKERFILE = PurePosixPath("Dockerfile")
_OVERRIDE = PurePosixPath("docker-compose.override.yml")
_SCHEMA = PurePosixPath("configs/schema.json")  # editors complete and check configs with it
# A package would leave out hidden files and folders, so these lose their dot.
_HIDDEN = ("gitignore", "dockerignore", "astro", "github")
# What an existing Airflow project lacks; it has the rest in its own form.
_ADDED = ("configs/", "dags/", "include/models/")
_SAMPLE_DATA = "include/sample_data/"
_WITH_CONFIGS = ("scheduler", "dag-processor", "api-server", "triggerer")
_MOUNT = "./configs:/usr/local/airflow/configs:ro,z"
_IMAGE_INSTALLS = f"""
# Install Refinery from the wheel in this project until a package index has it.
USER root
RUN pip install --no-cache-dir --root-user-action ignore /usr/local/airflow/{WHEELS}/*.whl
USER astro
"""


def plan_project(root: Path, wheel: Path | None = None) -> list[Change]:
    """Plan what makes a folder a project: all files of a new one, or those that an Airflow project lacks.

    A folder with `dags` or `airflow.cfg` in it is an Airflow project. No existing file is ever overwritten.

    Args:
        root: The folder; it need not exist.
        wheel: The wheel of Refinery, for a project that cannot install it from a package index. By default the one that this
            Refinery was installed from, if any.

    Returns:
        A change for each file, including those that are kept.
    """
    wheel = wheel or installed_wheel()
    exists = (root / "dags").is_dir() or (root / "airflow.cfg").is_file()
    added = _added(root) if exists else ("",)
    changes = [
        _create(root, path, content)
        for path, content in _templates(root, wheel)
        if str(path).startswith(added)
    ]
    if exists:
        changes += _additions(root, wheel)
    if wheel and (not exists or (root / _DOCKERFILE).is_file()):
        changes.append(_create(root, PurePosixPath(WHEELS, wheel.name), wheel.read_bytes()))
    return sorted(changes, key=lambda change: change.path)


def installed_wheel() -> Path | None:
    """Return the wheel that this Refinery was installed from; None for a checkout, or if it came from a package index."""
    try:
        origin = distribution(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    url = urlsplit(json.loads(origin)["url"]) if origin else None
    file = Path(url2pathname(url.path)) if url and url.scheme == "file" else None
    return file if file and file.suffix == ".whl" and file.is_file() else None


def _templates(root: Path, wheel: Path | None) -> Iterator[tuple[PurePosixPath, bytes]]:
    for path, content in _walk(files("refinery.scaffold") / "files", PurePosixPath()):
        match path:
            case PurePosixPath(parts=(".astro", "config.yaml")):
                yield path, content.replace(b"{name}", json.dumps(root.resolve().name).encode())
            case _ if path == _REQUIREMENTS:
                yield path, content if wheel else content + _requirement().encode()
            case _ if path == _DOCKERFILE:
                yield path, content + _IMAGE_INSTALLS.encode() if wheel else content
            case _:
                yield path, content
    if not (root / _SCHEMA).exists():  # then it is `refinery schema` that renews it
        yield _SCHEMA, f"{json.dumps(project_schema(root / CONFIGS), indent=2)}\n".encode()


def _walk(folder: Traversable, at: PurePosixPath) -> Iterator[tuple[PurePosixPath, bytes]]:
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.name == "__pycache__":
            continue
        path = at / (f".{one.name}" if not at.parts and one.name in _HIDDEN else one.name)
        if one.is_dir():
            yield from _walk(one, path)
        else:
            yield path, one.read_bytes()


def _added(root: Path) -> tuple[str, ...]:
    """Return the folders that get files; where a project has no sample data, that of Refinery is used."""
    return (*_ADDED, _SAMPLE_DATA) if (root / _SAMPLE_DATA).is_dir() else _ADDED


def _create(root: Path, path: PurePosixPath, content: bytes) -> Change:
    file = root / path
    if not file.exists():
        return Change(path, Action.CREATE, content)
    return Change(path, Action.KEEP if file.read_bytes() == content else Action.DIFFERS, content)


def _requirement() -> str:
    return f"{DISTRIBUTION}=={__version__}\n"


def _additions(root: Path, wheel: Path | None) -> Iterator[Change]:
    """Plan what is added to the files of an Airflow project."""
    if wheel is None and (root / _REQUIREMENTS).is_file():
        yield _append(root, _REQUIREMENTS, _requirement(), DISTRIBUTION)
    if wheel and (root / _DOCKERFILE).is_file():
        yield _append(root, _DOCKERFILE, _IMAGE_INSTALLS, f"/{WHEELS}/")
    if (root / ".astro").is_dir():
        yield _mount_configs(root)


def _append(root: Path, path: PurePosixPath, lines: str, sign: str) -> Change:
    """Add lines at the end of a file, unless it has their sign already."""
    old = (root / path).read_text("utf-8")
    if sign in old:
        return Change(path, Action.KEEP, old.encode())
    end = "" if not old or old.endswith("\n") else "\n"
    return Change(path, Action.ADD, f"{old}{end}{lines}".encode())


def _mount_configs(root: Path) -> Change:
    """Let Astro's containers see an edited config without a rebuild."""
    services = "".join(f"  {name}:\n    volumes:\n      - {_MOUNT}\n" for name in _WITH_CONFIGS)
    file = root / _OVERRIDE
    if not file.exists():
        return Change(_OVERRIDE, Action.CREATE, f"services:\n{services}".encode())
    old = file.read_text("utf-8")
    if "./configs:" in old:
        return Change(_OVERRIDE, Action.KEEP, old.encode())
    lines = old.splitlines(keepends=True)
    heads = [number for number, line in enumerate(lines) if line.rstrip() == "services:"]
    if len(heads) != 1 or _services(old).keys() & set(_WITH_CONFIGS):
        return Change(_OVERRIDE, Action.BY_HAND, f"services:\n{services}".encode())
    lines.insert(heads[0] + 1, services)
    return Change(_OVERRIDE, Action.ADD, "".join(lines).encode())


def _services(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return dict.fromkeys(_WITH_CONFIGS)  # unknown, so by hand
    return (content or {}).get("services") or {}
