"""What pages keep of a file on S3: a few bounded facts, never the file, since there may be thousands of pipelines and models."""

from __future__ import annotations

import math
import sys
from array import array
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from refinery.registry import ModelNotFoundError
from refinery.spec.artifacts import CARD_HTML, MANIFEST_FILE
from refinery.spec.gates import GateResult
from refinery.spec.urls import parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from refinery.registry import LatestFile, Listing, ModelSeries, StoredManifest
    from refinery.spec.urls import S3Url

# Of one manifest or latest.json.
MOST_NAMES, MOST_LETTERS = 50, 500
_SPARK_POINTS = 20


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What pages with many models keep of a manifest.

    Attributes:
        prefix: Where it is.
        sha256: The SHA-256 of its bytes, in hex.
        date: The date of the run, or when the model was trained; None if it names none.
        dag_id: The DAG of the run that made it; empty if it names none.
        run_id: That run; empty if it names none.
        model: The model's name.
        metrics: Its metrics.
        lower_is_better: The metrics that are errors.
        warnings: How many warnings there are.
        gate: "passed", "warned" or "rejected"; empty if there are no gates.
        gates: How it met each gate.
        has_card: Whether there is a card.
    """

    prefix: S3Url
    sha256: str
    date: datetime | None
    dag_id: str
    run_id: str
    model: str
    metrics: Mapping[str, float]
    lower_is_better: frozenset[str]
    warnings: int
    gate: str
    gates: tuple[GateResult, ...]
    has_card: bool

    @property
    def main_metric(self) -> str:
        """The metric of its first gate, else its first metric; empty if it was not measured."""
        gated = [gate.metric for gate in self.gates if gate.metric in self.metrics]
        return next(iter([*gated, *self.metrics]), "")

    @property
    def missed(self) -> tuple[GateResult, ...]:
        """The gates that it did not meet."""
        return tuple(gate for gate in self.gates if not gate.passed)


@dataclass(frozen=True, slots=True)
class Promoted:
    """What the Models page keeps of a promotion.

    Attributes:
        prefix: The model's prefix.
        manifest_sha256: The SHA-256 of its manifest's bytes, in hex.
        date: The date of the run that made it.
        promoted_at: When it became the latest.
        gate: How it met its pipeline's gates, if it has any.
    """

    prefix: str
    manifest_sha256: str
    date: datetime
    promoted_at: datetime
    gate: str | None

    @property
    def url(self) -> S3Url:
        """The model's prefix as a URL."""
        return parse_prefix_url(self.prefix)


@dataclass(frozen=True, slots=True)
class Newest:
    """What the Models page keeps of a latest.json.

    Attributes:
        etag: The file's ETag; None if the file is missing, or the server gave none.
        promoted: The latest model; None if the file is missing.
        trends: Each metric of the last promoted models, the oldest first; NaN for one that lacks it.
    """

    etag: str | None
    promoted: Promoted | None
    trends: Mapping[str, array[float]]


@dataclass(frozen=True, slots=True)
class Found:
    """A model, or the report on a rejected one, as a listing describes it.

    Attributes:
        prefix: Where it is.
        name: Its version, or the one that it would have become.
        is_report: Whether it is a report.
        uploaded_at: When its manifest was written.
        etag: The ETag of its manifest.
    """

    prefix: S3Url
    name: str
    is_report: bool
    uploaded_at: datetime
    etag: str | None


def facts_of(manifest: StoredManifest) -> ModelFacts:
    """Return what pages with many models keep of a manifest.

    Raises:
        ModelNotFoundError: It says something in a shape that it cannot have.
    """
    with shape_errors(manifest.prefix):
        return _facts_of(manifest)


@contextmanager
def shape_errors(location: object) -> Iterator[None]:
    """Report what a manifest says in a shape that nobody expects as damage.

    Args:
        location: The model's prefix.

    Raises:
        ModelNotFoundError: The block met such a thing.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ModelNotFoundError.at(location, f"its {MANIFEST_FILE} is damaged: {error}") from error


def _facts_of(manifest: StoredManifest) -> ModelFacts:
    content = manifest.content
    try:
        date = manifest.date
    except ModelNotFoundError:
        date = None
    evaluation = content.get("evaluation") or {}
    metrics = {cut(name): value for name, value in islice((content.get("metrics") or {}).items(), MOST_NAMES)}
    return ModelFacts(
        prefix=manifest.prefix,
        sha256=manifest.sha256,
        date=date,
        dag_id=cut(manifest.run.get("dag_id")),
        run_id=cut(manifest.run.get("run_id")),
        model=cut((content.get("model") or {}).get("name")),
        metrics=metrics,
        lower_is_better=frozenset(
            name for name in metrics if name in (evaluation.get("lower_is_better") or ())
        ),
        warnings=len(content.get("warnings") or []),
        gate=cut(content.get("gate")),
        gates=gates_of(content),
        has_card=CARD_HTML in (content.get("files") or {}),
    )


def cut(text: Any) -> str:
    """Return a text as a page shows it: empty for None, and with an ellipsis if it is very long."""
    shown = "" if text is None else str(text)
    return shown if len(shown) <= MOST_LETTERS else f"{shown[:MOST_LETTERS]}…"


def gates_of(content: Mapping[str, Any]) -> tuple[GateResult, ...]:
    """Return how a model met each gate, as its manifest says."""
    gates = (gate for gate in content.get("gates") or [] if isinstance(gate, dict))
    return tuple(_gate(gate) for gate in islice(gates, MOST_NAMES))


def _gate(gate: Mapping[str, Any]) -> GateResult:
    def figure(name: str) -> float | None:
        value = gate.get(name)
        is_finite = isinstance(value, int | float) and abs(value) <= sys.float_info.max
        return float(gate[name]) if is_finite else None

    return GateResult(
        metric=cut(gate.get("metric")),
        kind=cut(gate.get("kind")),
        required=figure("required"),
        measured=figure("measured"),
        margin=figure("margin"),
        passed=bool(gate.get("passed")),
        sentence=cut(gate.get("sentence")),
    )


def newest_of(file: LatestFile) -> Newest:
    """Return what the Models page keeps of a latest.json."""
    if file.latest is None:
        return Newest(file.etag, None, {})
    past = file.latest.promotions[:_SPARK_POINTS][::-1]
    latest = past[-1]
    names = islice(latest.metrics, MOST_NAMES)
    trends = {name: array("d", [each.metrics.get(name, math.nan) for each in past]) for name in names}
    promoted = Promoted(latest.prefix, latest.manifest_sha256, latest.date, latest.promoted_at, latest.gate)
    return Newest(file.etag, promoted, trends)


def found_in(series: ModelSeries, listing: Listing, most: int) -> tuple[Found, ...]:
    """Return the newest models and reports of a listing, the newest first.

    Args:
        series: The pipeline's models, which were listed.
        listing: What is below their prefix.
        most: How many are wanted.
    """

    def found(prefix: S3Url, name: str, *, is_report: bool) -> Found:
        item = listing.manifests[prefix.child(MANIFEST_FILE).key]
        return Found(prefix, name, is_report, item.last_modified, item.etag)

    models = [found(version.prefix, version.name, is_report=False) for version in listing.versions]
    reports = []
    for prefix in listing.reports:
        of = series.report_of(prefix)
        reports.append(found(prefix, (series.version_of(of) if of else "") or "", is_report=True))
    ordered = sorted(
        [*models, *reports],
        key=lambda each: (each.name.partition("@")[0] if series.is_dated else "", each.uploaded_at),
        reverse=True,
    )
    return tuple(ordered[:most])
