"""A DAG's tab: the models of its pipeline, how each became what it is, and how a metric went."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from refinery.web.charts import TrendPoint
from refinery.web.kept import MOST_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.registry import Latest, ModelSeries, Promotion
    from refinery.web.kept import Found, ModelFacts
    from refinery.web.model_store import ModelStore
    from refinery.web.place import Place
    from refinery.web.readings import Reading

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


def read_history(place: Place, store: ModelStore, *, count: int, patience: float) -> History:
    """Read the newest models of a pipeline.

    Args:
        place: The pipeline.
        store: Reads models.
        count: How many to show, within limits.
        patience: How many seconds to wait at most.
    """
    series, connection = place.series, place.output.connection
    deadline = time.monotonic() + patience

    def rest() -> float:
        return max(0.0, deadline - time.monotonic())

    count = min(max(count, _FEWEST), _MOST)
    latest_reading = place.latest(store, patience=rest() / 2)
    latest = latest_reading.value.latest if latest_reading.value else None
    until = latest.newest_date if latest else datetime.now(UTC)
    listed = store.listing(series, connection, count, until=until, patience=rest())
    problems = [problem for problem in (latest_reading.problem, listed.problem) if problem]
    found = listed.value or ()
    facts = store.described(found, connection, patience=rest())
    versions = [
        _judged(_version(series, each, reading), each, latest)
        for each, reading in zip(found, facts, strict=True)
        if not reading.is_pending and (reading.value is None or place.owns(reading.value.dag_id))
    ]
    names = [name for version in versions if version.facts for name in version.facts.metrics]
    return History(
        versions,
        latest,
        problems,
        list(dict.fromkeys(names))[:MOST_NAMES],
        is_pending=latest_reading.is_pending
        or listed.is_pending
        or any(reading.is_pending for reading in facts),
        has_more=len(found) >= count and count < _MOST,
    )


def _version(series: ModelSeries, found: Found, reading: Reading[ModelFacts]) -> Version:
    return Version(
        id=found.prefix.key.removeprefix(series.root.key),
        name=found.name,
        status="rejected" if found.is_report else "never",
        uploaded_at=found.uploaded_at,
        facts=reading.value,
        problem=reading.problem,
        promotion=None,
    )


def _judged(version: Version, found: Found, latest: Latest | None) -> Version:
    if version.facts is None:
        return replace(version, status="damaged")
    if found.is_report or latest is None:
        return version
    sha256 = version.facts.sha256
    promotion = next((each for each in latest.promotions if each.is_of(found.prefix, sha256)), None)
    if promotion is None:
        return version
    is_latest = latest.is_of(found.prefix, sha256)
    return replace(version, promotion=promotion, status="latest" if is_latest else "superseded")


def chosen_metric(history: History, wanted: str, versions: Sequence[Version]) -> str:
    """Return the metric to draw: the wanted one if it is there, else the main one of the latest model or the newest."""
    if wanted in history.metrics:
        return wanted
    known = [history.current, *versions]
    return next((each.facts.main_metric for each in known if each and each.facts and each.facts.metrics), "")
