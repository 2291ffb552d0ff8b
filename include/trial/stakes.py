"""Finds the models that the pipelines of a plan have promoted last."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from include.errors import RefineryError
from include.registry import ModelSeries, read_latest
from include.review.plan import Stake

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from include.config import Pipeline
    from include.review.plan import Plan
    from include.urls import S3Url


def find_stakes(plan: Plan, s3: Callable[[S3Url, str], S3Client]) -> tuple[Stake, ...]:
    """Look up the latest model of each pipeline that changes, as it was before; of an added one, where it will write.

    Args:
        plan: The plan.
        s3: Gives the client for a URL and an Airflow connection.
    """
    pipelines = ((one.dag_id, one.base or one.head) for one in plan.pipelines)
    return tuple(_find_stake(dag_id, pipeline, s3) for dag_id, pipeline in pipelines if pipeline)


def _find_stake(dag_id: str, pipeline: Pipeline, s3: Callable[[S3Url, str], S3Client]) -> Stake:
    output = pipeline.config.output
    series = ModelSeries.of_output(output.url)
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
