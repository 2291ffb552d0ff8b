"""Makes a model again from its manifest and compares the bytes."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.registry.errors import NotVerifiableError
from include.registry.inputs import (
    InputDifference,
    find_differences,
    libraries_of,
    present_inputs,
    recorded_inputs,
)
from include.registry.manifest import read_manifest
from include.registry.recorded_spec import restore_spec
from include.storage import describe_dataset, download_datasets
from include.training import TrainingError, train
from include.urls import parse_source_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_s3 import S3Client

    from include.storage import DatasetIdentity
    from include.urls import S3Url


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of making a model again.

    Attributes:
        prefix: The model's prefix.
        recorded: The SHA-256 of each file that the training makes, as the manifest says.
        rebuilt: Their SHA-256 now; empty where the training failed.
        differences: The inputs that are not what they were.
        problem: Why the training failed; empty where it did not.
    """

    prefix: S3Url
    recorded: dict[str, str | None]
    rebuilt: dict[str, str]
    differences: tuple[InputDifference, ...]
    problem: str = ""

    @property
    def is_reproduced(self) -> bool:
        """Tell whether the same bytes came out."""
        return bool(self.rebuilt) and self.recorded == self.rebuilt

    def __str__(self) -> str:
        inputs = "; ".join(map(str, self.differences))
        if self.is_reproduced:
            also = f" although these inputs differ: {inputs}" if inputs else ""
            return f"{self.prefix} is reproduced, byte for byte{also}."
        if self.problem:
            return f"{self.prefix} cannot be made again: {self.problem} These inputs differ: {inputs}."
        if inputs:
            return f"{self.prefix} comes out differently. These inputs differ: {inputs}."
        return (
            f"{self.prefix} is not reproducible: every input is what it was, yet {self._changed_files()}. "
            "Look for what the model draws from a clock, an unset seed or the order of a set."
        )

    def _changed_files(self) -> str:
        return ", ".join(
            f"{name} has the SHA-256 {sha256} and not {self.recorded.get(name)}"
            for name, sha256 in self.rebuilt.items()
            if self.recorded.get(name) != sha256
        )


def verify(
    prefix: S3Url, *, client: S3Client, s3: Callable[[S3Url], S3Client], project: Path
) -> Verification:
    """Make a model again, from its dataset's URL, its module and what its manifest records, and compare the SHA-256.

    The model's code is run, as in training.

    Args:
        prefix: The model's prefix.
        client: The client for its bucket.
        s3: Gives the client for the dataset's bucket.
        project: The root folder of the project with the module and the config.

    Raises:
        ModelNotFoundError: The prefix holds no model.
        NotVerifiableError: Its manifest tells too little.
        TrainingError: The training fails though no input has changed.
        RemoteError: The manifest or the dataset cannot be had.
    """
    manifest = read_manifest(prefix, client=client).content
    spec = restore_spec(manifest, project / "include" / "models", str(prefix))
    with tempfile.TemporaryDirectory(prefix="refinery-verify-") as name:
        folder = Path(name)
        files = _download(manifest, folder / "dataset", s3, prefix)
        dataset = folder / "dataset" / files[0].file_name if len(files) == 1 else folder / "dataset"
        present = present_inputs(
            spec,
            dataset_sha256=describe_dataset(files)["sha256"],
            config_sha256=_config_sha256(manifest, project),
            libraries=libraries_of(manifest),
        )
        differences = find_differences(recorded_inputs(manifest), present)
        try:
            result = train(spec, dataset, folder / "model", provenance=manifest["provenance"])
        except TrainingError as error:
            if not differences:
                raise
            return Verification(prefix, {}, {}, differences, str(error))
    rebuilt = {name: str(facts["sha256"]) for name, facts in result.manifest["files"].items()}
    recorded = {name: manifest["files"].get(name, {}).get("sha256") for name in rebuilt}
    return Verification(prefix, recorded, rebuilt, differences)


def _download(
    manifest: Mapping[str, Any], folder: Path, s3: Callable[[S3Url], S3Client], prefix: S3Url
) -> list[DatasetIdentity]:
    dataset = manifest["provenance"].get("dataset") or {}
    urls = [file["url"] for file in dataset.get("files", [dataset]) if "url" in file]
    if not urls:
        raise NotVerifiableError(str(prefix), "its manifest does not tell where the dataset came from")
    return download_datasets([parse_source_url(url) for url in urls], folder, s3=s3)


def _config_sha256(manifest: Mapping[str, Any], project: Path) -> str | None:
    """Return the hash of the config as it is today; None where it is gone."""
    recorded = manifest["provenance"].get("config") or {}
    configs = project / "configs"
    file = project / str(recorded.get("path"))
    # A manifest may name any path: none but a config is looked at.
    if not file.resolve().is_relative_to(configs.resolve()) or not file.is_file():
        return None
    return hashlib.sha256(file.read_bytes()).hexdigest()
