"""Find for each pipeline after the change the one that it was before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from refinery.config import DEFAULTS, ENVIRONMENTS, TWIN_FILES
from refinery.review.renames import find_renames
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config import Pipeline, Project


@dataclass(frozen=True, slots=True)
class Pair:
    """One pipeline before and after; one of the two is None where it is added or removed."""

    base: Pipeline | None
    head: Pipeline | None

    @property
    def dag_id(self) -> str:
        """Its DAG id after the change; before it for a removed one."""
        pipeline = self.head or self.base
        return pipeline.dag_id if pipeline else ""


def pair_pipelines(base: Project, head: Project) -> tuple[list[Pair], tuple[str, ...]]:
    """Pair the pipelines of two versions, sorted by DAG id, and note what cannot be compared.

    A pipeline whose config is broken after the change is not removed by it: it is left out.
    """
    before = {pipeline.dag_id: pipeline for pipeline in base.pipelines}
    after = {pipeline.dag_id: pipeline for pipeline in head.pipelines}
    gone = [pipeline for dag_id, pipeline in before.items() if dag_id not in after]
    broken = [pipeline for pipeline in gone if _is_broken(pipeline, head)]
    removed = [pipeline for pipeline in gone if pipeline not in broken]
    added = [pipeline for dag_id, pipeline in after.items() if dag_id not in before]
    renames = find_renames(removed, added)
    renamed = {pipeline.dag_id for pipeline in renames.values()}
    pairs = [Pair(renames.get(dag_id) or before.get(dag_id), head) for dag_id, head in after.items()]
    pairs += [Pair(one, None) for one in removed if one.dag_id not in renamed]
    return sorted(pairs, key=lambda pair: pair.dag_id), (
        *_note_broken(broken),
        *_note_incomplete(pairs, base),
    )


def _is_broken(pipeline: Pipeline, project: Project) -> bool:
    """Return whether a project has errors in a pipeline's config or in a layer below it."""
    config = PurePosixPath(pipeline.path)
    for problem in project.problems:
        place = PurePosixPath(problem.path)
        is_layer = place.stem == DEFAULTS and config.is_relative_to(place.parent)
        is_stray = problem.code == TWIN_FILES  # harms no pipeline
        if (
            problem.severity == "error"
            and not is_stray
            and (
                place.with_suffix("") == config.with_suffix("")
                or is_layer
                or ENVIRONMENTS in place.parts[1:2]
            )
        ):
            return True
    return False


def _note_broken(broken: list[Pipeline]) -> Iterator[str]:
    if broken:
        names = list_names(sorted(pipeline.dag_id for pipeline in broken))
        yield f"Not compared, since their configs have errors after the change: {names}."


def _note_incomplete(pairs: list[Pair], base: Project) -> Iterator[str]:
    incomplete = [
        pair.base.dag_id for pair in pairs if pair.base and pair.head and pair.base is not pair.head
    ]
    if names := list_names(dag_id for dag_id in sorted(incomplete) if dag_id in base.incomplete):
        yield f"Compared without the keys that are wrong before the change: {names}."
