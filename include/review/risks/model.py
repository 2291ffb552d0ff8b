"""Risks of the model itself: what it is, what it is given, and how it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config.problems import list_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.review.risks.finding import Finding, Pair, Review


def format_unsafe(review: Review) -> Iterator[Finding]:
    """Find models that are no longer safe to load."""
    for pair in review.pairs:
        before, after = pair.before.config.model, pair.after.config.model
        if before.format != "pickle" == after.format:
            what = "the script's file" if after.script else "a pickle"
            sentence = f"who loads {what} runs whatever code is in it; so far the models are {before.format} files, which run none"
            yield pair.finding("R070", sentence, "model", "format")


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
            yield pair.finding("R071", sentence, "model", "trusted")


def target_changes(review: Review) -> Iterator[Finding]:
    """Find models that predict something else."""
    for pair in review.pairs:
        before, after = pair.before.config.target, pair.after.config.target
        if before != after:
            sentence = f"models predict {_column(after)} instead of {_column(before)}: who uses them reads another answer"
            yield pair.finding("R072", sentence, "target")


def inputs_change(review: Review) -> Iterator[Finding]:
    """Find models that need other columns to predict from."""
    for pair in review.pairs:
        if change := _changed_inputs(pair):
            key, what = change
            sentence = f"who predicts with the latest model must send other columns: {what}"
            yield pair.finding("R073", sentence, key)


def other_model_without_gate(review: Review) -> Iterator[Finding]:
    """Find another kind of model that goes out whatever its quality."""
    for pair in review.pairs:
        before, after = pair.before.config, pair.after.config
        if before.model.name != after.model.name and not (after.require and after.gate == "fail"):
            sentence = f"{after.model.name} replaces {before.model.name}, and no gate holds it back where it is worse"
            yield pair.finding("R074", sentence, "model", _model_key(pair))


def _column(target: str | int | None) -> str:
    return "the last column" if target is None else f"column {target}" if isinstance(target, int) else target


def _changed_inputs(pair: Pair) -> tuple[str, str] | None:
    """Return the key and what changes in words; None where the columns stay."""
    before, after = pair.before.config, pair.after.config
    if before.features != after.features:
        if before.features is None or after.features is None:
            named = list_names(after.features or before.features or ())
            return "features", f"{named} instead of all" if after.features else f"all instead of {named}"
        gone = [name for name in before.features if name not in after.features]
        new = [name for name in after.features if name not in before.features]
        parts = [f"{verb} {list_names(names)}" for verb, names in (("without", gone), ("with", new)) if names]
        return ("features", ", ".join(parts)) if parts else None
    if before.features is None and set(before.drop) != set(after.drop):
        gone = [name for name in after.drop if name not in before.drop]
        new = [name for name in before.drop if name not in after.drop]
        parts = [f"{verb} {list_names(names)}" for verb, names in (("without", gone), ("with", new)) if names]
        return "drop", ", ".join(parts)
    return None


def _model_key(pair: Pair) -> str:
    model = pair.after.config.model
    return "module" if model.module else "class" if model.class_ else "script"
