"""Tells whether a training would only make the latest model again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.registry.errors import RegistryError
from include.registry.inputs import (
    InputDifference,
    find_differences,
    libraries_of,
    present_inputs,
    recorded_inputs,
)
from include.registry.manifest import read_manifest
from include.registry.promotion import read_latest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

    from include.registry.series import ModelSeries
    from include.training import TrainingSpec


@dataclass(frozen=True, slots=True)
class InputChanges:
    """What has changed since the latest model was made.

    Attributes:
        latest: The latest model's prefix; None where there is none, or it cannot be read.
        differences: The inputs that are not what they were.
        problem: Why there is nothing to compare with; empty where there is.
    """

    latest: str | None
    differences: tuple[InputDifference, ...] = ()
    problem: str = ""

    @property
    def unchanged(self) -> bool:
        """Tell whether a training would only make the latest model again."""
        return self.latest is not None and not self.differences

    def __str__(self) -> str:
        if self.latest is None:
            return self.problem
        if self.unchanged:
            return f"Dataset, config, module and environment are those of {self.latest}, the latest model."
        return f"Changed since {self.latest}: {'; '.join(map(str, self.differences))}."


def find_changes(
    series: ModelSeries,
    spec: TrainingSpec,
    *,
    dataset: Mapping[str, Any],
    config_sha256: str | None,
    client: S3Client,
) -> InputChanges:
    """Compare a training's inputs with those of the latest promoted model: dataset, config, module, settings, environment.

    Where the latest model cannot be read, or its manifest is not the one that was promoted, all counts as changed.

    Args:
        series: The pipeline's models.
        spec: What the training is told.
        dataset: The dataset's identity, as `describe_dataset` gives it.
        config_sha256: The SHA-256 of the config's text.
        client: The client for the bucket.

    Raises:
        RemoteError: S3 refuses or cannot be reached.
    """
    try:
        latest = read_latest(series, client=client)
        if latest is None:
            return InputChanges(None, problem="No model was promoted yet.")
        manifest = read_manifest(latest.url, client=client, expected_sha256=latest.manifest_sha256).content
    except RegistryError as error:
        return InputChanges(None, problem=str(error))
    present = present_inputs(
        spec,
        dataset_sha256=dataset["sha256"],
        config_sha256=config_sha256,
        libraries=libraries_of(manifest),
    )
    return InputChanges(latest.prefix, find_differences(recorded_inputs(manifest), present))
