"""The models of pipelines as the pages read them: latest.json and manifests, through each pipeline's own connection."""

from __future__ import annotations

import functools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.connections import s3_client
from refinery.registry import (
    LatestFile,
    ModelSeries,
    Promotion,
    StoredManifest,
    read_latest_again,
    read_promoted,
)
from refinery.spec.run_params import fill_series
from refinery.storage import RetryPolicy
from refinery.web.readings import Reading, Readings, reading_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.web.airflow_facts import Output

# A page would rather say soon that S3 does not answer.
_POLICY = RetryPolicy(attempts=2, first_wait=0.1, longest_wait=0.5, throttle_timeout=0)
_CONNECT_SECONDS, _READ_SECONDS = 3, 10
# A connection that was changed in Airflow is used from then on.
_CLIENT_SECONDS = 120.0
_LATEST_SECONDS = 20.0
_FOREVER = 24 * 3600.0
_MOST_MANIFESTS = 4_000

_clients: dict[tuple[str, str, str | None], tuple[float, S3Client]] = {}
_clients_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What pages with many models keep of a manifest.

    Attributes:
        main_metric: The metric of its first gate, else its first metric; empty if it was not measured.
        lower_is_better: The metrics that are errors.
        warnings: How many warnings there are.
        gates_failed: How many gates it missed.
    """

    main_metric: str
    lower_is_better: frozenset[str]
    warnings: int
    gates_failed: int


class UnfilledParamError(Exception):
    """The output depends on a param that has no default."""


def series_of(output: Output) -> ModelSeries:
    """Return the models of a pipeline, for the defaults of its params.

    Raises:
        UnfilledParamError: A param has no default: each of its values has models of its own.
        InvalidUrlError: The output is not an S3 prefix.
    """

    def fill(template: str) -> Any:
        name = template.strip("{} ").removeprefix("params.").split(" ")[0]
        if name not in output.params:
            raise UnfilledParamError(name)
        return output.params[name]

    return ModelSeries.of_output(fill_series(output.prefix, fill))


def facts_of(manifest: StoredManifest) -> ModelFacts:
    """Return what pages with many models keep of a manifest."""
    content = manifest.content
    gates = [gate for gate in content.get("gates") or [] if isinstance(gate, dict)]
    metrics = list(content.get("metrics") or {})
    gated = [str(gate.get("metric")) for gate in gates if gate.get("metric") in metrics]
    errors = (content.get("evaluation") or {}).get("lower_is_better") or ()
    return ModelFacts(
        main_metric=next(iter([*gated, *metrics]), ""),
        lower_is_better=frozenset(map(str, errors)),
        warnings=len(content.get("warnings") or []),
        gates_failed=sum(not gate.get("passed") for gate in gates),
    )


class ModelStore:
    """Reads models for all pages of this process, a few at the same time."""

    def __init__(self) -> None:
        self._pool = reading_threads()
        self._latest: Readings[LatestFile] = Readings(fresh_for=_LATEST_SECONDS, pool=self._pool)
        self._facts: Readings[ModelFacts] = Readings(
            fresh_for=_FOREVER, most=_MOST_MANIFESTS, pool=self._pool
        )

    def latest(
        self, series: Iterable[tuple[ModelSeries, str]], *, patience: float
    ) -> list[Reading[LatestFile]]:
        """Return what is known of the latest models of pipelines.

        Args:
            series: The models of each pipeline, and the connection for them.
            patience: How many seconds to wait for what was never read.
        """
        keys = list(series)
        loads: dict[Hashable, Callable[[LatestFile | None], LatestFile | None]] = {
            key: functools.partial(_load_latest, *key) for key in keys
        }
        found = self._latest.read(loads, patience=patience)
        return [found[key] for key in keys]

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

    def forget_latest(self, series: ModelSeries, connection: str) -> None:
        """Read a latest.json again the next time, because it was just changed."""
        self._latest.forget((series, connection))


def _load_latest(series: ModelSeries, connection: str, former: LatestFile | None) -> LatestFile:
    return read_latest_again(series, former, client=client_of(connection, series.root), policy=_POLICY)


def _load_facts(promotion: Promotion, connection: str, _former: ModelFacts | None) -> ModelFacts:
    client = client_of(connection, promotion.url)
    return facts_of(read_promoted(promotion, client=client, policy=_POLICY))


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
