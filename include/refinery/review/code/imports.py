"""Imports of changed model files that nothing installs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.model_sources import MODELS, ModelSources
from refinery.review.code.libraries import named_libraries, reach_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from refinery.review.plan import CodeChange
    from refinery.review.versions import Snapshot

_REQUIREMENTS = ("requirements.txt", "constraints.txt")
# What a checkout, Airflow and Refinery's own requirements bring.
_THERE = frozenset(
    [
        "include",
        "models",
        "refinery",
        "airflow",
        "boto3",
        "botocore",
        "croniter",
        "dateutil",
        "jinja2",
        "joblib",
        "matplotlib",
        "numpy",
        "packaging",
        "pandas",
        "pandera",
        "psutil",
        "pyarrow",
        "pydantic",
        "requests",
        "rich",
        "scipy",
        "skops",
        "sklearn",
        "skrub",
        "tenacity",
        "typer",
        "typing_extensions",
        "yaml",
    ]
)


@dataclass(frozen=True, slots=True)
class MissingImport:
    """A library that a changed file comes to import, and no requirement names.

    Attributes:
        path: The file.
        library: The name that it imports.
        pipelines: The DAG ids whose models run the file, sorted.
    """

    path: str
    library: str
    pipelines: tuple[str, ...]


def find_missing_imports(
    base: Snapshot, head: Snapshot, changes: Iterable[CodeChange]
) -> Iterator[MissingImport]:
    """Give what changed model files newly import from libraries that no requirement of head brings.

    Args:
        base: The files before.
        head: The files after.
        changes: What changes outside the configs.
    """
    if not any(file in head.entries for file in _REQUIREMENTS):
        return
    installed = {reach_of(name).name for name in named_libraries(head)} | _THERE | sys.stdlib_module_names
    for change in changes:
        if change.is_model_file and change.after:
            new = _libraries(head, change.name) - _libraries(base, change.name)
            beside = {
                path.removeprefix(f"{MODELS}/").split("/")[0].removesuffix(".py")
                for path in head.digests(f"{MODELS}/")
            }
            for library in sorted(new - installed - beside):
                yield MissingImport(change.name, library, change.pipelines)


def _libraries(snapshot: Snapshot, path: str) -> frozenset[str]:
    """Return the top-level names that one file imports itself."""
    files = {path} & snapshot.entries.keys()
    return ModelSources(files, lambda file: snapshot.read([file])[file]).libraries_used_by(path)
