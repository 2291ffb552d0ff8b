"""Gather what the card says, in its final words, from a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.card.search import Search, gather_search
from refinery.card.trend import Trend, follow_metrics, latest_versions, version_date
from refinery.card.wording import (
    count,
    facts,
    grouped,
    listed,
    moment,
    number,
    printable,
    shorten,
    size,
    worded,
)
from refinery.spec.json_keys import restore_keys
from refinery.spec.run_params import write_param
from refinery.spec.tasks import ANOMALY, CLUSTERING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A page that lists more is not read; it says how much is left out.
_MOST_SENTENCES = 20
_MOST_GATES = 40
_MOST_METRICS = 30
_MOST_FILES = 20
_MOST_COLUMNS = 200
_MOST_CONFIG_CHARACTERS = 60_000
_SENTENCE_WIDTH = 600
_WITHOUT_TARGET = {ANOMALY: "anomaly detection", CLUSTERING: "clustering"}
_KINDS = {"min": "at least", "max": "at most", "no_worse_than_latest": "no worse than the latest:"}


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate, as the texts of the card."""

    metric: str
    required: str
    measured: str
    margin: str
    passed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the model was promoted, and how good it is.

    Attributes:
        tone: "good", "warn", "bad" or "plain": the color.
        text: A few words.
    """

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """What became of a column, as the texts of the card."""

    name: str
    use: str
    dtype: str
    done: str


@dataclass(frozen=True, slots=True)
class Content:
    """What the card says without looking at held-out rows.

    Attributes:
        title: The pipeline's name, or else the model's.
        model: The model's name.
        moment: When it was trained.
        date: The date of its run.
        status: Whether it was promoted, and how good it is.
        data_line: The data in one line; empty if it is not known.
        directions: Which metrics are better when lower and which when higher; empty if it is not known.
        metrics: Each metric with its baseline, spread and earlier values.
        versions: The dates of the versions that the trends run through, this model's last.
        gates: The gates.
        warnings: What the reader should look into.
        notes: What was left out of the evaluation, and similar remarks.
        data: Facts of the data.
        uses: What became of each column.
        split: Facts of the split, the seeds and the evaluation.
        threshold: The probability from which on the positive class is predicted; None where the more probable class is.
        preparation: Facts of preprocessing and of the data's contract.
        params: The model's params.
        config_path: The config's path.
        config: The config as written, cut if it is huge.
        provenance: Where everything came from.
        files: Name, size and SHA-256 of each file.
        libraries: Versions of the libraries.
        more: How much was left out of each list, by its name.
        search: The search that found the model; None if there was none.
    """

    title: str
    model: str
    moment: str
    date: str
    status: Status
    data_line: str
    directions: str
    metrics: list[Trend]
    versions: list[str]
    gates: list[Gate]
    warnings: list[str]
    notes: list[str]
    data: list[tuple[str, str]]
    uses: list[ColumnUse]
    split: list[tuple[str, str]]
    threshold: float | None
    preparation: list[tuple[str, str]]
    params: list[tuple[str, str]]
    config_path: str
    config: str
    provenance: list[tuple[str, str]]
    files: list[tuple[str, str, str]]
    libraries: list[tuple[str, str]]
    more: dict[str, int]
    search: Search | None = None


def gather(manifest: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Content:
    """Read a manifest; sections that it lacks are empty in the card."""
    provenance, run, config = _origin(manifest)
    model, earlier = _section(manifest, "model"), latest_versions(history)
    metrics, gates = follow_metrics(manifest, earlier), list(manifest.get("gates") or [])
    warnings, notes = list(manifest.get("warnings") or []), list(manifest.get("notes") or [])
    uses = _uses(_section(manifest, "data"))
    files, text = _section(manifest, "files"), printable(str(config.get("text") or ""))
    more = {
        "metrics": len(metrics) - _MOST_METRICS,
        "gates": len(gates) - _MOST_GATES,
        "warnings": len(warnings) - _MOST_SENTENCES,
        "notes": len(notes) - _MOST_SENTENCES,
        "files": len(files) - _MOST_FILES,
        "uses": len(uses) - _MOST_COLUMNS,
        "config": len(text) - _MOST_CONFIG_CHARACTERS,
    }
    return Content(
        title=shorten(run.get("dag_id") or model.get("name") or "model", 120),
        model=shorten(model.get("name") or "", 120),
        moment=moment(str(manifest.get("created_at") or "")),
        date=shorten(version_date(manifest), 40),
        status=_status(manifest.get("gate"), gates, metrics, len(warnings)),
        data_line=_data_line(manifest),
        directions=_directions(metrics),
        metrics=metrics[:_MOST_METRICS],
        versions=[*(shorten(version_date(version) or "?", 20) for version in earlier), "this model"],
        gates=[_gate(gate) for gate in gates[:_MOST_GATES]],
        warnings=[shorten(text, _SENTENCE_WIDTH) for text in warnings[:_MOST_SENTENCES]],
        notes=[shorten(text, _SENTENCE_WIDTH) for text in notes[:_MOST_SENTENCES]],
        data=_data(manifest),
        uses=uses[:_MOST_COLUMNS],
        split=_split(manifest),
        threshold=_threshold(manifest),
        preparation=_preparation(manifest),
        params=facts(restore_keys(_section(manifest, "params"))),
        config_path=shorten(config.get("path") or "", 200),
        config=text[:_MOST_CONFIG_CHARACTERS],
        provenance=_provenance(manifest, provenance, run, config),
        files=[
            (shorten(name, 120), size(int(file.get("size") or 0)), shorten(file.get("sha256") or "", 80))
            for name, file in list(files.items())[:_MOST_FILES]
        ],
        libraries=facts(_section(_section(manifest, "environment"), "libraries")),
        more={name: amount for name, amount in more.items() if amount > 0},
        search=gather_search(manifest),
    )


def _status(
    gate: object, gates: Sequence[Mapping[str, Any]], metrics: Sequence[Trend], warnings: int
) -> Status:
    failed = sum(not each.get("passed") for each in gates)
    of_gates = "its gate failed" if len(gates) == 1 else f"{failed} of {len(gates)} gates failed"
    if not gates and not metrics:
        return Status("warn", "Not measured")
    if failed and gate == "warned":
        return Status("warn", f"Promoted although {of_gates}")
    if failed:
        return Status("bad", f"Not promoted: {of_gates}")
    passed = "Passed its gate" if len(gates) == 1 else f"Passed all {len(gates)} gates"
    comparison, is_doubtful = _against_baseline([metric.against_baseline for metric in metrics])
    # A passed gate says nothing in favor of a model that has learned nothing.
    said = [passed if gates else "No gates", comparison if is_doubtful or not gates else ""]
    if warnings:
        said.append(f"see the {'warning' if warnings == 1 else f'{warnings} warnings'}")
    tone = "warn" if is_doubtful or warnings else "good" if gates else "plain"
    return Status(tone, "; ".join(part for part in said if part))


def _against_baseline(comparisons: Sequence[str]) -> tuple[str, bool]:
    """Return how the metrics compare with the baseline, and whether that speaks against the model."""
    compared = sum(map(bool, comparisons))
    better = comparisons.count("better")
    if not compared:
        return "", False
    if not better:
        return "no better than the baseline", True
    if better < compared:
        return f"better than the baseline by {better} of {compared} metrics", True
    return "better than the baseline", False


def _directions(metrics: Sequence[Trend]) -> str:
    known = [metric for metric in metrics if metric.lower_is_better is not None]
    errors = [metric.metric for metric in known if metric.lower_is_better]
    if not known:
        return ""
    if len(known) < len(metrics):
        higher = [metric.metric for metric in known if not metric.lower_is_better]
        said = [("Lower", errors), ("Higher", higher)]
        return " ".join(f"{way} is better for {listed(names)}." for way, names in said if names)
    if not errors:
        return "Higher is better."
    return (
        "Lower is better."
        if len(errors) == len(known)
        else f"Lower is better for {listed(errors)}, higher for the others."
    )


def _gate(gate: Mapping[str, Any]) -> Gate:
    kind, required = shorten(gate.get("kind") or "", 40), number(gate.get("required"))
    return Gate(
        metric=shorten(gate.get("metric") or "", 60),
        required=f"{_KINDS.get(kind, kind)} {required}".strip(": "),
        measured=number(gate.get("measured")),
        margin=number(gate.get("margin")),
        passed=bool(gate.get("passed")),
        sentence=shorten(gate.get("sentence") or "", _SENTENCE_WIDTH),
    )


def _data_line(manifest: Mapping[str, Any]) -> str:
    data, split = _section(manifest, "data"), _section(manifest, "split")
    dataset = shorten(_section(_section(manifest, "provenance"), "dataset").get("url") or "", 120)
    if not data:
        return dataset
    target = shorten(_section(data, "target").get("name") or "", 60)
    task = str(_section(manifest, "evaluation").get("task") or "")
    what = f"{target} from" if target else f"{_WITHOUT_TARGET.get(task, task)} by"
    held_out = f", {grouped(split['test_rows'])} held out" if split.get("test_rows") is not None else ""
    rows = count(int(data.get("rows") or 0), "row") + (f" of {dataset}" if dataset else "")
    params = "".join(f", {name}={value}" for name, value in _run_params(manifest).items())
    run = f"; run with {shorten(params.removeprefix(', '), 120)}" if params else ""
    return f"{rows}{held_out}; {what} {count(len(data.get('features') or []), 'feature')}{run}"


def _data(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    dataset = _section(_section(manifest, "provenance"), "dataset")
    data, source = _section(manifest, "data"), _section(manifest, "source")
    target = _section(data, "target")
    reasons: dict[str, list[str]] = {}
    for name, reason in _section(data, "left_out").items():
        reasons.setdefault(str(reason), []).append(str(name))
    return facts(
        {
            **{f"param of this run: {name}": value for name, value in _run_params(manifest).items()},
            "dataset": dataset.get("url"),
            "rows": grouped(data.get("rows")),
            "rows left out, without a target": grouped(data.get("rows_without_target")),
            "columns": data.get("columns"),
            "target": f"{target['name']} ({target.get('dtype', 'unknown')})" if target.get("name") else None,
            "features": len(data.get("features") or []) or None,
            **{f"left out: {reason}": names for reason, names in reasons.items()},
            # Dropped columns are listed as left out already.
            **{f"read with {name}": value for name, value in source.items() if name != "drop"},
        }
    )


def _uses(data: Mapping[str, Any]) -> list[ColumnUse]:
    """Return what became of each column: features, the target, then those left out."""
    prepared, target = _section(data, "prepared"), _section(data, "target")
    features = [feature for feature in data.get("features") or [] if isinstance(feature, dict)]
    rows = [
        (feature.get("name"), "feature", feature.get("dtype"), prepared.get(str(feature.get("name"))))
        for feature in features
    ]
    rows += [(target["name"], "target", target.get("dtype"), None)] if target.get("name") else []
    rows += [(name, "left out", None, reason) for name, reason in _section(data, "left_out").items()]
    return [
        ColumnUse(shorten(name or "", 60), use, shorten(dtype or "", 30), shorten(done or "", 200))
        for name, use, dtype, done in rows
    ]


def _split(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    evaluation = _section(manifest, "evaluation")
    positive = evaluation.get("positive_class")
    task = {"task": evaluation.get("task"), "positive class": None if positive is None else str(positive)}
    seeded = {"seeds set on the estimator": _section(manifest, "seeds").get("set_on_estimator")}
    task["metrics weighted by"] = evaluation.get("weighted_by")
    task |= _decided(manifest)
    split = {
        name: grouped(value) if name in ("train_rows", "test_rows") else value
        for name, value in _section(manifest, "split").items()
    }
    return facts(task | worded(split) | seeded)


def _decided(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return in words how many rounds were fitted, and how probabilities become classes."""
    evaluation, stopped = (
        _section(manifest, "evaluation"),
        _section(_section(manifest, "fit"), "early_stopping"),
    )
    threshold, calibration = _section(evaluation, "threshold"), _section(evaluation, "calibration")
    words: dict[str, Any] = {}
    if stopped:
        words["rounds"] = (
            f"{grouped(stopped.get('used'))} of {grouped(stopped.get('of'))}, by {count(int(stopped.get('rows') or 0), 'row')} set "
            f"aside of those to learn from (early stopping after {grouped(stopped.get('rounds'))} rounds)"
        )
    if calibration:
        words["calibration"] = f"{calibration.get('method')}, by {_folds(calibration)}"
    if threshold:
        metric, value = threshold.get("maximize"), number(threshold.get("value"))
        chosen = f", the best for {metric} ({number(threshold.get('score'))}) by {_folds(threshold)}"
        words["threshold"] = f"{value}{chosen if metric else ''}"
    return words


def _threshold(manifest: Mapping[str, Any]) -> float | None:
    value = _section(_section(manifest, "evaluation"), "threshold").get("value")
    return value if isinstance(value, float) else None


def _folds(decided: Mapping[str, Any]) -> str:
    return f"{grouped(decided.get('folds'))} folds of the training rows"


def _preparation(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    contract = worded(_section(manifest, "expect"), "contract: ")
    return facts(worded(_section(manifest, "preprocess")) | contract)


def _provenance(
    manifest: Mapping[str, Any],
    provenance: Mapping[str, Any],
    run: Mapping[str, Any],
    config: Mapping[str, Any],
) -> list[tuple[str, str]]:
    dataset, model = dict(_section(provenance, "dataset")), dict(_section(manifest, "model"))
    environment = _section(manifest, "environment")
    model.pop("name", None)
    if isinstance(dataset.get("size"), int):
        dataset["size"] = size(dataset["size"])
    return facts(
        worded(run)
        | worded({"git_revision": provenance.get("git_revision"), "config_sha256": config.get("sha256")})
        | worded(dataset, "dataset ")
        | worded(model, "model ")
        | {
            "format": manifest.get("format"),
            "trained in": _seconds(manifest.get("duration_seconds")),
            "Python": environment.get("python"),
            "platform": environment.get("platform"),
        }
    )


def _seconds(seconds: object) -> str | None:
    return None if seconds is None else f"{number(seconds)} s"


def _origin(manifest: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    provenance = _section(manifest, "provenance")
    return provenance, _section(provenance, "run"), _section(provenance, "config")


def _run_params(manifest: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        name: write_param(value)
        for name, value in _section(_section(manifest, "provenance"), "params").items()
    }


def _section(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = manifest.get(name)
    return section if isinstance(section, dict) else {}
