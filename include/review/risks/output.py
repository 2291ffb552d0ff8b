"""Risks of where models are written: readers that lose them, and pipelines that write over each other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from include.config.checks.outputs import normalise_output
from include.config.checks.values import RUN_MACROS, find_macros
from include.registry.series import ModelSeries
from include.review.formats.wording import count
from include.review.risks.finding import Finding, Pair, join_ids, place_in
from include.review.risks.pace import most_runs_a_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config import Pipeline
    from include.review.risks.finding import Review

# A risk's code, the pipelines, and the sentence.
Overlap = tuple[str, tuple[str, ...], str]
# Macros that are the same for all runs of a day.
_OF_A_DAY = {"ds", "ds_nodash"}


def output_moves(review: Review) -> Iterator[Finding]:
    """Find outputs that go elsewhere: readers of the old prefix find no new models."""
    for pair in review.pairs:
        before, after = _series(pair.before), _series(pair.after)
        followers = _followers(review, pair.before)
        if before.root.bucket != after.root.bucket:
            sentence = (
                f"readers of {before.root} find no new models after the merge: they go to {after.root}, and "
                f'"{pair.after.config.output.connection}" must be allowed to write to that bucket{followers}'
            )
            yield pair.finding("R002", sentence, "output", "url")
        elif before.root.key != after.root.key:
            sentence = f"readers of {before.root} find no new models after the merge: they go to {after.root}{followers}"
            yield pair.finding("R001", sentence, "output", "url")
        elif _is_templated(before) and _is_templated(after) and before.output.key != after.output.key:
            sentence = f"who builds the address {before.output} finds no new models after the merge: it is {after.output}"
            yield pair.finding("R003", sentence, "output", "url")


def output_without_date(review: Review) -> Iterator[Finding]:
    """Find outputs that no longer keep runs apart."""
    for pair in review.pairs:
        if _run_macros(pair.before) and not _run_macros(pair.after):
            output = _series(pair.after).output
            sentence = (
                f"each run replaces the model of the one before in {output}: there is none to roll back to"
            )
            yield pair.finding("R004", sentence, "output", "url")


def runs_share_a_day(review: Review) -> Iterator[Finding]:
    """Find pipelines that run several times a day and write to a folder of the day."""
    for change in review.changes:
        after = change.head
        if after is None or (change.base and _writes_day_over(change.base)):
            continue
        if _writes_day_over(after):
            runs = most_runs_a_day(after.config)
            sentence = (
                f"up to {runs:,} runs of one day write {_series(after).output}, each over the model of the one before; "
                "{{ ts_nodash }} keeps them apart"
            )
            pair = Pair(change.base or after, after)
            is_rescheduled = pair.before.config.schedule != after.config.schedule
            yield pair.finding("R005", sentence, *(("schedule",) if is_rescheduled else ("output", "url")))


def outputs_overlap(review: Review) -> Iterator[Finding]:
    """Find outputs inside each other, of which at least one is new."""
    new = {one.head.dag_id for one in review.changes if one.head and _is_new_output(one.base, one.head)}
    if not new:
        return
    pipelines = {one.dag_id: one for one in review.head.pipelines}
    series = {dag_id: _series(one) for dag_id, one in pipelines.items()}
    for code, ids, sentence in (*_same_latest(series), *_nested(series)):
        if changed := [dag_id for dag_id in ids if dag_id in new]:
            yield Finding(code, sentence, ids, place_in(pipelines[changed[0]], "output", "url"))


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
        yield Finding("R007", sentence, (after.dag_id,), place_in(after, "output", "url"))


def _series(pipeline: Pipeline) -> ModelSeries:
    return ModelSeries.of_output(normalise_output(pipeline.config.output.url))


def _is_templated(series: ModelSeries) -> bool:
    return series.output != series.root


def _followers(review: Review, before: Pipeline) -> str:
    number = len(review.followers_of(before))
    return f"; {count(number, 'pipeline')} {'is' if number == 1 else 'are'} scheduled on it" if number else ""


def _run_macros(pipeline: Pipeline) -> set[str]:
    return set(find_macros(pipeline.config.output.url)) & set(RUN_MACROS)


def _writes_day_over(pipeline: Pipeline) -> bool:
    macros = _run_macros(pipeline)
    return bool(macros) and macros <= _OF_A_DAY and most_runs_a_day(pipeline.config) > 1


def _is_new_output(before: Pipeline | None, after: Pipeline) -> bool:
    return before is None or _series(before).output != _series(after).output


def _same_latest(series: dict[str, ModelSeries]) -> Iterator[Overlap]:
    """Find series that share their latest.json."""
    by_latest: dict[str, list[str]] = defaultdict(list)
    for dag_id, one in series.items():
        by_latest[str(one.latest_url)].append(dag_id)
    for latest, ids in by_latest.items():
        if len(ids) > 1:
            sentence = f"{join_ids(ids)} share {latest}: each takes the other's newest model for its own"
            yield "R006", tuple(ids), sentence


def _nested(series: dict[str, ModelSeries]) -> Iterator[Overlap]:
    """Find outputs below another's: inside the folder of a run, or beside the folders of the runs."""
    by_output, by_root = defaultdict(list), defaultdict(list)
    for dag_id, one in series.items():
        by_output[str(one.output)].append(dag_id)
        if _is_templated(one):
            by_root[str(one.root)].append(dag_id)
    for inner, one in series.items():
        for folder in _folders_above(str(one.output)):
            for outer in by_output.get(folder, ()):
                sentence = (
                    f"{inner} writes {one.output}, inside {folder} of {outer}: who copies or deletes a model of {outer} "
                    f"takes that of {inner} along"
                )
                yield "R006", (outer, inner), sentence
        for folder in _folders_above(str(one.root)):
            for outer in by_root.get(folder, ()):
                sentence = f"who lists, moves or deletes {folder} of {outer} meets the models of {inner} in {one.root} too"
                yield "R008", (outer, inner), sentence


def _folders_above(url: str) -> Iterator[str]:
    """Give the folders above a prefix, without the bucket itself."""
    parts = url.removesuffix("/").split("/")
    for end in range(len(parts) - 1, 3, -1):
        yield "/".join(parts[:end]) + "/"
