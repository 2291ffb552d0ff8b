"""What a check is given, and what it finds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from refinery.config import params_in
from refinery.config.models import AssetSchedule
from refinery.review.plan import Place
from refinery.spec.asset_uris import asset_of_output
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from refinery.config import Node, Pipeline, Project
    from refinery.review.code.imports import MissingImport
    from refinery.review.plan import CodeChange, PipelineChange, Side
    from refinery.review.risks.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Finding:
    """A risk in the making: of which pipelines, and where.

    Attributes:
        sentence: What could go wrong.
        pipelines: The DAG ids that it concerns; a comment in the file of any of them accepts it.
        place: Where it is written.
        cause: What several findings in different files come from, such as a folder that was moved: they are one risk.
    """

    sentence: str
    pipelines: tuple[str, ...]
    place: Place | None
    cause: str | None = None


@dataclass(frozen=True)
class Review:
    """All that the checks look at.

    Attributes:
        changes: The pipelines that change.
        base: The project before.
        head: The project after.
        day: The plan's date.
        thresholds: What counts as too much.
        removed_environments: The environments that the change removes, as they were.
        code: The changes outside the configs.
        missing_imports: What changed model files import and nothing installs.
    """

    changes: tuple[PipelineChange, ...]
    base: Project
    head: Project
    day: date
    thresholds: Thresholds
    removed_environments: Mapping[str, Project] = field(default_factory=dict)
    code: tuple[CodeChange, ...] = ()
    missing_imports: tuple[MissingImport, ...] = ()

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pipeline that is on both sides and changes."""
        return tuple(Pair(one.base, one.head) for one in self.changes if one.base and one.head)

    @cached_property
    def added(self) -> tuple[Pipeline, ...]:
        """Every pipeline that comes."""
        return tuple(one.head for one in self.changes if one.head and not one.base)

    @cached_property
    def removed(self) -> tuple[Pipeline, ...]:
        """Every pipeline that goes."""
        return tuple(one.base for one in self.changes if one.base and not one.head)

    @cached_property
    def followers(self) -> dict[str, list[Pipeline]]:
        """The pipelines after the merge that are scheduled on an asset, by its URI."""
        found: dict[str, list[Pipeline]] = defaultdict(list)
        for pipeline in self.head.pipelines:
            for uri in awaited_assets(pipeline):
                found[uri].append(pipeline)
        return found

    @cached_property
    def former_ids(self) -> dict[str, str]:
        """The DAG id before the change of each pipeline that changes, by the one after it."""
        return {one.head.dag_id: one.base.dag_id for one in self.changes if one.head and one.base}

    def former_id(self, pipeline: Pipeline) -> str:
        """Return the DAG id that a pipeline had before the change."""
        return self.former_ids.get(pipeline.dag_id, pipeline.dag_id)

    def followers_of(self, pipeline: Pipeline) -> list[Pipeline]:
        """Return the pipelines after the merge that are scheduled on what a pipeline writes."""
        return self.followers.get(asset_of(pipeline), [])


class Pair(NamedTuple):
    """A pipeline before and after."""

    before: Pipeline
    after: Pipeline

    def finding(self, sentence: str, *keys: str) -> Finding:
        """Make a finding of this pipeline at one of its keys."""
        return Finding(sentence, (self.after.dag_id,), self.place(*keys))

    def place(self, *keys: str) -> Place | None:
        """Return where a key stands, or where it stood; None where it is in no file."""
        after, before = find_node(self.after, keys), find_node(self.before, keys)
        if after is None:
            return _place(before, "base") if before else None
        former = before.variables if before else {}
        for name, variable in after.variables.items():
            if name not in former or former[name].value != variable.value:
                return _place(variable, "head")
        for name in params_in(after.to_plain()):
            default = ("params", name, "default")
            now, then = find_node(self.after, default), find_node(self.before, default)
            if now and then and now.value != then.value:
                return _place(now, "head")
        return _place(after, "head")


def asset_of(pipeline: Pipeline) -> str:
    """Return the asset that a pipeline writes."""
    return asset_of_output(pipeline.config.output.url)


def awaited_assets(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the assets whose updates start a pipeline."""
    schedule = pipeline.config.schedule
    urls = schedule.assets if isinstance(schedule, AssetSchedule) else ()
    return tuple(dict.fromkeys(asset_of_output(url) for url in urls))


def place_in(pipeline: Pipeline, *keys: str, side: Side = "head") -> Place | None:
    """Return where a key of a pipeline stands; None where it is in no file."""
    node = find_node(pipeline, keys)
    return _place(node.stands_for or node, side) if node else None


def find_node(pipeline: Pipeline, keys: Iterable[str]) -> Node | None:
    """Return what is written at a path of keys."""
    node: Node | None = pipeline.tree
    for key in keys:
        node = node.entries.get(key) if node else None
    return node


def join_ids(pipelines: Iterable[str]) -> str:
    """Write DAG ids in a sentence: two with "and", many cut."""
    ids = list(pipelines)
    return f"{ids[0]} and {ids[1]}" if len(ids) == 2 else list_names(ids)  # noqa: PLR2004 - a pair


def _place(node: Node, side: Side) -> Place:
    return Place(node.source.path, (node.key_start or node.start).line + 1, side)
