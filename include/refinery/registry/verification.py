"""Train a model again from its manifest and compare the bytes."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.project import Project
from refinery.registry.inputs import (
    InputDifference,
    find_differences,
    libraries_of,
    present_inputs,
    recorded_inputs,
)
from refinery.registry.manifest import read_manifest
from refinery.registry.recorded_spec import dataset_urls, restore_spec, restore_winner
from refinery.spec.urls import parse_source_url
from refinery.storage import describe_dataset, download_datasets
from refinery.training import TrainingError, other_versions, train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of making a model again.

    Attributes:
        prefix: The model's prefix.
        recorded: The SHA-256 of each file that the training makes, as the manifest says.
        rebuilt: Their SHA-256 now; empty if the training failed.
        differences: The inputs that have changed.
        problem: Why the training failed; empty if it did not.
        other_versions: A clause that names the minor versions that it was made with and that differ from those here.
    """

    prefix: S3Url
    recorded: dict[str, str | None]
    rebuilt: dict[str, str]
    differences: tuple[InputDifference, ...]
    problem: str = ""
    other_versions: str | None = None

    @property
    def is_reproduced(self) -> bool:
        """Return whether the same bytes came out."""
        return bool(self.rebuilt) and self.recorded == self.rebuilt

    def __str__(self) -> str:
        note = f" Note that {self.other_versions}." if self.other_versions else ""
        return f"{self._result()}{note}"

    def _result(self) -> str:
        inputs = "; ".join(map(str, self.differences))
        if self.is_reproduced:
            also = f" although these inputs differ: {inputs}" if inputs else ""
            return f"{self.prefix} is reproduced, byte for byte{also}."
        if self.problem:
            return f"{self.prefix} cannot be made again: {self.problem} These inputs differ: {inputs}."
        if inputs:
            return f"{self.prefix} comes out differently. These inputs differ: {inputs}."
        return (
            f"{self.prefix} is not reproducible: every input is unchanged, but {self._changed_files()}. "
            "Check for a missing random_state, and for what the model takes from the clock or the order of a set."
        )

    def _changed_files(self) -> str:
        return ", ".join(
            f"{name} has the SHA-256 {sha256}, not {self.recorded.get(name)}"
            for name, sha256 in self.rebuilt.items()
            if self.recorded.get(name) != sha256
        )


def verify(
    prefix: S3Url, *, client: S3Client, s3: Callable[[S3Url], S3Client], project: Path
) -> Verification:
    """Make a model again, from its dataset's URL, its module and what its manifest records, and compare the SHA-256.

    The model's code runs, as in training. Before anything runs, what the manifest records is checked like a config.

    Args:
        prefix: The model's prefix.
        client: The client for its bucket.
        s3: Returns the client for the dataset's bucket.
        project: The root folder of the project with the module and the config.

    Raises:
        ModelNotFoundError: The prefix holds no model.
        RegistryError: Its manifest records too little, or what a config must not say.
        TrainingError: The training fails though no input has changed.
        RemoteError: The manifest or the dataset cannot be read.
    """
    manifest = read_manifest(prefix, client=client).content
    here = Project.at(project)
    spec = restore_spec(manifest, here.models, str(prefix), here.libraries)
    winner = restore_winner(spec, manifest, str(prefix), here.libraries)
    with tempfile.TemporaryDirectory(prefix="refinery-verify-") as name:
        folder = Path(name)
        urls = [parse_source_url(url) for url in dataset_urls(manifest, str(prefix))]
        files = download_datasets(urls, folder / "dataset", s3=s3)
        dataset = folder / "dataset" / files[0].file_name if len(files) == 1 else folder / "dataset"
        present = present_inputs(
            spec,
            dataset_sha256=describe_dataset(files)["sha256"],
            config_sha256=_config_sha256(manifest, project),
            libraries=libraries_of(manifest),
        )
        differences = find_differences(recorded_inputs(manifest), present)
        try:
            result = train(winner, dataset, folder / "model", provenance=manifest["provenance"])
        except TrainingError as error:
            if not differences:
                raise
            return Verification(prefix, {}, {}, differences, str(error), other_versions(manifest))
    rebuilt = {name: str(facts["sha256"]) for name, facts in result.manifest["files"].items()}
    recorded = {name: manifest["files"].get(name, {}).get("sha256") for name in rebuilt}
    return Verification(prefix, recorded, rebuilt, differences, other_versions=other_versions(manifest))


def _config_sha256(manifest: Mapping[str, Any], project: Path) -> str | None:
    """Return the hash of the config as it is today; None if it is gone."""
    recorded = manifest["provenance"].get("config") or {}
    configs = Project.at(project).configs
    file = project / str(recorded.get("path"))
    # A manifest may name any path: only a config is read.
    if not file.resolve().is_relative_to(configs.resolve()) or not file.is_file():
        return None
    return hashlib.sha256(file.read_bytes()).hexdigest()
