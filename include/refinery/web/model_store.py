"""The models of pipelines as the pages read them: latest.json and manifests, through each pipeline's own connection."""

from __future__ import annotations

import functools
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from refinery.registry import (
    LatestFile,
    ModelSeries,
    PromotedModel,
    StoredManifest,
    list_newest,
    read_card,
    read_latest_again,
    read_manifest,
    read_promoted,
)
from refinery.spec.artifacts import MANIFEST_FILE
from refinery.spec.run_params import REPLACED
from refinery.storage import RetryPolicy, list_prefix
from refinery.web.buckets import Buckets, NoAnswerError
from refinery.web.kept import Found, ModelFacts, Newest, facts_of, found_in, newest_of
from refinery.web.readings import Reading, Readings, reading_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

Value = TypeVar("Value")

# A page would rather say soon that S3 does not answer.
_POLICY = RetryPolicy(attempts=2, first_wait=0.1, longest_wait=0.5, throttle_timeout=0)
_LATEST_SECONDS = 20.0
_FOREVER = 24 * 3600.0
_MOST_MANIFESTS = 4_000
_LISTING_SECONDS = _MOMENT = 2.0
_MOST_LISTINGS = _MOST_LATEST_FILES = 20
_LONGEST_WAIT, _LONGEST_CARD_WAIT = 5.0, 15.0
_MOST_REPLACED = 20
_MOST_OBJECTS = 50_000


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
        self, promotions: Iterable[tuple[PromotedModel, str]], *, patience: float
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
            RegistryError: The model has none, or it is another one.
            RemoteError: S3 refused or failed, or it is too large.
            NoAnswerError: S3 did not answer in time.
        """
        return self._awaited(
            lambda client: read_card(manifest, client=client),
            manifest.prefix,
            connection,
            _LONGEST_CARD_WAIT,
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
        return former if former and file is known else newest_of(file)

    def _load_facts(
        self, promotion: PromotedModel, connection: str, _former: ModelFacts | None
    ) -> ModelFacts:
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
        return found_in(series, listing, most)
