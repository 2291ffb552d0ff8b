"""The promoted models of a pipeline, for skipping, gates and cards."""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from refinery.connections import s3_client
from refinery.errors import RefineryError
from refinery.registry import (
    ModelSeries,
    find_changes,
    load_latest,
    pipeline_names,
    read_latest,
    read_promoted,
    recorded_params,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_s3 import S3Client

    from refinery.registry import InputChanges
    from refinery.training import LatestModel, TrainingSpec


class PromotedModels:
    """The promoted models of one pipeline.

    Args:
        series: The pipeline's output URL with its unrendered templates.
        aws_conn_id: The Airflow connection for it.
    """

    def __init__(self, series: str, aws_conn_id: str) -> None:
        self._series = ModelSeries.of_output(series)
        self._aws_conn_id = aws_conn_id

    @cached_property
    def client(self) -> S3Client:
        """The client for the output's bucket."""
        return s3_client(self._aws_conn_id, self._series.root)

    def connect(self) -> None:
        """Make the client now, before a model's code can change the environment with the address and keys of S3.

        An error is raised when the client is used.
        """
        with contextlib.suppress(RefineryError):
            self.client  # noqa: B018 - a cached property

    def changes(self, spec: TrainingSpec, provenance: Mapping[str, Any]) -> InputChanges:
        """Return what has changed since the latest model was trained."""
        config = provenance["config"]
        return find_changes(
            self._series,
            spec,
            dataset=provenance["dataset"],
            config_sha256=config["sha256"] if config else None,
            params=recorded_params(provenance),
            client=self.client,
        )

    def latest_model(self, trusted: Iterable[str] = ()) -> LatestModel | None:
        """Load the latest model, or the reason why it cannot be loaded; None if there is none yet.

        Args:
            trusted: For the format skops, the types that are safe to load.
        """
        return load_latest(self._series, client=self.client, trusted=trusted)

    def former_names(self, name: str) -> list[str]:
        """Return the pipeline's former names from the latest model's manifest.

        Empty if it cannot be read: the manifests of other runs contain them too.

        Args:
            name: Its current name.
        """
        try:
            latest = read_latest(self._series, client=self.client)
            content = read_promoted(latest, client=self.client).content if latest else {}
        except RefineryError:
            return []
        last, before = pipeline_names(content)
        return [each for each in dict.fromkeys((*before, last)) if each and each != name]

    def history(self) -> list[dict[str, Any]]:
        """Return the dates and metrics of the promoted models, for the card.

        Empty if latest.json cannot be read: a card is not a reason to fail.
        """
        try:
            latest = read_latest(self._series, client=self.client)
        except RefineryError:
            return []
        return [
            {
                "metrics": promotion.metrics,
                "provenance": {
                    "run": {"logical_date": promotion.date.isoformat(), "run_id": promotion.run_id}
                },
            }
            for promotion in (latest.promotions if latest else ())
        ]
