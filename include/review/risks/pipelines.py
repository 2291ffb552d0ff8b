"""Risks of pipelines that come and go: lost history, nobody who writes what others wait for, too many of them."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from include.review.risks.finding import Finding, asset_of, join_ids, place_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config import Pipeline
    from include.review.risks.finding import Review


def history_lost(review: Review) -> Iterator[Finding]:
    """Find DAGs that go on under another id."""
    for pair in review.pairs:
        before, after = pair
        if before.dag_id != after.dag_id:
            sentence = (
                f"Airflow takes {after.dag_id} for a new DAG: the runs, logs and pause of {before.dag_id} stay under the "
                "old id"
            )
            yield Finding("R040", sentence, (after.dag_id,), place_in(after), _moved_folder(before, after))


def _moved_folder(before: Pipeline, after: Pipeline) -> str | None:
    """Say which folder became which, as "configs/risk -> configs/fraud"; None where the config stays in its folder."""
    old, new = (list(PurePosixPath(one.path).parent.parts) for one in (before, after))
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return f"{'/'.join(old)} -> {'/'.join(new)}" if old != new else None


def removed_but_awaited(review: Review) -> Iterator[Finding]:
    """Find pipelines that go while others are scheduled on what they write."""
    written = {asset_of(pipeline) for pipeline in review.head.pipelines}
    for pipeline in review.removed:
        followers = review.followers_of(pipeline)
        if followers and asset_of(pipeline) not in written:
            names = [one.dag_id for one in followers]
            sentence = (
                f"{join_ids(names)} {'is' if len(names) == 1 else 'are'} scheduled on {asset_of(pipeline)}/, which no "
                f"pipeline writes once {pipeline.dag_id} is gone: {'it never runs' if len(names) == 1 else 'they never run'} again"
            )
            yield Finding("R041", sentence, (pipeline.dag_id, *names), place_in(followers[0], "schedule"))


def matrix_grows(review: Review) -> Iterator[Finding]:
    """Find matrices that make more pipelines than before, and too many."""
    before = Counter(one.path for one in review.base.pipelines if one.matrix)
    after = Counter(one.path for one in review.head.pipelines if one.matrix)
    former_path = {one.head.path: one.base.path for one in review.changes if one.head and one.base}
    for path, number in after.items():
        former = before[former_path.get(path, path)]
        if number > review.thresholds.matrix_size and number > former:
            pipelines = [one for one in review.head.pipelines if one.path == path]
            sentence = (
                f"{path} makes {number:,} pipelines instead of {former:,}, each with trainings of its own"
            )
            yield Finding(
                "R042", sentence, tuple(one.dag_id for one in pipelines), place_in(pipelines[0], "matrix")
            )
