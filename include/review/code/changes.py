"""Finds the changes outside the configs, and the pipelines that each reaches."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from include.config.problems import list_names
from include.model_sources import MODELS
from include.review.checkout import CONFIGS
from include.review.code.libraries import image_lines_of, image_of, pins_of, reach_of
from include.review.code.model_files import ModelFiles
from include.review.plan import CodeChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from include.config import Pipeline
    from include.review.plan import CodeKind
    from include.review.versions import Snapshot

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
        # What all run with is no change to pipelines that are all new.
        found = tuple(one for one in found if one.kind in ("module", "script"))
    return tuple(sorted((one for one in found if one.pipelines), key=lambda one: (one.kind, one.name)))


def _model_file_changes(
    base: Snapshot, head: Snapshot, pipelines: Iterable[Pipeline]
) -> Iterator[CodeChange]:
    changed = _changed(base.digests(f"{MODELS}/"), head.digests(f"{MODELS}/"))
    if not changed:
        return
    files = ModelFiles(head)
    users: dict[str, list[str]] = {path: [] for path in changed}
    scripts = set()
    for pipeline in pipelines:
        main = files.main_file(pipeline)
        scripts |= {main} if main and pipeline.config.model.script else set()
        for path in files.used_by(main) & changed.keys() if main else ():
            users[path].append(pipeline.dag_id)
    for path, (before, after) in changed.items():
        kind: CodeKind = "script" if path in scripts else "module"
        what = "is new" if before is None else "is gone" if after is None else "changes"
        models = (
            "the model of 1 pipeline"
            if len(users[path]) == 1
            else f"the models of {len(users[path])} pipelines"
        )
        sentence = f"{path} {what}: the next run trains {models} with it"
        yield CodeChange(kind, path, _short(before), _short(after), sentence, tuple(sorted(users[path])))


def _library_changes(base: Snapshot, head: Snapshot, pipelines: Sequence[Pipeline]) -> Iterator[CodeChange]:
    files = ModelFiles(head)
    for name, (before, after) in _changed(pins_of(base), pins_of(head)).items():
        reach = reach_of(name)
        users = sorted(one.dag_id for one in pipelines if reach.reaches(one, files.imported_by(one)))
        sentence = f"{name} {before or 'not pinned'} -> {after or 'not pinned'}: {reach.consequence}"
        yield CodeChange("library", name, before, after, sentence, tuple(users))


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
    if changed := _changed(before, after):
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
