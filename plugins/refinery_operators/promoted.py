"""What a training has to do with the models that were promoted before it: skipped, judged and drawn beside them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from include.connections import s3_client
from include.errors import RefineryError
from include.registry import ModelSeries, find_changes, load_latest, read_latest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_s3 import S3Client

    from include.registry import InputChanges
    from include.training import LatestModel, TrainingSpec


class PromotedModels:
    """The promoted models of one pipeline.

    Args:
        series: The pipeline's output URL with its templates as written.
        aws_conn_id: The Airflow connection for it.
    """

    def __init__(self, series: str, aws_conn_id: str) -> None:
        self._series = ModelSeries.of_output(series)
        self._aws_conn_id = aws_conn_id

    @cached_property
    def client(self) -> S3Client:
        """The client for the output's bucket."""
        return s3_client(self._aws_conn_id, self._series.root)

    def changes(self, spec: TrainingSpec, provenance: Mapping[str, Any]) -> InputChanges:
        """Tell what has changed since the latest model was made."""
        config = provenance["config"]
        return find_changes(
            self._series,
            spec,
            dataset=provenance["dataset"],
            config_sha256=config["sha256"] if config else None,
            client=self.client,
        )

    def latest_model(self, trusted: Iterable[str] = ()) -> LatestModel | None:
        """Load the latest model; one that cannot be loaded comes with the reason, None means that there is none yet.

        Args:
            trusted: Of a model in the format skops, the types that are known to be safe to load.
        """
        return load_latest(self._series, client=self.client, trusted=trusted)

    def history(self) -> list[dict[str, Any]]:
        """Give date and metrics of the promoted models, as a card shows them beside its own.

        Empty where latest.json cannot be read: a card is no reason to fail.
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
