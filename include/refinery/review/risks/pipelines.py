"""Risks of added and removed pipelines: lost history, awaited assets that nothing writes, too many pipelines."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from refinery.config import ENVIRONMENTS, TWIN_FILES
from refinery.project import ENVIRONMENT_VARIABLE
from refinery.review.formats.wording import count
from refinery.review.plan import Place
from refinery.review.risks.check import risk
from refinery.review.risks.finding import Finding, asset_of, awaited_assets, join_ids, place_in
from refinery.wording import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refinery.config import Pipeline, Project
    from refinery.review.risks.finding import Review

# Keys that decide which models are promoted, where they go and what they predict.
_WEIGHTY = ("require", "gate", "expect", "output", "target", "evaluate")
# Nobody reads more, and a search among thousands of assets takes a while.
_MOST_OFFERS = 20
# A second file of a name, and a secret, are reported and leave every value as it is.
_HARMLESS_TO_COMPARE = (TWIN_FILES, "secret")


@risk(
    "R040",
    "medium",
    "DAG id changes",
    meaning="A config is renamed or moved, or a value of its matrix is. Airflow knows a DAG by its id: the new one starts without "
    "history, and starts paused or not like any new DAG.",
    remedy="Keep the file's name, or accept that the history stays under the old one.",
)
def history_lost(review: Review) -> Iterator[Finding]:
    """Find DAGs that continue under another id."""
    for pair in review.pairs:
        before, after = pair
        if before.dag_id != after.dag_id:
            sentence = f"{after.dag_id} is a new DAG to Airflow: the runs, logs and pause of {before.dag_id} stay under the old id"
            yield Finding(sentence, (after.dag_id,), place_in(after), _moved_folder(before, after))


@risk(
    "R041",
    "high",
    "awaited pipeline removed",
    meaning="A pipeline is removed while others are scheduled on what it writes.",
    remedy="Give them another schedule, or remove them too.",
)
def removed_but_awaited(review: Review) -> Iterator[Finding]:
    """Find removed pipelines on whose output others are scheduled."""
    written = {asset_of(pipeline) for pipeline in review.head.pipelines}
    for pipeline in review.removed:
        followers = review.followers_of(pipeline)
        if followers and asset_of(pipeline) not in written:
            names = [one.dag_id for one in followers]
            sentence = (
                f"{join_ids(names)} {'is' if len(names) == 1 else 'are'} scheduled on {asset_of(pipeline)}/, which no "
                f"pipeline writes once {pipeline.dag_id} is gone: {'it never runs' if len(names) == 1 else 'they never run'} again"
            )
            yield Finding(sentence, (pipeline.dag_id, *names), place_in(followers[0], "schedule"))


@risk(
    "R033",
    "medium",
    "waits for an asset that nothing writes",
    meaning="A schedule newly waits for an asset that no pipeline of the project writes, or the pipeline that wrote it moves away: "
    "no run starts unless something outside the project updates the asset.",
    remedy="Check the URL; for an asset from outside, accept the risk with a comment that names its writer.",
)
def nobody_writes_asset(review: Review) -> Iterator[Finding]:
    """Find schedules on assets that no pipeline writes."""
    written = {asset_of(one): one.dag_id for one in review.head.pipelines}
    # R041 names those who wait for a removed pipeline; one with an error writes again as soon as it is corrected.
    before = {asset_of(pair.before): pair.before.dag_id for pair in review.pairs}
    awaited_before = {one.dag_id: awaited_assets(one) for one in review.base.pipelines}
    offers = _Offers(written)
    for pipeline in review.head.pipelines:
        known = awaited_before.get(review.former_id(pipeline), ())
        for uri in awaited_assets(pipeline):
            if uri in written or (uri in known and uri not in before):
                continue
            about = f"; until now {before[uri]} wrote it" if uri in before else offers.near(uri)
            sentence = f"no pipeline of the project writes {uri}/, so its updates do not start {pipeline.dag_id}{about}"
            yield Finding(sentence, (pipeline.dag_id,), place_in(pipeline, "schedule"))


class _Offers:
    """The assets that misspelt ones may stand for; each search goes through all that are written."""

    def __init__(self, written: Mapping[str, str]) -> None:
        self._written = written
        self._found: dict[str, str] = {}

    def near(self, uri: str) -> str:
        """Name the asset that is nearest, as the end of a sentence; of very many assets not of each."""
        if uri not in self._found and len(self._found) < _MOST_OFFERS:
            near = nearest_name(uri, self._written)
            self._found[uri] = (
                f'; did you mean "{near}/", which {self._written[near]} writes?' if near else ""
            )
        return self._found.get(uri, "")


@risk(
    "R042",
    "medium",
    "matrix grows large",
    meaning="A matrix makes more pipelines than before, and more than `matrix_size`.",
    remedy="Leave out combinations with `exclude`.",
)
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
                f"{path} makes {number:,} pipelines instead of {former:,}, each with separate trainings"
            )
            yield Finding(sentence, tuple(one.dag_id for one in pipelines), place_in(pipelines[0], "matrix"))


@risk(
    "R043",
    "high",
    "environment removed",
    meaning="The file of an environment is gone. An Airflow that runs with it (`REFINERY_ENV`) no longer loads any "
    "pipelines.",
    remedy="Keep the file until no deployment uses the environment.",
)
def environment_removed(review: Review) -> Iterator[Finding]:
    """Find environments that are gone."""
    for name, project in review.removed_environments.items():
        ids = tuple(one.dag_id for one in project.pipelines)
        sentence = f"an Airflow with {ENVIRONMENT_VARIABLE}={name} loads no pipeline any more; until now {count(len(ids), 'pipeline')}"
        yield Finding(sentence, ids, _environment_place(project, name))


@risk(
    "R044",
    "high",
    "cannot be compared",
    meaning="The config has errors before the change. Its valid keys are compared. If the file cannot be read, the pipeline "
    "shows up as added; if the error is in a gate, the contract, the output or the target, a plan cannot say whether the change "
    "loosens or moves it.",
    remedy="Review the whole config, or correct the base in a separate change first.",
)
def not_comparable(review: Review) -> Iterator[Finding]:
    """Find pipelines that were there before, in a config that cannot be read or whose gates, data or output cannot."""
    errors = [
        one
        for one in review.base.problems
        if one.severity == "error" and one.code not in _HARMLESS_TO_COMPARE
    ]
    broken = {PurePosixPath(problem.path).with_suffix("") for problem in errors}
    for pipeline in review.added:
        if PurePosixPath(pipeline.path).with_suffix("") in broken:
            sentence = f"{pipeline.path} has errors before the change: what the change does to its output, gates and data is not known"
            yield Finding(sentence, (pipeline.dag_id,), place_in(pipeline))
    for before, after in review.pairs:
        files = {before.path, *(layer.path for layer in before.layers)}
        for problem in errors if before.dag_id in review.base.incomplete else ():
            if problem.path in files and problem.key.partition(".")[0] in _WEIGHTY:
                sentence = f"{problem.key} is wrong before the change, so whether the change loosens or moves it is not known"
                yield Finding(sentence, (after.dag_id,), Place(problem.path, problem.line, "base"))


def _environment_place(project: Project, name: str) -> Place | None:
    paths = {layer.path for one in project.pipelines for layer in one.layers}
    files = (path for path in paths if PurePosixPath(path).parts[1:2] == (ENVIRONMENTS,))
    return next((Place(path, 1, "base") for path in files if PurePosixPath(path).stem == name), None)


def _moved_folder(before: Pipeline, after: Pipeline) -> str | None:
    """Say which folder became which, such as "configs/risk -> configs/fraud"; None where the config stays in its folder."""
    old, new = (list(PurePosixPath(one.path).parent.parts) for one in (before, after))
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return f"{'/'.join(old)} -> {'/'.join(new)}" if old != new else None
