"""Which pipelines follow the ones that change: those that start when a model is written or read what is, and those after them."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from refinery.config.models import AssetSchedule
from refinery.review.plan import Follower
from refinery.spec.asset_uris import asset_of_output, asset_uri
from refinery.spec.urls import parse_source_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from refinery.config import Pipeline
    from refinery.review.plan import CodeChange, PipelineChange

_HARMLESS = {"about", "notifications", "running"}  # topics that leave models and their times as they are


def find_followers(
    changes: Iterable[PipelineChange], code: Iterable[CodeChange], pipelines: Iterable[Pipeline]
) -> tuple[Follower, ...]:
    """Return the pipelines after the merge that a change of models or of their times reaches through others.

    Args:
        changes: The pipelines that change.
        code: The changes outside the configs.
        pipelines: All pipelines after the merge.

    Returns:
        The followers, the nearest first, then by DAG id. One that changes itself is among them where another reaches it.
    """
    by_id = {pipeline.dag_id: pipeline for pipeline in pipelines}
    readers = _readers(by_id.values())
    level = dict(_changed_assets(changes))
    for dag_id in chain.from_iterable(one.pipelines for one in code):
        if dag_id in by_id:
            level.setdefault(dag_id, {_asset(by_id[dag_id])})
    seen: set[str] = set()
    followers: list[Follower] = []
    distance = 1
    while level:
        found = _next_level(level, readers, seen)
        followers += (
            Follower(dag_id, by_id[dag_id].config.owner, tuple(sorted(after)), distance)
            for dag_id, after in sorted(found.items())
        )
        seen |= found.keys()
        level = {dag_id: {_asset(by_id[dag_id])} for dag_id in found}
        distance += 1
    return tuple(followers)


def _changed_assets(changes: Iterable[PipelineChange]) -> Iterator[tuple[str, set[str]]]:
    """Yield the changed pipelines whose models or times become different, with what they write on both sides."""
    for change in changes:
        if change.kind != "changed" or any(one.topic not in _HARMLESS for one in change.changes):
            yield change.dag_id, {_asset(side) for side in (change.base, change.head) if side}


def _next_level(
    level: Mapping[str, set[str]], readers: Mapping[str, list[str]], seen: set[str]
) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for dag_id, assets in level.items():
        for reader in chain.from_iterable(readers.get(asset, ()) for asset in assets):
            if reader != dag_id and reader not in seen:
                found[reader].add(dag_id)
    return found


def _readers(pipelines: Iterable[Pipeline]) -> dict[str, list[str]]:
    """Return the DAG ids that start on or read from each asset."""
    readers: dict[str, list[str]] = defaultdict(list)
    for pipeline in pipelines:
        for asset in dict.fromkeys(_inputs(pipeline)):
            readers[asset].append(pipeline.dag_id)
    return readers


def _inputs(pipeline: Pipeline) -> Iterator[str]:
    """Yield the assets that start a pipeline, and those that its source may lie in: its own and every folder above it."""
    config = pipeline.config
    if isinstance(config.schedule, AssetSchedule):
        yield from (asset_of_output(url) for url in config.schedule.assets)
    for url in config.source.url:
        above = asset_uri(parse_source_url(url))
        while above.count("/") >= 2:  # noqa: PLR2004 - those of "s3://"
            yield above
            above = above.rpartition("/")[0]


def _asset(pipeline: Pipeline) -> str:
    return asset_of_output(pipeline.config.output.url)
