"""Risks of where models are written: readers that lose them, and pipelines that overwrite each other."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from refinery.config import RUN_MACROS, normalise_output, series_output
from refinery.review.formats.wording import count
from refinery.review.risks.check import risk
from refinery.review.risks.finding import Finding, Pair, join_ids, place_in
from refinery.review.risks.frequency import most_runs_a_day
from refinery.spec.series import ModelSeries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refinery.config import Pipeline
    from refinery.review.plan import Place
    from refinery.review.risks.finding import Review

# Macros that are the same for all runs of a day.
_OF_A_DAY = {"ds", "ds_nodash"}


@risk(
    "R001",
    "high",
    "output moves",
    meaning="A pipeline's models go to another folder of the same bucket. Old models stay where they are, and readers "
    "of the old folder, and pipelines scheduled on it, see no new ones. Gates have no latest model to compare the first "
    "new model with.",
    remedy="Inform the readers, move them in the same change, and copy what they still need.",
)
def output_moves(review: Review) -> Iterator[Finding]:
    """Find outputs that move to another folder of their bucket."""
    for pair in review.pairs:
        before, after = _series(pair.before).root, _series(pair.after).root
        if before.bucket == after.bucket and before.key != after.key:
            sentence = f"readers of {before} find no new models after the merge: they go to {after}"
            yield pair.finding(sentence + _followers(review, pair.before), "output", "url")


@risk(
    "R002",
    "high",
    "output moves to another bucket",
    meaning="Like R001, and the connection needs access to the new bucket.",
    remedy="As for R001; try a run with the connection before merging.",
)
def output_moves_to_another_bucket(review: Review) -> Iterator[Finding]:
    """Find outputs that move to another bucket."""
    for pair in review.pairs:
        before, after = _series(pair.before).root, _series(pair.after).root
        if before.bucket != after.bucket:
            sentence = (
                f"readers of {before} find no new models after the merge: they go to {after}, and "
                f'"{pair.after.config.output.connection}" must be allowed to write to that bucket'
            )
            yield pair.finding(sentence + _followers(review, pair.before), "output", "url")


@risk(
    "R003",
    "medium",
    "output is laid out differently",
    meaning="The folder stays, but the runs' folders in it get new names. Readers that build these names, for example from "
    "a date, find nothing new, and older models no longer count as versions of the pipeline.",
    remedy="Let readers follow `latest.json`, which names the latest model wherever it is.",
)
def output_laid_out_differently(review: Review) -> Iterator[Finding]:
    """Find outputs whose folders of runs get other names."""
    for pair in review.pairs:
        before, after = _series(pair.before), _series(pair.after)
        is_templated = _is_templated(before) and _is_templated(after)
        if before.root == after.root and is_templated and before.output.key != after.output.key:
            sentence = f"readers that build the address {before.output} find no new models after the merge: it is {after.output}"
            yield pair.finding(sentence, "output", "url")


@risk(
    "R004",
    "high",
    "output no longer depends on the date",
    meaning="`output` no longer contains a macro such as `{{ ds }}`, so each run replaces the previous run's model.",
    remedy="Keep `{{ ds }}` in `output`; readers find the newest model through `latest.json`.",
)
def output_without_date(review: Review) -> Iterator[Finding]:
    """Find outputs that no longer keep runs apart."""
    for pair in review.pairs:
        if _run_macros(pair.before) and not _run_macros(pair.after):
            output = _series(pair.after).output
            sentence = (
                f"each run replaces the model of the one before in {output}: there is none to roll back to"
            )
            yield pair.finding(sentence, "output", "url")


@risk(
    "R005",
    "medium",
    "runs of one day write one folder",
    meaning="The schedule has several runs a day, but `output` has one folder per day: the last run of a day wins.",
    remedy="Write `{{ ts_nodash }}` instead of `{{ ds }}`.",
)
def runs_share_a_day(review: Review) -> Iterator[Finding]:
    """Find pipelines that run several times a day and write to a folder of the day."""
    for change in review.changes:
        after = change.head
        if after is None or (change.base and _overwrites_within_a_day(change.base)):
            continue
        if _overwrites_within_a_day(after):
            runs = most_runs_a_day(after.config)
            sentence = (
                f"up to {runs:,} runs of one day write {_series(after).output}, each over the model of the one before; "
                "{{ ts_nodash }} keeps them apart"
            )
            pair = Pair(change.base or after, after)
            is_rescheduled = pair.before.config.schedule != after.config.schedule
            yield pair.finding(sentence, *(("schedule",) if is_rescheduled else ("output", "url")))


@risk(
    "R006",
    "high",
    "two pipelines write one prefix",
    meaning="One output is inside the other's run folder. If outputs share their `latest.json`, the configs have an error.",
    remedy="Give each pipeline a separate folder, in a matrix with `${matrix.NAME}`.",
)
def output_inside_a_run(review: Review) -> Iterator[Finding]:
    """Find outputs inside the folder of another pipeline's run, of which at least one is new."""
    series = _series_where_one_is_new(review)
    folders = {dag_id: str(one.output) for dag_id, one in series.items()}
    for outer, inner, place in _nested(review, folders, folders):
        sentence = (
            f"{inner} writes {folders[inner]}, inside {folders[outer]} of {outer}: anyone who copies or deletes a model of "
            f"{outer} also takes that of {inner}"
        )
        yield Finding(sentence, (outer, inner), place)


@risk(
    "R007",
    "medium",
    "output is taken over from another pipeline",
    meaning="A pipeline writes to the former output of another one that is removed or moves. The models there count as its own: it "
    "lists them, its gates compare with them, and a rollback may choose them.",
    remedy="Choose a new folder, unless the pipeline is meant to continue the other's models.",
)
def output_taken_over(review: Review) -> Iterator[Finding]:
    """Find outputs that were another pipeline's until now."""
    left = {
        str(_series(one.base).latest_url): one.base
        for one in review.changes
        if one.base and (one.head is None or _is_new_output(one.base, one.head))
    }
    for change in review.changes:
        after = change.head
        former = left.get(str(_series(after).latest_url)) if after else None
        if after is None or former is None or (change.base and change.base.dag_id == former.dag_id):
            continue
        sentence = (
            f"{_series(after).root} holds the models of {former.dag_id}: they count as versions of {after.dag_id}, and its "
            "gates compare with them"
        )
        yield Finding(sentence, (after.dag_id,), place_in(after, "output", "url"))


@risk(
    "R009",
    "high",
    "readers lose their models",
    meaning="A config becomes a matrix, or stops being one, and no pipeline continues its models: its `latest.json` names the "
    "last of them forever.",
    remedy="Keep one pipeline that writes the old output, or inform the readers.",
)
def models_lost_to_matrix(review: Review) -> Iterator[Finding]:
    """Find outputs that end since their config becomes a matrix, or stops being one."""
    for before in _ended(review):
        made = [one for one in review.head.pipelines if one.path == before.path]
        if made and {*made[0].matrix} != {*before.matrix}:
            sentence = (
                f"readers of {_series(before).root} find no new models after the merge: {before.path} makes "
                f"{join_ids(one.dag_id for one in made)} instead of {before.dag_id}, with other outputs"
            )
            yield Finding(sentence, (before.dag_id,), place_in(made[0], "matrix") or place_in(made[0]))


@risk(
    "R045",
    "medium",
    "pipeline removed",
    meaning="A pipeline is removed, and no other one continues its models: readers of its `latest.json` keep getting the last of them.",
    remedy="Inform the readers, and delete the models once they are no longer needed.",
)
def models_end(review: Review) -> Iterator[Finding]:
    """Find removed pipelines whose models no other one continues."""
    for before in _ended(review):
        made = [one for one in review.head.pipelines if one.path == before.path]
        if not made or {*made[0].matrix} == {*before.matrix}:
            sentence = f"readers of {_series(before).root} find no new models after the merge"
            yield Finding(sentence, (before.dag_id,), place_in(before, side="base"))


@risk(
    "R008",
    "low",
    "output lies inside another's folder",
    meaning="A pipeline's folder is inside the folder of another pipeline's models. Permissions, lifecycle rules and "
    "deletions of the outer folder apply to the inner one.",
    remedy="Use two folders next to each other.",
)
def output_among_runs(review: Review) -> Iterator[Finding]:
    """Find outputs among the run folders of another pipeline, of which at least one is new."""
    series = _series_where_one_is_new(review)
    roots = {dag_id: str(one.root) for dag_id, one in series.items()}
    with_runs = {dag_id: roots[dag_id] for dag_id, one in series.items() if _is_templated(one)}
    for outer, inner, place in _nested(review, with_runs, roots):
        sentence = f"anyone who lists, moves or deletes {roots[outer]} of {outer} also gets the models of {inner} in {roots[inner]}"
        yield Finding(sentence, (outer, inner), place)


def _ended(review: Review) -> Iterator[Pipeline]:
    """Give the removed pipelines with whose models no other pipeline goes on."""
    if review.removed:
        latest = {str(_series(one).latest_url) for one in review.head.pipelines}
        yield from (one for one in review.removed if str(_series(one).latest_url) not in latest)


def _series(pipeline: Pipeline) -> ModelSeries:
    return _series_of(series_output(pipeline.config))


# Every check asks for it.
@lru_cache(maxsize=1 << 15)
def _series_of(url: str) -> ModelSeries:
    return ModelSeries.of_output(normalise_output(url))


def _is_templated(series: ModelSeries) -> bool:
    return series.output != series.root


def _followers(review: Review, before: Pipeline) -> str:
    number = len(review.followers_of(before))
    return (
        f"; {count(number, 'pipeline')} {'is' if number == 1 else 'are'} scheduled on the old folder"
        if number
        else ""
    )


def _run_macros(pipeline: Pipeline) -> set[str]:
    return set(_series(pipeline).macros) & set(RUN_MACROS)


def _overwrites_within_a_day(pipeline: Pipeline) -> bool:
    macros = _run_macros(pipeline)
    return bool(macros) and macros <= _OF_A_DAY and most_runs_a_day(pipeline.config) > 1


def _is_new_output(before: Pipeline | None, after: Pipeline) -> bool:
    return before is None or _series(before).output != _series(after).output


def _new_outputs(review: Review) -> dict[str, Pipeline]:
    return {
        one.head.dag_id: one.head for one in review.changes if one.head and _is_new_output(one.base, one.head)
    }


def _series_where_one_is_new(review: Review) -> dict[str, ModelSeries]:
    """Return the output of every pipeline after the merge; nothing where none of them is new."""
    pipelines = review.head.pipelines if _new_outputs(review) else ()
    return {one.dag_id: _series(one) for one in pipelines}


def _nested(
    review: Review, outer_folders: Mapping[str, str], inner_folders: Mapping[str, str]
) -> Iterator[tuple[str, str, Place | None]]:
    """Give each two pipelines of which the first's folder holds the second's, and the place of the new output."""
    new = _new_outputs(review)
    holders = defaultdict(list)
    for dag_id, folder in outer_folders.items():
        holders[folder].append(dag_id)
    for inner, folder in inner_folders.items():
        for above in _folders_above(folder):
            for outer in holders.get(above, ()):
                if changed := [dag_id for dag_id in (outer, inner) if dag_id in new]:
                    yield outer, inner, place_in(new[changed[0]], "output", "url")


def _folders_above(url: str) -> Iterator[str]:
    """Give the folders above a prefix, without the bucket itself."""
    parts = url.removesuffix("/").split("/")
    for end in range(len(parts) - 1, 3, -1):
        yield "/".join(parts[:end]) + "/"
