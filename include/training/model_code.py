"""Tells which files and libraries the users' code of a model is made of, beside the file that the config names."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from include.model_sources import MODELS, ModelSources
from include.training.spec import ClassModel, ModuleModel

if TYPE_CHECKING:
    from pathlib import Path

    from include.training.spec import TrainingSpec


def hash_used_files(spec: TrainingSpec) -> dict[str, str]:
    """Return the SHA-256 of each other file below the models folder that a model's module or script imports or names.

    The files are read, not run: a name that is put together at run time is not found.
    """
    main = _main_file(spec)
    if main is None:
        return {}
    used = _sources(spec.models_dir).files_used_by(main) - {main}
    others = sorted(path.removeprefix(f"{MODELS}/") for path in used)
    return {path: hashlib.sha256((spec.models_dir / path).read_bytes()).hexdigest() for path in others}


def find_used_libraries(spec: TrainingSpec) -> frozenset[str]:
    """Return the top-level names of what a model's module or script imports, itself or by its files, in functions too."""
    main = _main_file(spec)
    if main is None:
        return frozenset()
    return _sources(spec.models_dir).libraries_used_by(main) - sys.stdlib_module_names


def _main_file(spec: TrainingSpec) -> str | None:
    """Return the path of a model's module or script in the project; None for a library's class."""
    if isinstance(spec.model, ClassModel):
        return None
    name = spec.model.name
    return (
        f"{MODELS}/{name.replace('.', '/')}.py" if isinstance(spec.model, ModuleModel) else f"{MODELS}/{name}"
    )


def _sources(models_dir: Path) -> ModelSources:
    files = {
        f"{MODELS}/{file.relative_to(models_dir).as_posix()}": file
        for file in models_dir.rglob("*")
        if file.is_file()
    }
    return ModelSources(files, lambda path: files[path].read_bytes())
