"""A run's tab: the model that a run made, or why it made none."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from refinery.errors import RefineryError
from refinery.registry import NoManifestError
from refinery.spec.artifacts import CARD_HTML
from refinery.spec.run_params import RUN_DATE_MACRO, write_param
from refinery.spec.series import TEMPLATE, report_prefix
from refinery.spec.urls import parse_prefix_url
from refinery.web.kept import gates_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refinery.registry import Latest, StoredManifest
    from refinery.spec.gates import GateResult
    from refinery.spec.urls import S3Url
    from refinery.web.airflow_facts import Output, RunFacts, TaskFacts
    from refinery.web.model_store import ModelStore

_DATES = {"ds": "%Y-%m-%d", "ds_nodash": "%Y%m%d", "ts_nodash": "%Y%m%dT%H%M%S"}
_PARAM = re.compile(r"params\.(?P<name>[A-Za-z]\w*)(?: \| \w+)*", re.ASCII)
_MOST_SHOWN = 50
_FAILED = ("failed", "up_for_retry")


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric of a run's model beside others; None where one has no value."""

    name: str
    value: Any
    baseline: Any
    spread: Any
    latest: Any
    tone: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        kind: "model", "rejected", "replaced" or "none".
        manifest: The manifest of its model, or of the report on it; None if there is none.
        problem: Why it cannot be read.
    """

    kind: str
    manifest: StoredManifest | None = None
    problem: str = ""

    @property
    def content(self) -> Mapping[str, Any]:
        """What its manifest says; empty if there is none."""
        return self.manifest.content if self.manifest else {}

    @property
    def prefix(self) -> S3Url | None:
        """Where its model or report is."""
        return self.manifest.prefix if self.manifest else None


def read_outcome(dag_id: str, run: RunFacts, output: Output, store: ModelStore) -> Outcome:
    """Find the model that a run made, wherever later runs have left it, or the report on it.

    Args:
        dag_id: The run's DAG.
        run: The run.
        output: Where its pipeline puts models.
        store: Reads models.
    """
    written = run.uploaded.get(output.task_id) or rendered_prefix(output, run)
    if not written:
        return Outcome("none")
    try:
        for kind, manifest in _candidates(parse_prefix_url(written), run.run_id, output.connection, store):
            if (manifest.run.get("dag_id"), manifest.run.get("run_id")) == (dag_id, run.run_id):
                return Outcome(kind, manifest)
    except RefineryError as error:
        return Outcome("none", problem=str(error))
    return Outcome("none")


def _candidates(
    prefix: S3Url, run_id: str, connection: str, store: ModelStore
) -> Iterator[tuple[str, StoredManifest]]:
    """Yield what may be of a run that wrote to a prefix, and what it then is."""
    for kind, place in (("rejected", report_prefix(prefix, run_id)), ("model", prefix)):
        with contextlib.suppress(NoManifestError):
            yield kind, store.manifest(place, connection)
    for kept in store.replaced(prefix, connection):
        yield "replaced", kept


def rendered_prefix(output: Output, run: RunFacts) -> str:
    """Return the prefix of a run's model, as the task would render it; empty if something in it is not known."""
    moment = run.moment.astimezone(UTC)
    values = {name: moment.strftime(form) for name, form in _DATES.items()}
    unknown = False

    def fill(template: re.Match[str]) -> str:
        nonlocal unknown
        macro = template[1]
        if date := RUN_DATE_MACRO.fullmatch(macro):
            return str(run.params.get(date["name"]) or values["ds"])
        if param := _PARAM.fullmatch(macro):
            value = run.params.get(param["name"], output.params.get(param["name"]))
            unknown = unknown or value is None
            return write_param(value)
        unknown = unknown or macro not in values
        return values.get(macro, "")

    filled = TEMPLATE.sub(fill, output.prefix)
    return "" if unknown else filled


def compare_metrics(manifest: Mapping[str, Any], latest: Latest | None) -> list[MetricRow]:
    """Return a model's metrics beside those of the baseline and of the latest model.

    Args:
        manifest: What its manifest says.
        latest: The latest model, if it is another one.
    """
    baseline, spread = _section(manifest, "baseline"), _section(manifest, "spread")
    errors = _section(manifest, "evaluation").get("lower_is_better") or ()
    rows = []
    for name, value in (manifest.get("metrics") or {}).items():
        against = baseline.get(name)
        tone = "plain"
        if isinstance(against, int | float) and against != value:
            tone = "good" if (value < against) == (name in errors) else "bad"
        rows.append(
            MetricRow(
                name, value, against, spread.get(name), latest.metrics.get(name) if latest else None, tone
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class Described:
    """What a run's tab says of a model besides its metrics.

    Attributes:
        gates: How it met each gate.
        warnings: Its warnings.
        data: Facts of the dataset: name, text, and whether the text is code.
        config_path: The path of its config.
        config: The config as it ran.
        revision: The git revision of the project.
        has_card: Whether there is a card.
    """

    gates: tuple[GateResult, ...]
    warnings: list[str]
    data: list[tuple[str, str, bool]]
    config_path: str
    config: str
    revision: str
    has_card: bool


def describe(manifest: Mapping[str, Any]) -> Described:
    """Read a manifest, in which everything may be missing."""
    provenance = _section(manifest, "provenance")
    config = _section(provenance, "config")
    warnings = manifest.get("warnings") or []
    more = [f"And {len(warnings) - _MOST_SHOWN:,} more."] if len(warnings) > _MOST_SHOWN else []
    return Described(
        gates=gates_of(manifest),
        warnings=[str(text) for text in warnings[:_MOST_SHOWN]] + more,
        data=_dataset(manifest, _section(provenance, "dataset")),
        config_path=str(config.get("path") or ""),
        config=str(config.get("text") or ""),
        revision=str(provenance.get("git_revision") or ""),
        has_card=CARD_HTML in _section(manifest, "files"),
    )


def _dataset(manifest: Mapping[str, Any], dataset: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    data, split = _section(manifest, "data"), _section(manifest, "split")
    files = [file for file in dataset.get("files") or [dataset] if isinstance(file, dict)]
    facts = [("File", str(file["url"]), True) for file in files[:_MOST_SHOWN] if file.get("url")]
    facts += [
        (name, str(dataset[key]), True)
        for name, key in (("SHA-256", "sha256"), ("ETag", "etag"), ("S3 version", "version_id"))
        if dataset.get(key)
    ]
    counted = [
        ("Size", dataset.get("size"), " bytes"),
        ("Rows", data.get("rows"), ""),
        ("Held-out rows", split.get("test_rows"), ""),
    ]
    facts += [(name, f"{value:,}{unit}", False) for name, value, unit in counted if isinstance(value, int)]
    target = _section(data, "target").get("name")
    return facts + ([("Target", str(target), False)] if target else [])


def _section(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = manifest.get(name)
    return section if isinstance(section, dict) else {}


def failed_tasks(run: RunFacts, task_id: str = "") -> list[TaskFacts]:
    """Return the tasks of a run that failed themselves: that of a task's tab alone, if it is one of them."""
    failed = [task for task in run.tasks if task.state in _FAILED]
    return [task for task in failed if task.task_id == task_id] or failed
