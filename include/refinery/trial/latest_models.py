"""Find the latest models of the pipelines of a plan."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from refinery.config import series_output
from refinery.errors import RefineryError
from refinery.registry import ModelSeries, read_latest
from refinery.review import Stake

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.review import Plan
    from refinery.spec.urls import S3Url


def find_latest_models(plan: Plan, s3: Callable[[S3Url, str], S3Client]) -> tuple[Stake, ...]:
    """Find the latest model of each pipeline that changes: where it wrote so far or, if it is added, where it will write.

    Args:
        plan: The plan.
        s3: Returns the client for a URL and an Airflow connection.
    """
    pipelines = ((one.dag_id, one.base or one.head) for one in plan.first_of_each())
    return tuple(_find_latest(dag_id, pipeline, s3) for dag_id, pipeline in pipelines if pipeline)


def _find_latest(dag_id: str, pipeline: Pipeline, s3: Callable[[S3Url, str], S3Client]) -> Stake:
    output = pipeline.config.output
    series = ModelSeries.of_output(series_output(pipeline.config))
    try:
        latest = read_latest(series, client=s3(series.root, output.connection))
    except RefineryError as error:
        return Stake(dag_id, problem=str(error))
    if latest is None:
        return Stake(dag_id)
    return Stake(
        dag_id=dag_id,
        prefix=latest.prefix,
        promoted=f"{latest.promoted_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        metrics=tuple(latest.metrics.items()),
        gate=latest.gate,
    )
