"""Find the files and libraries that a model's code uses, in addition to the file that the config names."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import sys
from typing import TYPE_CHECKING

from refinery.model_sources import MODELS, ModelSources
from refinery.spec.training import CandidatesModel, ClassModel, ModuleModel, StepsModel

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.spec.training import TrainingSpec


def hash_used_files(spec: TrainingSpec) -> dict[str, str]:
    """Return the SHA-256 of each other file below the models folder that a model's code imports or names.

    The files are read, not run: a name that is built at run time is not found.
    """
    main = _main_file(spec)
    if main is None:
        return {}
    used = _sources(spec.models_dir).files_used_by(main) - {main}
    others = sorted(path.removeprefix(f"{MODELS}/") for path in used)
    return {path: hashlib.sha256((spec.models_dir / path).read_bytes()).hexdigest() for path in others}


def find_used_libraries(spec: TrainingSpec) -> frozenset[str]:
    """Return the top-level names of what a model's code and its files import, also in functions."""
    main = _main_file(spec)
    if main is None:
        return frozenset()
    return _sources(spec.models_dir).libraries_used_by(main) - sys.stdlib_module_names


def import_used_modules(spec: TrainingSpec, *, of: str) -> None:
    """Import the modules of a library that a model's code imports; failures are left to that code."""
    main = _main_file(spec)
    names = _sources(spec.models_dir).names_imported_by(main) if main else frozenset()
    for name in sorted(name for name in names if name.startswith(f"{of}.")):
        # "sklearn.ensemble.RandomForestRegressor" comes from `from`, "sklearn.ensemble" from `import`.
        for module in (name.rpartition(".")[0], name):
            with contextlib.suppress(ImportError):
                importlib.import_module(module)


def _main_file(spec: TrainingSpec) -> str | None:
    """Return the path of a model's module or script in the project; None for classes of libraries."""
    if isinstance(spec.model, ClassModel | StepsModel | CandidatesModel):
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
