"""The models of pipelines as the pages read them: latest.json and manifests, through each pipeline's own connection."""

from __future__ import annotations

import functools
import re
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from refinery.connections import s3_client
from refinery.errors import RefineryError
from refinery.registry import (
    LatestFile,
    Listing,
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
from refinery.web.readings import Reading, Readings, reading_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.web.airflow_facts import Output

Value = TypeVar("Value")

# A page would rather say soon that S3 does not answer.
_POLICY = RetryPolicy(attempts=2, first_wait=0.1, longest_wait=0.5, throttle_timeout=0)
_CONNECT_SECONDS, _READ_SECONDS = 3, 10
# A connection that was changed in Airflow is used from then on.
_CLIENT_SECONDS = 120.0
_LATEST_SECONDS = 20.0
_FOREVER = 24 * 3600.0
_MOST_MANIFESTS = 4_000
_LISTING_SECONDS = _MOMENT = 2.0
_MOST_LISTINGS = 20
_LONGEST_WAIT = 20.0
_LARGEST_CARD = 20_000_000
_MOST_REPLACED = 20

_PARAM = re.compile(r"\{\{ *params\.(?P<name>[A-Za-z]\w*)(?: \| \w+)* *\}\}", re.ASCII)

_clients: dict[tuple[str, str, str | None], tuple[float, S3Client]] = {}
_clients_lock = threading.Lock()


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
        run_id: The run that made it; empty if it names none.
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


class NoAnswerError(RefineryError):
    """S3 did not answer while a page was waiting."""


class UnfilledParamError(Exception):
    """The output depends on a param that has no default."""


def params_of(output: Output) -> list[str]:
    """Return the params in an output: each choice of their values has models of its own."""
    return list(dict.fromkeys(match["name"] for match in _PARAM.finditer(output.prefix)))


def series_of(output: Output, chosen: Mapping[str, Any] | None = None) -> ModelSeries:
    """Return the models of a pipeline, for one choice of its params.

    Args:
        output: Where the pipeline puts models.
        chosen: Params; the others have their defaults.

    Raises:
        UnfilledParamError: A param has no default: each of its values has models of its own.
        InvalidUrlError: The output is not an S3 prefix.
    """

    def fill(template: str) -> Any:
        name = template.strip("{} ").removeprefix("params.").split(" ")[0]
        value = (chosen or {}).get(name, output.params.get(name))
        # One folder's name, and none of ours.
        if value is None or "/" in str(value) or value in ("", *RESERVED_NAMES):
            raise UnfilledParamError(name)
        return value

    return ModelSeries.of_output(fill_series(output.prefix, fill))


def facts_of(manifest: StoredManifest) -> ModelFacts:
    """Return what pages with many models keep of a manifest."""
    content = manifest.content
    try:
        date = manifest.date
    except ModelNotFoundError:
        date = None
    return ModelFacts(
        prefix=manifest.prefix,
        sha256=manifest.sha256,
        date=date,
        run_id=str(manifest.run.get("run_id") or ""),
        model=str((content.get("model") or {}).get("name") or ""),
        metrics=dict(content.get("metrics") or {}),
        lower_is_better=frozenset(map(str, (content.get("evaluation") or {}).get("lower_is_better") or ())),
        warnings=len(content.get("warnings") or []),
        gate=str(content.get("gate") or ""),
        gates=gates_of(content),
        has_card=CARD_HTML in (content.get("files") or {}),
    )


def gates_of(content: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return how a model met each gate, as its manifest says."""
    return tuple(_gate(gate) for gate in content.get("gates") or [] if isinstance(gate, dict))


def _gate(gate: Mapping[str, Any]) -> Gate:
    def figure(name: str) -> float | None:
        return float(gate[name]) if isinstance(gate.get(name), int | float) else None

    return Gate(
        metric=str(gate.get("metric") or ""),
        kind=str(gate.get("kind") or ""),
        required=figure("required"),
        measured=figure("measured"),
        margin=figure("margin"),
        passed=bool(gate.get("passed")),
        sentence=str(gate.get("sentence") or ""),
    )


class ModelStore:
    """Reads models for all pages of this process, a few at the same time."""

    def __init__(self) -> None:
        self._pool = reading_threads()
        self._latest: Readings[LatestFile] = Readings(fresh_for=_LATEST_SECONDS, pool=self._pool)
        self._facts: Readings[ModelFacts] = Readings(
            fresh_for=_FOREVER, most=_MOST_MANIFESTS, pool=self._pool
        )
        self._listings: Readings[Listing] = Readings(
            fresh_for=_LISTING_SECONDS, most=_MOST_LISTINGS, pool=self._pool
        )

    def latest(
        self,
        series: Iterable[tuple[ModelSeries, str]],
        *,
        patience: float,
        max_age: float = _LATEST_SECONDS,
    ) -> list[Reading[LatestFile]]:
        """Return what is known of the latest models of pipelines.

        Args:
            series: The models of each pipeline, and the connection for them.
            patience: How many seconds to wait for what was never read.
            max_age: After how many seconds to ask again.
        """
        keys = list(series)
        loads: dict[Hashable, Callable[[LatestFile | None], LatestFile | None]] = {
            key: functools.partial(_load_latest, *key) for key in keys
        }
        found = self._latest.read(loads, patience=patience, max_age=max_age)
        return [found[key] for key in keys]

    def latest_of(self, series: ModelSeries, connection: str, *, patience: float) -> Reading[LatestFile]:
        """Return what is known of the latest model of one pipeline, as of now.

        Args:
            series: The pipeline's models.
            connection: The connection for them.
            patience: How many seconds to wait.
        """
        key = (series, connection)
        load = functools.partial(_load_latest, series, connection)
        return self._latest.read({key: load}, patience=patience, fresh=True, max_age=_MOMENT)[key]

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
            key: functools.partial(_load_facts, promotion, key[2]) for key, promotion in wanted.items()
        }
        return list(self._facts.read(loads, patience=patience).values())

    def described(
        self,
        series: ModelSeries,
        listing: Listing,
        prefixes: Iterable[S3Url],
        connection: str,
        *,
        patience: float,
    ) -> list[Reading[ModelFacts]]:
        """Return what is known of models and reports that a listing found; each content is read once.

        Args:
            series: The pipeline's models.
            listing: The listing.
            prefixes: Those that are wanted.
            connection: The connection for them.
            patience: How many seconds to wait for what was never read.
        """
        loads: dict[Hashable, Callable[[ModelFacts | None], ModelFacts | None]] = {}
        for prefix in prefixes:
            found = listing.manifests[prefix.child(MANIFEST_FILE).key]
            key = (series.root.bucket, found.key, found.etag, found.last_modified, connection)
            loads[key] = functools.partial(_load_described, prefix, connection)
        return list(self._facts.read(loads, patience=patience).values())

    def listing(
        self, series: ModelSeries, connection: str, most: int, *, until: datetime, patience: float
    ) -> Reading[Listing]:
        """Return what is under a pipeline's prefix: at least its newest models.

        Args:
            series: The pipeline's models.
            connection: The connection for them.
            most: How many models are wanted.
            until: About when the newest is from.
            patience: How many seconds to wait, if it was never listed.
        """
        key = (series, connection, most)
        load = functools.partial(_load_listing, series, connection, most, until)
        return self._listings.read({key: load}, patience=patience, fresh=True)[key]

    def manifest(self, prefix: S3Url, connection: str) -> StoredManifest:
        """Read a whole manifest.

        Raises:
            ModelNotFoundError: There is none, or it is damaged.
            RemoteError: S3 refused, failed or could not be reached.
            NoAnswerError: S3 did not answer in time.
        """

        def read() -> StoredManifest:
            return read_manifest(prefix, client=client_of(connection, prefix), policy=_POLICY)

        return self._awaited(read, prefix)

    def replaced(self, prefix: S3Url, connection: str) -> list[StoredManifest]:
        """Read the manifests of the models that reruns replaced, the newest first.

        Args:
            prefix: Where the runs wrote to.
            connection: The connection for it.

        Raises:
            RemoteError: S3 refused, failed or could not be reached.
            NoAnswerError: S3 did not answer in time.
        """

        def read() -> list[StoredManifest]:
            client = client_of(connection, prefix)
            kept = [
                item
                for item in list_prefix(prefix.child(f"{REPLACED}/"), client=client, policy=_POLICY)
                if item.key.endswith(f"/{MANIFEST_FILE}")
            ]
            newest = sorted(kept, key=lambda item: item.last_modified, reverse=True)[:_MOST_REPLACED]
            folders = [replace(prefix, key=item.key.removesuffix(MANIFEST_FILE)) for item in newest]
            return [read_manifest(folder, client=client, policy=_POLICY) for folder in folders]

        return self._awaited(read, prefix)

    def card(self, prefix: S3Url, connection: str) -> bytes:
        """Read a model's card, which must be the one that its manifest lists.

        Raises:
            RegistryError: The model has none, it is another one, or it is too large for a page.
            RemoteError: S3 refused, failed or could not be reached.
            NoAnswerError: S3 did not answer in time.
        """
        manifest = self.manifest(prefix, connection)
        size = ((manifest.content.get("files") or {}).get(CARD_HTML) or {}).get("size")
        if isinstance(size, int) and size > _LARGEST_CARD:
            raise RegistryError(f"{prefix.child(CARD_HTML)} is too large to be shown here; download it.")
        return self._awaited(lambda: read_card(manifest, client=client_of(connection, prefix)), prefix)

    def client(self, connection: str, url: S3Url) -> S3Client:
        """Return a client for the bucket of a URL, to change something there."""
        return client_of(connection, url)

    def _awaited(self, read: Callable[[], Value], location: S3Url) -> Value:
        """Return what a read returns, in one of our threads."""
        try:
            return self._pool.submit(read).result(timeout=_LONGEST_WAIT)
        except TimeoutError as error:
            raise NoAnswerError(
                f"{location} was not read within {_LONGEST_WAIT:.0f} s. Try again later."
            ) from error

    def forget_latest(self, series: ModelSeries, connection: str) -> None:
        """Read a latest.json again the next time, because it was just changed."""
        self._latest.forget((series, connection))


def _load_latest(series: ModelSeries, connection: str, former: LatestFile | None) -> LatestFile:
    return read_latest_again(series, former, client=client_of(connection, series.root), policy=_POLICY)


def _load_facts(promotion: Promotion, connection: str, _former: ModelFacts | None) -> ModelFacts:
    client = client_of(connection, promotion.url)
    return facts_of(read_promoted(promotion, client=client, policy=_POLICY))


def _load_described(prefix: S3Url, connection: str, _former: ModelFacts | None) -> ModelFacts:
    return facts_of(read_manifest(prefix, client=client_of(connection, prefix), policy=_POLICY))


def _load_listing(
    series: ModelSeries, connection: str, most: int, until: datetime, _former: Listing | None
) -> Listing:
    client = client_of(connection, series.root)
    return list_newest(series, most, until=until, client=client, policy=_POLICY)


def client_of(connection: str, url: S3Url) -> S3Client:
    """Return a client that gives up soon, for the bucket of a URL; it is used by several threads, and for two minutes."""
    from botocore.config import Config

    key = (connection, url.bucket, url.region)
    with _clients_lock:
        made_at, client = _clients.get(key, (0.0, None))
        if client is None or time.monotonic() - made_at > _CLIENT_SECONDS:
            patient = Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 2},
            )
            client = s3_client(connection, url, patient)
            _clients[key] = (time.monotonic(), client)
        return client
