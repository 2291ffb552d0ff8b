"""The models of pipelines as the pages read them: latest.json and manifests, through each pipeline's own connection.

What pages with many models or pipelines keep of a file is a few bounded facts, never the file.
"""

from __future__ import annotations

import functools
import math
import re
import sys
from array import array
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from refinery.registry import (
    LatestFile,
    ModelNotFoundError,
    ModelSeries,
    Promotion,
    RegistryError,
    StoredManifest,
    list_newest,
    read_card,
    read_latest_again,
    read_manifest,
    read_promoted,
)
from refinery.spec.artifacts import CARD_HTML, MANIFEST_FILE
from refinery.spec.run_params import REPLACED, RESERVED_NAMES, fill_series
from refinery.storage import RetryPolicy, list_prefix
from refinery.web.buckets import Buckets, NoAnswerError
from refinery.web.readings import Reading, Readings, reading_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from refinery.registry import Listing
    from refinery.spec.urls import S3Url
    from refinery.web.airflow_facts import Output

Value = TypeVar("Value")

# A page would rather say soon that S3 does not answer.
_POLICY = RetryPolicy(attempts=2, first_wait=0.1, longest_wait=0.5, throttle_timeout=0)
_LATEST_SECONDS = 20.0
_FOREVER = 24 * 3600.0
_MOST_MANIFESTS = 4_000
_LISTING_SECONDS = _MOMENT = 2.0
_MOST_LISTINGS = _MOST_LATEST_FILES = 20
_LONGEST_WAIT, _LONGEST_CARD_WAIT = 5.0, 15.0
_LARGEST_CARD = 20_000_000
_MOST_REPLACED = 20
_MOST_OBJECTS = 50_000
# What is kept of one manifest or latest.json.
MOST_NAMES, MOST_LETTERS = 50, 500
_SPARK_POINTS = 20

_PARAM = re.compile(r"\{\{ *params\.(?P<name>[A-Za-z]\w*)(?: \| \w+)* *\}\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Gate:
    """How a model met a requirement."""

    metric: str
    kind: str
    required: float | None
    measured: float | None
    margin: float | None
    passed: bool
    sentence: str


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
    gates: tuple[Gate, ...]
    has_card: bool

    @property
    def main_metric(self) -> str:
        """The metric of its first gate, else its first metric; empty if it was not measured."""
        gated = [gate.metric for gate in self.gates if gate.metric in self.metrics]
        return next(iter([*gated, *self.metrics]), "")

    @property
    def missed(self) -> tuple[Gate, ...]:
        """The gates that it did not meet."""
        return tuple(gate for gate in self.gates if not gate.passed)


@dataclass(frozen=True, slots=True)
class Newest:
    """What the Models page keeps of a latest.json.

    Attributes:
        etag: The file's ETag; None if the file is missing, or the server gave none.
        promotion: The promotion of the latest model, without its metrics; None if the file is missing.
        trends: Each metric of the last promoted models, the oldest first; NaN for one that lacks it.
    """

    etag: str | None
    promotion: Promotion | None
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


class UnfilledParamError(Exception):
    """The output depends on a param that has no default."""


def params_of(output: Output) -> list[str]:
    """Return the params in an output: each choice of values has separate models."""
    return list(dict.fromkeys(match["name"] for match in _PARAM.finditer(output.prefix)))


def series_of(output: Output, chosen: Mapping[str, Any] | None = None) -> ModelSeries:
    """Return the models of a pipeline, for one choice of its params.

    Args:
        output: Where the pipeline puts models.
        chosen: Params; the others have their defaults.

    Raises:
        UnfilledParamError: A param has no default, and each of its values has separate models.
        InvalidUrlError: The output is not an S3 prefix.
    """

    def fill(template: str) -> Any:
        name = template.strip("{} ").removeprefix("params.").split(" ")[0]
        value = (chosen or {}).get(name, output.params.get(name))
        # It must name a single folder, and none that Refinery reserves.
        if value is None or "/" in str(value) or value in ("", *RESERVED_NAMES):
            raise UnfilledParamError(name)
        return value

    return ModelSeries.of_output(fill_series(output.prefix, fill))


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


def gates_of(content: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return how a model met each gate, as its manifest says."""
    gates = (gate for gate in content.get("gates") or [] if isinstance(gate, dict))
    return tuple(_gate(gate) for gate in islice(gates, MOST_NAMES))


def _gate(gate: Mapping[str, Any]) -> Gate:
    def figure(name: str) -> float | None:
        value = gate.get(name)
        is_finite = isinstance(value, int | float) and abs(value) <= sys.float_info.max
        return float(gate[name]) if is_finite else None

    return Gate(
        metric=cut(gate.get("metric")),
        kind=cut(gate.get("kind")),
        required=figure("required"),
        measured=figure("measured"),
        margin=figure("margin"),
        passed=bool(gate.get("passed")),
        sentence=cut(gate.get("sentence")),
    )


class ModelStore:
    """Reads models for all pages of this process, a few at the same time."""

    def __init__(self) -> None:
        self._pool = reading_threads()
        self._buckets = Buckets()
        self._newest: Readings[Newest] = Readings(fresh_for=_LATEST_SECONDS, pool=self._pool)
        self._latest: Readings[LatestFile] = Readings(
            fresh_for=_MOMENT, most=_MOST_LATEST_FILES, pool=self._pool
        )
        self._facts: Readings[ModelFacts] = Readings(
            fresh_for=_FOREVER, most=_MOST_MANIFESTS, pool=self._pool
        )
        self._listings: Readings[tuple[Found, ...]] = Readings(
            fresh_for=_LISTING_SECONDS, most=_MOST_LISTINGS, pool=self._pool
        )

    def newest(
        self,
        series: Iterable[tuple[ModelSeries, str]],
        *,
        patience: float,
        max_age: float = _LATEST_SECONDS,
    ) -> list[Reading[Newest]]:
        """Return what is known of the latest models of pipelines.

        Args:
            series: The models of each pipeline, and the connection for them.
            patience: How many seconds to wait for what was never read.
            max_age: After how many seconds to ask again.
        """
        keys = list(series)
        loads: dict[Hashable, Callable[[Newest | None], Newest | None]] = {
            key: functools.partial(self._load_newest, *key) for key in keys
        }
        found = self._newest.read(loads, patience=patience, max_age=max_age)
        return [found[key] for key in keys]

    def latest_of(self, series: ModelSeries, connection: str, *, patience: float) -> Reading[LatestFile]:
        """Return what is known of the latest model of one pipeline, as of now.

        Args:
            series: The pipeline's models.
            connection: The connection for them.
            patience: How many seconds to wait.
        """
        key = (series, connection)
        load = functools.partial(self._load_latest, series, connection)
        return self._latest.read({key: load}, patience=patience, fresh=True)[key]

    def facts(
        self, promotions: Iterable[tuple[Promotion, str]], *, patience: float
    ) -> list[Reading[ModelFacts]]:
        """Return what is known of promoted models, each of which is read once: it does not change.

        Args:
            promotions: The promotion of each model, and the connection for it.
            patience: How many seconds to wait for what was never read.
        """
        wanted = {
            (promotion.prefix, promotion.manifest_sha256, connection): promotion
            for promotion, connection in promotions
        }
        loads: dict[Hashable, Callable[[ModelFacts | None], ModelFacts | None]] = {
            key: functools.partial(self._load_facts, promotion, key[2]) for key, promotion in wanted.items()
        }
        return list(self._facts.read(loads, patience=patience).values())

    def described(
        self, found: Iterable[Found], connection: str, *, patience: float
    ) -> list[Reading[ModelFacts]]:
        """Return what is known of models and reports that a listing found; each content is read once.

        Args:
            found: Those that are wanted.
            connection: The connection for them.
            patience: How many seconds to wait for what was never read.
        """
        loads: dict[Hashable, Callable[[ModelFacts | None], ModelFacts | None]] = {
            (each.prefix, each.etag, each.uploaded_at, connection): functools.partial(
                self._load_described, each.prefix, connection
            )
            for each in found
        }
        return list(self._facts.read(loads, patience=patience).values())

    def listing(
        self, series: ModelSeries, connection: str, most: int, *, until: datetime, patience: float
    ) -> Reading[tuple[Found, ...]]:
        """Return the newest models and reports under a pipeline's prefix, the newest first.

        Args:
            series: The pipeline's models.
            connection: The connection for them.
            most: How many are wanted.
            until: About when the newest is from.
            patience: How many seconds to wait, if it was never listed.
        """
        key = (series, connection, most)
        load = functools.partial(self._load_listing, series, connection, most, until)
        return self._listings.read({key: load}, patience=patience, fresh=True)[key]

    def manifest(self, prefix: S3Url, connection: str) -> StoredManifest:
        """Read a whole manifest.

        Raises:
            ModelNotFoundError: There is none, or it is damaged.
            RemoteError: S3 refused or failed.
            NoAnswerError: S3 did not answer in time.
        """
        return self._awaited(
            lambda client: read_manifest(prefix, client=client, policy=_POLICY), prefix, connection
        )

    def replaced(self, prefix: S3Url, connection: str) -> list[StoredManifest]:
        """Read the manifests of the models that reruns replaced, the newest first.

        Args:
            prefix: Where the runs wrote to.
            connection: The connection for it.

        Raises:
            RemoteError: S3 refused or failed.
            NoAnswerError: S3 did not answer in time.
        """

        def read(client: S3Client) -> list[StoredManifest]:
            objects = list_prefix(prefix.child(f"{REPLACED}/"), client=client, policy=_POLICY)
            kept = [item for item in islice(objects, _MOST_OBJECTS) if item.key.endswith(f"/{MANIFEST_FILE}")]
            newest = sorted(kept, key=lambda item: item.last_modified, reverse=True)[:_MOST_REPLACED]
            folders = [replace(prefix, key=item.key.removesuffix(MANIFEST_FILE)) for item in newest]
            return [read_manifest(folder, client=client, policy=_POLICY) for folder in folders]

        return self._awaited(read, prefix, connection)

    def card(self, manifest: StoredManifest, connection: str) -> bytes:
        """Read a model's card, which must be the one that its manifest lists.

        Raises:
            RegistryError: The model has none, it is another one, or it is too large for a page.
            RemoteError: S3 refused or failed.
            NoAnswerError: S3 did not answer in time.
        """
        prefix = manifest.prefix
        size = ((manifest.content.get("files") or {}).get(CARD_HTML) or {}).get("size")
        if isinstance(size, int) and size > _LARGEST_CARD:
            raise RegistryError(f"{prefix.child(CARD_HTML)} is too large to be shown here; download it.")
        return self._awaited(
            lambda client: read_card(manifest, client=client), prefix, connection, _LONGEST_CARD_WAIT
        )

    def client(self, connection: str, url: S3Url) -> S3Client:
        """Return a client for the bucket of a URL, to change something there."""
        return self._buckets.client(connection, url)

    def forget_latest(self, series: ModelSeries, connection: str) -> None:
        """Read a latest.json again the next time, because it was just changed."""
        self._latest.forget((series, connection))
        self._newest.forget((series, connection))

    def _awaited(
        self,
        read: Callable[[S3Client], Value],
        prefix: S3Url,
        connection: str,
        seconds: float = _LONGEST_WAIT,
    ) -> Value:
        """Return what a read returns, in one of our threads."""

        def ask() -> Value:
            with self._buckets.asked(connection, prefix) as client:
                return read(client)

        future = self._pool.submit(ask)
        try:
            return future.result(timeout=seconds)
        except TimeoutError as error:
            future.cancel()
            raise NoAnswerError(f"{prefix} was not read within {seconds:.0f} s. Try again later.") from error

    def _load_latest(self, series: ModelSeries, connection: str, former: LatestFile | None) -> LatestFile:
        with self._buckets.asked(connection, series.root) as client:
            return read_latest_again(series, former, client=client, policy=_POLICY)

    def _load_newest(self, series: ModelSeries, connection: str, former: Newest | None) -> Newest:
        known = LatestFile(None, former.etag) if former else None
        with self._buckets.asked(connection, series.root) as client:
            file = read_latest_again(series, known, client=client, policy=_POLICY)
        return former if former and file is known else _newest_of(file)

    def _load_facts(self, promotion: Promotion, connection: str, _former: ModelFacts | None) -> ModelFacts:
        with self._buckets.asked(connection, promotion.url) as client:
            return facts_of(read_promoted(promotion, client=client, policy=_POLICY))

    def _load_described(self, prefix: S3Url, connection: str, _former: ModelFacts | None) -> ModelFacts:
        with self._buckets.asked(connection, prefix) as client:
            return facts_of(read_manifest(prefix, client=client, policy=_POLICY))

    def _load_listing(
        self,
        series: ModelSeries,
        connection: str,
        most: int,
        until: datetime,
        _former: tuple[Found, ...] | None,
    ) -> tuple[Found, ...]:
        with self._buckets.asked(connection, series.root) as client:
            listing = list_newest(
                series, most, until=until, client=client, policy=_POLICY, limit=_MOST_OBJECTS
            )
        return _newest_found(series, listing, most)


def _newest_of(file: LatestFile) -> Newest:
    if file.latest is None:
        return Newest(file.etag, None, {})
    past = file.latest.promotions[:_SPARK_POINTS][::-1]
    names = islice(past[-1].metrics, MOST_NAMES)
    trends = {name: array("d", [each.metrics.get(name, math.nan) for each in past]) for name in names}
    return Newest(file.etag, past[-1].model_copy(update={"metrics": {}, "reason": None}), trends)


def _newest_found(series: ModelSeries, listing: Listing, most: int) -> tuple[Found, ...]:
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
