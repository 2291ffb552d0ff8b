"""Risks of the model itself: what it is, what it is given, and how it is stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refinery.review.effects import model_file
from refinery.review.plan import Place
from refinery.review.risks.check import risk
from refinery.review.risks.finding import Finding, place_in
from refinery.review.risks.inputs import Inputs
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.review.risks.finding import Pair, Review

# In the name of an image, such as runtime:3.3-8-python-3.12 or python:3.12-slim.
_PYTHON = re.compile(r"python[:-](\d+\.\d+)")
# The plan counts them among the libraries, since they bring some.
_IMAGE_FILES = frozenset({"Dockerfile", "packages.txt"})


@risk(
    "R070",
    "high",
    "format no longer safe to load",
    meaning="Models were `skops` or `onnx` files, which run no code when they are loaded, and become pickles, which do.",
    remedy="Keep the format; for skops, add the types you need to `trusted`.",
)
def format_unsafe(review: Review) -> Iterator[Finding]:
    """Find models that are no longer safe to load."""
    for pair in review.pairs:
        before, after = pair.before.config.model, pair.after.config.model
        if before.format != "pickle" == after.format:
            what = "the script's file" if after.script else "a pickle"
            sentence = (
                f"loading {what} runs whatever code is in it; until now the models are {before.format} files, "
                "which run none"
            )
            yield pair.finding(sentence, "model", "format")


@risk(
    "R071",
    "medium",
    "more types trusted",
    meaning="`model.trusted` accepts more types in a skops file, and a type may run code when it is loaded.",
    remedy="Check which package each type is from and what it does.",
)
def more_types_trusted(review: Review) -> Iterator[Finding]:
    """Find skops models that may hold more than before."""
    for pair in review.pairs:
        if pair.before.config.model.format != "skops":
            continue
        new = [
            name for name in pair.after.config.model.trusted if name not in pair.before.config.model.trusted
        ]
        if new:
            sentence = f"a model file that holds {list_names(new)} is no longer refused when it is loaded"
            yield pair.finding(sentence, "model", "trusted")


@risk(
    "R072",
    "high",
    "target changes",
    meaning="Models predict another column, or do another `task`. Their users get different answers without an error, and gates compare them with the old ones.",
    remedy="Make it a new pipeline with a separate output.",
)
def target_changes(review: Review) -> Iterator[Finding]:
    """Find models that predict something else."""
    for pair in review.pairs:
        was, does = (one.config.task for one in pair)
        if was != does:
            now = f"do task: {does}" if does else "learn a target"
            then = f"doing task: {was}" if was else "learning a target"
            sentence = f"models {now} instead of {then}: their users read another answer"
            yield pair.finding(sentence, "task")
            continue
        before, after = (one.config.target.column if one.config.target else None for one in pair)
        if before != after:
            sentence = f"models predict {_column(after)} instead of {_column(before)}: their users read another answer"
            yield pair.finding(sentence, "target")


@risk(
    "R073",
    "medium",
    "inputs change",
    meaning="The model is trained on other columns (`features`, `drop`, `source.columns`, `evaluate.time_column`, `evaluate.group_column`, `weight`), or gets "
    "them in other types (`source.dtypes`), and callers must send these columns.",
    remedy="Inform the users before the first new model is promoted.",
)
def inputs_change(review: Review) -> Iterator[Finding]:
    """Find models that need other columns, or other types, to predict from."""
    for pair in review.pairs:
        before, after = (Inputs.of(one.config) for one in pair)
        if sentence := after.differences_from(before):
            yield pair.finding(sentence, *_changed_key(pair))
        if retyped := after.retyped_since(before):
            sentence = f"the model is given {list_names(retyped)}: callers must send values of the new type"
            yield pair.finding(sentence, "source", "dtypes")


@risk(
    "R074",
    "medium",
    "another model without a gate",
    meaning="Another module, class or script is trained, and no gate compares it with the previous model.",
    remedy="Add `require`, for example with `no_worse_than_latest`.",
)
def other_model_without_gate(review: Review) -> Iterator[Finding]:
    """Find another kind of model that is promoted whatever its quality."""
    for pair in review.pairs:
        before, after = pair.before.config, pair.after.config
        if before.model.name != after.model.name and not (after.require and after.gate == "fail"):
            sentence = (
                f"{after.model.name} replaces {before.model.name}, and no gate holds it back if it is worse"
            )
            yield pair.finding(sentence, "model", _model_key(pair))


@risk(
    "R075",
    "medium",
    "rows without a target are left out",
    meaning="`target.missing` goes from `error` to `drop`: rows without a target no longer fail the run. Late labels and a "
    "broken join look the same, and leave the model fewer and different training rows.",
    remedy="Limit how many may be missing with `expect`, for example `{rows: {min: ...}, columns: {NAME: {nulls: 0.01}}}`.",
)
def rows_without_target_dropped(review: Review) -> Iterator[Finding]:
    """Find pipelines that leave out rows without a target, which failed the run before."""
    for pair in review.pairs:
        before, after = (one.config.target and one.config.target.missing == "drop" for one in pair)
        if after and not before:
            sentence = (
                "a dataset with missing targets, for example from a broken join, no longer fails the run"
            )
            yield pair.finding(sentence, "target", "missing")


@risk(
    "R076",
    "medium",
    "model file gets another name",
    meaning="The format or the script's file changes, so the model's object has another name. `refinery.load_model` finds it through the "
    "manifest; anything that reads the object by its name does not.",
    remedy="Inform everyone who reads the object by its name.",
)
def model_file_renamed(review: Review) -> Iterator[Finding]:
    """Find models whose file gets another name."""
    for pair in review.pairs:
        before, after = (model_file(one.config) for one in pair)
        if before != after:
            sentence = f"readers of {before} find no new file of that name: it is {after}"
            yield pair.finding(
                sentence, "model", "format" if pair.after.config.model.script is None else "file"
            )


@risk(
    "R078",
    "medium",
    "code changes without a gate",
    meaning="A module, a script or a library that models are trained with changes, and the pipelines named here promote any result.",
    remedy="Try a changed file with `refinery plan --try --code`, or add `require`, for example with `no_worse_than_latest`.",
)
def code_changes_ungated(review: Review) -> Iterator[Finding]:
    """Find changed code that reaches models which no gate holds back."""
    yield from _changed_code(review, is_gated=False)


@risk(
    "R079",
    "low",
    "code changes behind a gate",
    meaning="A module, a script or a library that models are trained with changes; the gates of the pipelines named here judge the next models.",
    remedy="Try a changed file with `refinery plan --try --code` if a rejected model would be a problem.",
)
def code_changes_gated(review: Review) -> Iterator[Finding]:
    """Find changed code that reaches models which a gate judges."""
    yield from _changed_code(review, is_gated=True)


@risk(
    "R017",
    "high",
    "import that nothing installs",
    meaning="A changed model file imports a library that neither `requirements.txt` nor `constraints.txt` names and that does not come with "
    "Refinery: the next training fails.",
    remedy="Add the library to `requirements.txt`; accept the risk if another package installs it.",
)
def import_not_installed(review: Review) -> Iterator[Finding]:
    """Find imports that no requirement brings."""
    for one in review.missing_imports:
        sentence = f'{one.path} imports "{one.library}", which no requirement names: the next training fails unless something else brings it'
        yield Finding(sentence, one.pipelines, Place(one.path, 1))


@risk(
    "R018",
    "medium",
    "library no longer required",
    meaning="`requirements.txt` and `constraints.txt` no longer name a library that pipelines use: tasks fail unless another package installs it.",
    remedy="Keep the library in `requirements.txt`; accept the risk if another package installs it.",
)
def library_no_longer_required(review: Review) -> Iterator[Finding]:
    """Find libraries that pipelines use and no requirement names anymore."""
    for change in review.code:
        is_gone = change.kind == "library" and change.before and not change.after
        if is_gone and change.pipelines and change.name not in _IMAGE_FILES:
            sentence = f"no requirement names {change.name} anymore: tasks that use it fail unless something else brings it"
            yield Finding(sentence, change.pipelines, None)


@risk(
    "R019",
    "medium",
    "image has another Python",
    meaning="Models do not load under a different minor version of Python, and a gate against a latest model that does not load "
    "fails.",
    remedy="Retrain the models that are still in use; a run with `gate: warn` promotes a model under the new version.",
)
def image_has_another_python(review: Review) -> Iterator[Finding]:
    """Find images with another minor version of Python."""
    for change in review.code:
        before, after = (_PYTHON.search(image or "") for image in (change.before, change.after))
        if change.name == "Dockerfile" and before and after and before[1] != after[1]:
            sentence = (
                f"Python {before[1]} -> {after[1]}: models that were made before are not loaded under it"
            )
            yield Finding(sentence, change.pipelines, None)


def _changed_code(review: Review, *, is_gated: bool) -> Iterator[Finding]:
    added = {one.dag_id for one in review.added}
    gated = {one.dag_id for one in review.head.pipelines if one.config.require and one.config.gate == "fail"}
    for change in review.code:
        reached = [one for one in change.pipelines if one not in added and (one in gated) == is_gated]
        if reached and change.retrains:
            models = (
                "its next model" if len(reached) == 1 else f"the next models of {len(reached):,} pipelines"
            )
            judge = "a gate judges" if is_gated else "no gate judges"
            place = Place(change.name, 1) if change.after and change.is_model_file else None
            yield Finding(f"{change.name} changes, and {judge} {models}", tuple(reached), place)


@risk(
    "R015",
    "low",
    "nothing holds bad models back",
    meaning="A new pipeline has neither `require` nor `expect`: every model is promoted, whatever the data and its quality.",
    remedy="Add `require`, for example `{r2: {no_worse_than_latest: 5%}}`, or `expect`; `refinery profile` proposes rules.",
)
def nothing_holds_back(review: Review) -> Iterator[Finding]:
    """Find new pipelines without a gate and a contract."""
    for pipeline in review.added:
        if not pipeline.config.require and not pipeline.config.expect:
            sentence = "models are promoted whatever their metrics and their dataset are"
            yield Finding(sentence, (pipeline.dag_id,), place_in(pipeline))


def _column(target: str | int | None) -> str:
    return "the last column" if target is None else f"column {target}" if isinstance(target, int) else target


def _changed_key(pair: Pair) -> tuple[str, ...]:
    """Return the key whose change makes the inputs differ."""
    before, after = pair.before.config, pair.after.config
    if before.features != after.features:
        return ("features",)
    if before.source.columns != after.source.columns:
        return ("source", "columns")
    if set(before.drop) != set(after.drop):
        return ("drop",)
    if before.weight != after.weight:
        return ("weight",)
    is_group = before.evaluate.group_column != after.evaluate.group_column
    return ("evaluate", "group_column" if is_group else "time_column")


def _model_key(pair: Pair) -> str:
    model = pair.after.config.model
    keys = {
        "module": model.module,
        "class": model.class_,
        "steps": model.steps,
        "candidates": model.candidates,
    }
    return next((key for key, given in keys.items() if given), "script")
