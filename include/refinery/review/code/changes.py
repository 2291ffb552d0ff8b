"""Find the changes outside the configs, and the pipelines that each reaches."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from refinery.model_sources import MODELS, ModelSources
from refinery.review.checkout import CONFIGS
from refinery.review.code.libraries import RETRAINED, image_lines_of, image_of, pins_of, reach_of
from refinery.review.code.syntax import code_of
from refinery.review.plan import CodeChange
from refinery.spec.libraries import library_of
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from refinery.config import Pipeline
    from refinery.review.plan import CodeKind
    from refinery.review.versions import Snapshot

_SHORT = 8
_DOCKERFILE, _SYSTEM_PACKAGES = "Dockerfile", "packages.txt"
_OWN_CODE = ("include/", "plugins/", "dags/")
# Demo data and texts for people run in no pipeline.
_NOT_CODE = ("include/sample_data/",)


def find_code_changes(
    base: Snapshot, head: Snapshot, pipelines: Sequence[Pipeline]
) -> tuple[CodeChange, ...]:
    """Return what changes outside the configs and reaches a pipeline, sorted by kind and name.

    Args:
        base: The files before.
        head: The files after.
        pipelines: The pipelines after.
    """
    found = (
        *_model_file_changes(base, head, pipelines),
        *_library_changes(base, head, pipelines),
        *_image_changes(base, head, pipelines),
        *_refinery_change(base, head, pipelines),
    )
    if not base.digests(f"{CONFIGS}/"):
        # Pipelines that are all new do not see a change in what they run with.
        found = tuple(one for one in found if one.is_model_file)
    return tuple(sorted((one for one in found if one.pipelines), key=lambda one: (one.kind, one.name)))


def _model_file_changes(
    base: Snapshot, head: Snapshot, pipelines: Iterable[Pipeline]
) -> Iterator[CodeChange]:
    changed = _changed_files(base, head, base.digests(f"{MODELS}/"), head.digests(f"{MODELS}/"))
    if not changed:
        return
    files = _ModelFiles(head)
    users: dict[str, list[str]] = {path: [] for path in changed}
    scripts = set()
    for pipeline in pipelines:
        main = files.main_file(pipeline)
        scripts |= {main} if main and pipeline.config.model.script else set()
        for path in files.used_by(pipeline) & changed.keys():
            users[path].append(pipeline.dag_id)
    for path, (before, after) in changed.items():
        kind: CodeKind = "script" if path in scripts else "module"
        what = "is new" if before is None else "is gone" if after is None else "changes"
        sentence = f"{path} {what}: {RETRAINED if users[path] else 'no pipeline uses it'}"
        yield CodeChange(
            kind, path, _short(before), _short(after), sentence, tuple(sorted(users[path])), retrains=True
        )


def _library_changes(base: Snapshot, head: Snapshot, pipelines: Sequence[Pipeline]) -> Iterator[CodeChange]:
    files = _ModelFiles(head)
    for name, (before, after) in _changed(pins_of(base), pins_of(head)).items():
        reach = reach_of(name)
        users = sorted(one.dag_id for one in pipelines if reach.reaches(one, files.imported_by(one)))
        sentence = f"{name} {before or 'not pinned'} -> {after or 'not pinned'}: {reach.consequence}"
        yield CodeChange(
            "library", name, before, after, sentence, tuple(users), retrains=reach.consequence == RETRAINED
        )


def _image_changes(base: Snapshot, head: Snapshot, pipelines: Sequence[Pipeline]) -> Iterator[CodeChange]:
    before, after = image_of(base), image_of(head)
    if before != after:
        sentence = f"the image {before or 'none'} -> {after or 'none'}: Airflow and Python come from it"
        yield CodeChange("library", _DOCKERFILE, before, after, sentence, _all(pipelines))
    elif _image_lines_differ(base, head, _DOCKERFILE):
        sentence = f"{_DOCKERFILE} changes: all tasks run in the image that it builds"
        yield _image_change(base, head, _DOCKERFILE, sentence, pipelines)
    if _image_lines_differ(base, head, _SYSTEM_PACKAGES):
        old, new = (image_lines_of(snapshot, _SYSTEM_PACKAGES) for snapshot in (base, head))
        parts = [f"with {one}" for one in new if one not in old]
        parts += [f"without {one}" for one in old if one not in new]
        said = list_names(parts or ["in another order"])
        sentence = f"{_SYSTEM_PACKAGES} changes, {said}: all tasks run in the image that installs it"
        yield _image_change(base, head, _SYSTEM_PACKAGES, sentence, pipelines)


def _image_lines_differ(base: Snapshot, head: Snapshot, path: str) -> bool:
    return image_lines_of(base, path) != image_lines_of(head, path)


def _image_change(
    base: Snapshot, head: Snapshot, path: str, sentence: str, pipelines: Iterable[Pipeline]
) -> CodeChange:
    before, after = (
        _short(snapshot.entries[path].digest) if path in snapshot.entries else None
        for snapshot in (base, head)
    )
    return CodeChange("library", path, before, after, sentence, _all(pipelines))


def _refinery_change(base: Snapshot, head: Snapshot, pipelines: Sequence[Pipeline]) -> Iterator[CodeChange]:
    before, after = (_own_code(snapshot) for snapshot in (base, head))
    if changed := _changed_files(base, head, before, after):
        files = "1 file of Refinery itself changes"
        if len(changed) > 1:
            files = f"{len(changed)} files of Refinery itself change"
        sentence = f"{files}, and every pipeline runs with them: {list_names(changed)}"
        yield CodeChange("refinery", "Refinery", _digest(before), _digest(after), sentence, _all(pipelines))


def _own_code(snapshot: Snapshot) -> dict[str, str]:
    return {
        path: digest
        for path, digest in snapshot.digests(*_OWN_CODE).items()
        if not path.startswith((*_NOT_CODE, f"{MODELS}/"))
        and not (path.endswith(".md") and "/templates/" not in path)
    }


def _changed_files(
    base: Snapshot, head: Snapshot, before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, tuple[str | None, str | None]]:
    """Return the files that differ; modules whose comments, docstrings or layout alone differ do not."""
    changed = _changed(before, after)
    modules = [path for path, sides in changed.items() if path.endswith(".py") and all(sides)]
    old, new = base.read(modules), head.read(modules)
    same = {path for path in modules if (code := code_of(old[path])) and code == code_of(new[path])}
    return {path: sides for path, sides in changed.items() if path not in same}


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    """Return what differs by its name, sorted, with both sides."""
    names = sorted(before.keys() | after.keys())
    return {
        name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    }


def _all(pipelines: Iterable[Pipeline]) -> tuple[str, ...]:
    return tuple(sorted(pipeline.dag_id for pipeline in pipelines))


def _digest(files: Mapping[str, str]) -> str | None:
    if not files:
        return None
    listed = "\n".join(f"{path} {digest}" for path, digest in sorted(files.items()))
    return hashlib.sha256(listed.encode(errors="surrogateescape")).hexdigest()[:_SHORT]


def _short(digest: str | None) -> str | None:
    return digest[:_SHORT] if digest else None


class _ModelFiles:
    """The files below include/models/ of one version."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Take the version; its files are read when they are first asked for."""
        self._files = snapshot.entries
        self._sources = ModelSources(snapshot.entries, lambda file: snapshot.read([file])[file])

    def main_file(self, pipeline: Pipeline) -> str | None:
        """Return the path of a pipeline's module or script; None for a library's class."""
        model = pipeline.config.model
        name = f"{model.module}.py" if model.module else model.script
        return f"{MODELS}/{name}" if name else None

    def used_by(self, pipeline: Pipeline) -> frozenset[str]:
        """Return the files that a pipeline's model runs: its own, and all that they import or name, over any number of steps."""
        main = self.main_file(pipeline)
        if main is None:
            return frozenset()
        packages = self._packages_of(main) if pipeline.config.model.module else frozenset()
        return self._sources.files_used_by(main) | packages

    def _packages_of(self, main: str) -> frozenset[str]:
        """Return the files of the packages above a module, which Python runs before it."""
        folders = PurePosixPath(main).relative_to(MODELS).parents
        files = (f"{MODELS}/{folder}/__init__.py".replace("/./", "/") for folder in folders)
        return frozenset(file for file in files if file in self._files)

    def imported_by(self, pipeline: Pipeline) -> frozenset[str]:
        """Return the top-level names of the libraries that a pipeline's model imports, such as "sklearn"."""
        if paths := pipeline.config.model.class_paths:
            return frozenset(map(library_of, paths))
        main = self.main_file(pipeline)
        return self._sources.libraries_used_by(main) if main else frozenset()
