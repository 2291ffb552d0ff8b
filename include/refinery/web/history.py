"""A DAG's tab: the models of its pipeline, how each became what it is, and how a metric went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from refinery.web.charts import TrendPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.registry import Latest, Listing, ModelSeries, Promotion
    from refinery.spec.urls import S3Url
    from refinery.web.model_store import ModelFacts, ModelStore

_FEWEST, _MOST = 30, 300
STATUS_WORDS = {
    "latest": ("good", "Latest"),
    "superseded": ("plain", "Superseded"),
    "rejected": ("bad", "Rejected"),
    "never": ("plain", "Not promoted"),
    "damaged": ("bad", "Not readable"),
}


@dataclass(frozen=True, slots=True)
class Version:
    """A model of a pipeline, or the report on one that missed its gates.

    Attributes:
        id: Its folder below the pipeline's root.
        name: Its version, usually its date.
        status: One of STATUS_WORDS.
        uploaded_at: When it was written.
        facts: What its manifest says; None if it cannot be read.
        problem: Why it cannot be read.
        promotion: When and how it was promoted the last time.
    """

    id: str
    name: str
    status: str
    uploaded_at: datetime
    facts: ModelFacts | None
    problem: str
    promotion: Promotion | None

    @property
    def status_words(self) -> tuple[str, str]:
        """The color and the words for its status."""
        return STATUS_WORDS[self.status]


@dataclass(frozen=True, slots=True)
class History:
    """What a DAG's tab shows of a pipeline.

    Attributes:
        versions: Its newest models and reports, the newest first.
        latest: What latest.json says; None if there is none, or it cannot be read.
        problems: What could not be read.
        metrics: The names of all metrics.
        is_pending: Whether some are still being read.
        has_more: Whether there are older ones.
    """

    versions: list[Version]
    latest: Latest | None
    problems: list[str]
    metrics: list[str]
    is_pending: bool
    has_more: bool

    @property
    def current(self) -> Version | None:
        """The latest model, if it is among the versions."""
        return next((version for version in self.versions if version.status == "latest"), None)

    @property
    def earlier(self) -> Promotion | None:
        """The model that a rollback goes to."""
        return self.latest.earlier_model() if self.latest else None

    @property
    def promotable(self) -> list[Version]:
        """The models that a person may promote."""
        return [version for version in self.versions if version.status in ("superseded", "never")]

    def trend(self, metric: str) -> list[TrendPoint]:
        """Return a metric over the versions, the oldest first, with the bounds that applied to each."""
        points = []
        for version in reversed(self.versions):
            facts = version.facts
            if facts and metric in facts.metrics:
                bounds = tuple(
                    (gate.kind, gate.required)
                    for gate in facts.gates
                    if gate.metric == metric and gate.required is not None
                )
                points.append(TrendPoint(version.name, facts.metrics[metric], version.status, bounds))
        return points


def read_history(
    series: ModelSeries, connection: str, store: ModelStore, *, count: int, patience: float
) -> History:
    """Read the newest models of a pipeline.

    Args:
        series: The pipeline's models.
        connection: The connection for them.
        store: Reads models.
        count: How many to show, within limits.
        patience: How many seconds to wait for each kind of file that was never read.
    """
    count = min(max(count, _FEWEST), _MOST)
    latest_reading = store.latest_of(series, connection, patience=patience)
    latest = latest_reading.value.latest if latest_reading.value else None
    until = latest.newest_date if latest else datetime.now(UTC)
    listed = store.listing(series, connection, count, until=until, patience=patience)
    problems = [problem for problem in (latest_reading.problem, listed.problem) if problem]
    found = _entries(series, listed.value, count) if listed.value else []
    facts = (
        store.described(series, listed.value, [one[1] for one in found], connection, patience=patience)
        if listed.value
        else []
    )
    versions = []
    for (version, prefix), reading in zip(found, facts, strict=True):
        if not reading.is_pending:
            described = replace(version, facts=reading.value, problem=reading.problem)
            versions.append(_judged(described, prefix, latest, is_report=version.status == "rejected"))
    names = [name for version in versions if version.facts for name in version.facts.metrics]
    return History(
        versions,
        latest,
        problems,
        list(dict.fromkeys(names)),
        is_pending=len(versions) < len(found) or (listed.is_pending and not listed.problem),
        has_more=len(found) >= count and count < _MOST,
    )


def find_prefix(series: ModelSeries, version_id: str) -> S3Url | None:
    """Return the prefix of a model or report; None if the id is not one of the pipeline's, wherever it may point."""
    prefix = replace(series.root, key=series.root.key + version_id)
    return prefix if series.version_of(prefix) or series.report_of(prefix) else None


def _entries(series: ModelSeries, listing: Listing, count: int) -> list[tuple[Version, S3Url]]:
    root = series.root.key

    def entry(prefix: S3Url, name: str, status: str) -> tuple[Version, S3Url]:
        uploaded_at = listing.manifests[f"{prefix.key}manifest.json"].last_modified
        return Version(prefix.key.removeprefix(root), name, status, uploaded_at, None, "", None), prefix

    models = [entry(version.prefix, version.name, "never") for version in listing.versions]
    reports = []
    for prefix in listing.reports:
        of = series.report_of(prefix)
        reports.append(entry(prefix, (series.version_of(of) if of else "") or "", "rejected"))
    ordered = sorted(
        [*models, *reports],
        key=lambda one: (one[0].name.partition("@")[0] if series.is_dated else "", one[0].uploaded_at),
        reverse=True,
    )
    return ordered[:count]


def _judged(version: Version, prefix: S3Url, latest: Latest | None, *, is_report: bool) -> Version:
    if version.facts is None:
        return replace(version, status="damaged")
    if is_report or latest is None:
        return version
    sha256 = version.facts.sha256
    promotion = next((each for each in latest.promotions if each.is_of(prefix, sha256)), None)
    if promotion is None:
        return version
    is_latest = latest.is_of(prefix, sha256)
    return replace(version, promotion=promotion, status="latest" if is_latest else "superseded")


def chosen_metric(history: History, wanted: str, versions: Sequence[Version]) -> str:
    """Return the metric to draw: the wanted one if it is there, else the main one of the latest model or the newest."""
    if wanted in history.metrics:
        return wanted
    known = [history.current, *versions]
    return next((each.facts.main_metric for each in known if each and each.facts and each.facts.metrics), "")
