"""Name the newcomer where two configs claim one output or one name: files have no age, but two versions of a project do."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from refinery.config import (
    SHARED_OUTPUT,
    TWIN_FILES,
    latest_of,
    newcomer_problem,
    report_newcomer,
    sort_problems,
)

if TYPE_CHECKING:
    from refinery.config import Problem, Project


def name_newcomers(base: Project, head: Project) -> tuple[Problem, ...]:
    """Return head's problems; a problem of a pipeline that was there before names the config that was added beside it."""
    return sort_problems(_newcomer_of(problem, base, head) or problem for problem in head.problems)


def _newcomer_of(problem: Problem, base: Project, head: Project) -> Problem | None:
    if problem.code == SHARED_OUTPUT:
        return _taker_of_output(problem, base, head)
    return _taker_of_name(problem, base, head) if problem.code == TWIN_FILES else None


def _taker_of_output(problem: Problem, base: Project, head: Project) -> Problem | None:
    before = {pipeline.dag_id: latest_of(pipeline) for pipeline in base.pipelines}
    running = {latest_of(pipeline): pipeline for pipeline in head.pipelines}
    for holder in base.pipelines:
        taker = running.get(latest_of(holder)) if holder.path == problem.path else None
        if taker and taker.dag_id != holder.dag_id and before.get(taker.dag_id) != latest_of(holder):
            return report_newcomer(taker, holder)
    return None


def _taker_of_name(problem: Problem, base: Project, head: Project) -> Problem | None:
    before = {pipeline.path for pipeline in base.pipelines}
    stem = PurePosixPath(problem.path).with_suffix("")
    for taker in head.pipelines:
        if (
            PurePosixPath(taker.path).with_suffix("") == stem
            and taker.path not in before
            and problem.path in before
        ):
            return newcomer_problem(taker.path, PurePosixPath(problem.path).name)
    return None
