"""Check that no pipelines wait for each other in a circle."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from refinery.config.models.schedule import AssetSchedule
from refinery.spec.asset_uris import asset_of_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from refinery.config.pipeline import Pipeline
    from refinery.config.problems import Problem

ASSET_CIRCLE = "asset-circle"


def check_asset_circles(pipelines: Iterable[Pipeline]) -> dict[str, Problem]:
    """Report each pipeline that waits, perhaps through others, for what it writes itself; by DAG id."""
    known = list(pipelines)
    awaited = _awaited(known)
    return {
        pipeline.dag_id: _report(pipeline, circle)
        for pipeline in known
        if pipeline.dag_id in awaited and (circle := _find_circle(pipeline.dag_id, awaited))
    }


def _awaited(pipelines: list[Pipeline]) -> dict[str, list[str]]:
    """Return the pipelines that each pipeline waits for, by DAG id; those that wait for none are left out."""
    waiting = [one for one in pipelines if isinstance(one.config.schedule, AssetSchedule)]
    if not waiting:
        return {}
    writers: dict[str, list[str]] = defaultdict(list)
    for pipeline in pipelines:
        writers[asset_of_output(pipeline.config.output.url)].append(pipeline.dag_id)
    found = {}
    for pipeline in waiting:
        schedule = pipeline.config.schedule
        urls = schedule.assets if isinstance(schedule, AssetSchedule) else ()
        names = [name for url in urls for name in writers.get(asset_of_output(url), ())]
        if names:
            found[pipeline.dag_id] = names
    return found


def _find_circle(start: str, awaited: Mapping[str, list[str]]) -> list[str]:
    """Return the shortest way from a pipeline back to itself; empty where there is none."""
    ways = deque([[start]])
    seen = set()
    while ways:
        way = ways.popleft()
        for other in awaited.get(way[-1], ()):
            if other == start:
                return [*way, start]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []


def _report(pipeline: Pipeline, circle: list[str]) -> Problem:
    message = (
        f"waits in a circle ({' <- '.join(circle)}), so it would never run, or never stop; "
        "take one of these assets out of a schedule"
    )
    schedule = pipeline.tree.entries["schedule"]
    return schedule.problem(ASSET_CIRCLE, ("schedule",), message)
