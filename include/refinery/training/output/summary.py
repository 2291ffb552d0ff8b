"""Summarize a training in a few lines for the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.training.evaluation.positive_class import written
from refinery.wording import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping


def summarize(manifest: Mapping[str, Any]) -> str:
    """Describe in a few lines what was trained on what, and how good it is."""
    name = manifest["model"]["name"]
    lines = [f"Trained {name} in {manifest['duration_seconds']:.1f} s"]
    if data := manifest.get("data"):
        lines += _data_lines(data, manifest["split"], manifest["evaluation"])
        lines += _decision_lines(manifest.get("fit") or {}, manifest["evaluation"])
    weight = (manifest.get("evaluation") or {}).get("weighted_by")
    weighted = f" (weighted by {quoted(weight)})" if weight else ""
    lines.append(f"  metrics   {_numbers(manifest['metrics']) or 'not measured'}{weighted}")
    if baseline := manifest.get("baseline"):
        lines.append(f"  baseline  {_numbers(baseline)}")
    if spread := manifest.get("spread"):
        folds = manifest["cross_validation"]["folds"]
        lines.append(f"  spread    {_numbers(spread)} (standard deviation over {folds} folds)")
    if search := manifest.get("search"):
        lines.append(f"  search    {_search(search)}")
    for file, facts in manifest["files"].items():
        lines.append(f"  file      {file}, {_size(facts['size'])}, sha256 {facts['sha256'][:12]}")
    lines += [f"  note      {note}" for note in manifest["notes"]]
    lines += [f"  warning   {warning}" for warning in manifest["warnings"]]
    lines += [
        f"  gate      {'passed' if gate['passed'] else 'FAILED'}: {gate['sentence']}"
        for gate in manifest["gates"]
    ]
    return "\n".join(lines)


def _data_lines(
    data: Mapping[str, Any], split: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> list[str]:
    features = [feature["name"] for feature in data["features"]]
    target = data.get("target")
    return [
        f"  target    {quoted(target['name'])} ({_task(evaluation)})"
        if target
        else f"  task      {evaluation['task']}, without a target",
        f"  features  {len(features)}: {listed(features)}",
        (
            f"  rows      {data['rows']}: {split['train_rows']} to learn from, {split['test_rows']} held out "
            f"(test_size {split['test_size']:g}, {_chosen_by(split)})"
        ),
        *_without_target(data),
        *(f"  left out  {listed(names)}: {reason}" for reason, names in _grouped(data["left_out"])),
        *(f"  prepared  {listed(names)}: {done}" for done, names in _grouped(data.get("prepared") or {})),
    ]


def _decision_lines(fit: Mapping[str, Any], evaluation: Mapping[str, Any]) -> list[str]:
    lines = []
    if stopped := fit.get("early_stopping"):
        lines.append(
            f"  rounds    {stopped['used']} of {stopped['of']}, stopped early by {stopped['rows']} rows set aside"
        )
    if calibration := evaluation.get("calibration"):
        lines.append(f"  calibrated by {calibration['method']}, on {calibration['folds']} folds")
    if threshold := evaluation.get("threshold"):
        metric = threshold.get("maximize")
        best = f", the best for {metric} by {threshold['folds']} folds" if metric else ""
        lines.append(f"  threshold {threshold['value']:g}{best}")
    return lines


def _without_target(data: Mapping[str, Any]) -> list[str]:
    dropped = data.get("rows_without_target", 0)
    rows = "1 row has" if dropped == 1 else f"{dropped} rows have"
    return [f"  dropped   {rows} no value in the target (target.missing: drop)"] if dropped else []


def _grouped(sentences: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Group columns with the same sentence, in the order of the columns."""
    groups: dict[str, list[str]] = {}
    for name, sentence in sentences.items():
        groups.setdefault(sentence, []).append(name)
    return list(groups.items())


def _task(evaluation: Mapping[str, Any]) -> str:
    positive = evaluation["positive_class"]
    return f"{evaluation['task']}{'' if positive is None else f', positive class {written(positive)}'}"


def _chosen_by(split: Mapping[str, Any]) -> str:
    if split["time_column"] is not None:
        return f"the last by {quoted(split['time_column'])}"
    groups = f", by group of {quoted(split['group_column'])}" if "group_column" in split else ""
    return f"random_state {split['random_state']}{groups}{', stratified' if split['stratify'] else ''}"


def _search(search: Mapping[str, Any]) -> str:
    """Describe in a line how the model was found."""
    counts, score = search["trials"], search["score"]
    run = sum(counts[state] for state in ("done", "pruned", "failed", "stopped"))
    ends = ", ".join(f"{counts[state]} {state}" for state in ("pruned", "failed", "stopped") if counts[state])
    how = f"{run} trials ({ends})" if ends else f"{run} trials"
    held_out = "" if search["held_out"] is None else f", held-out rows {search['held_out']:.4g}"
    return f"{how}: {search['by']} {score['mean']:.4g} (spread {score['spread']:.2g}){held_out}"


def _numbers(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{metric} {value:.4g}" for metric, value in metrics.items())


def _size(size: int) -> str:
    units = ("bytes", "kB", "MB", "GB")
    power = min((len(str(size)) - 1) // 3, len(units) - 1)
    return f"{size / 1000**power:.3g} {units[power]}"
