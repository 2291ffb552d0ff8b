"""Bring the dataset of a trial to this machine, whole or as a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.errors import RefineryError
from refinery.review import fill_templates
from refinery.spec.urls import parse_source_url
from refinery.storage import download_datasets
from refinery.training import take_sample
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.spec.urls import S3Url
    from refinery.training import SourceOptions


@dataclass(frozen=True, slots=True)
class TrialDataset:
    """A dataset on this machine.

    Attributes:
        path: Its file, or the folder of its files; for a sample, the sample's file.
        rows: How many rows were sampled; None if it is whole.
    """

    path: Path
    rows: int | None


def source_urls(pipeline: Pipeline, day: date) -> tuple[str, ...]:
    """Return the URLs that a pipeline reads on a day."""
    return tuple(fill_templates(url, pipeline.config, day) for url in pipeline.config.source.url)


def bring_dataset(
    pipeline: Pipeline,
    day: date,
    folder: Path,
    options: SourceOptions,
    *,
    rows: int | None,
    s3: Callable[[S3Url, str], S3Client],
) -> TrialDataset:
    """Download the dataset that a pipeline reads on a day, and sample it if it is larger.

    Args:
        pipeline: The pipeline.
        day: The day.
        folder: The folder to write to.
        options: How to read the dataset.
        rows: How many rows to take; None takes all.
        s3: Returns the client for a URL and an Airflow connection.

    Raises:
        RemoteError: It cannot be downloaded.
        DatasetError: It cannot be read as its name or the options say.
        RefineryError: Its URL depends on a param that each run must set.
    """
    if unset := [name for name, param in pipeline.config.params.items() if param.is_required]:
        raise RefineryError(
            f"{pipeline.dag_id} cannot be tried: {list_names(unset)} has no default. Add one under params."
        )
    connection = pipeline.config.source.connection
    files = download_datasets(
        [parse_source_url(url) for url in source_urls(pipeline, day)],
        folder / "dataset",
        s3=lambda url: s3(url, connection),
    )
    whole = folder / "dataset" / files[0].file_name if len(files) == 1 else folder / "dataset"
    sample = take_sample(whole, folder / "sample", options, rows) if rows is not None else None
    return TrialDataset(sample, rows) if sample else TrialDataset(whole, None)
