"""What a removed, renamed or moved pipeline leaves behind, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.registry.series import ModelSeries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from include.config import Pipeline


def find_left_behind(base: Pipeline, head: Pipeline | None, latest_urls: Collection[str]) -> tuple[str, ...]:
    """Say what stays of a pipeline as it was.

    Args:
        base: The pipeline before.
        head: The pipeline after; None where it is removed.
        latest_urls: Where the pipelines after name their latest models, which tells whose models go on.
    """
    return (*_models(base, latest_urls), *_history(base, head))


def _models(base: Pipeline, latest_urls: Collection[str]) -> Iterator[str]:
    latest = latest_url(base)
    if latest not in latest_urls:
        yield (
            f"The models written to {base.config.output.url} stay where they are; nothing deletes them, and {latest} goes on "
            "naming the last of them."
        )


def _history(base: Pipeline, head: Pipeline | None) -> Iterator[str]:
    if head is None:
        yield (
            f"Airflow keeps the runs of {base.dag_id} and starts no new ones; delete them with: "
            f"airflow dags delete {base.dag_id}"
        )
    elif head.dag_id != base.dag_id:
        yield (
            f"The runs of {base.dag_id} stay under its old name: {head.dag_id} is a new DAG to Airflow, without history. "
            f"Delete the old one with: airflow dags delete {base.dag_id}"
        )


def latest_url(pipeline: Pipeline) -> str:
    """Return where a pipeline's latest model is named, which tells one series of models from another."""
    return str(ModelSeries.of_output(pipeline.config.output.url).latest_url)
