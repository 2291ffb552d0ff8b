"""Loads a model from its prefix after checking it against its manifest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.artifacts import MODEL_FILES
from include.errors import RefineryError
from include.registry.errors import (
    ModelNotFoundError,
    NoManifestError,
    NothingPromotedError,
    PromotedModelGoneError,
)
from include.registry.manifest import StoredManifest, parse_manifest, read_manifest
from include.registry.promotion import read_latest
from include.registry.versions import read_version
from include.storage import MANIFEST, download_object, scratch_folder
from include.training import LatestModel, load_model_file, predict_file
from include.training.errors import ModelFileError
from include.training.model_file import find_model_file
from include.urls import parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from mypy_boto3_s3 import S3Client

    from include.registry.latest import Latest, Promotion
    from include.registry.series import ModelSeries


@dataclass(frozen=True)
class LoadedModel:
    """A model and what its manifest says of it.

    Attributes:
        estimator: The fitted model, ready to predict.
        manifest: Its provenance, metrics and files.
        location: Where it was loaded from.
    """

    estimator: Any
    manifest: dict[str, Any]
    location: str

    def predict(self, file: Path) -> pd.DataFrame:
        """Predict each row of a file: its columns, and last ``prediction``.

        Raises:
            TrainingError: The file cannot be read, lacks a feature, or the model refuses its rows.
        """
        return predict_file(self.estimator, self.manifest, file)


def find_manifest(series: ModelSeries, version: str | None, *, client: S3Client) -> StoredManifest:
    """Read the manifest of a pipeline's latest model, or of the one of a date.

    Args:
        series: The pipeline's models.
        version: The model's name, mostly its date; None is the latest, whose manifest must be the one that was promoted.
        client: The client for the bucket.

    Raises:
        NothingPromotedError: No model was promoted yet.
        NoSuchVersionError: There is none of this name.
        PromotedModelGoneError: The latest model's manifest is not there, mostly since a run is replacing it.
        ModelNotFoundError: Its manifest is damaged.
        DamagedPointerError: latest.json cannot be understood.
        ManifestChangedError: The latest model's manifest was changed since.
        RemoteError: S3 refuses or cannot be reached.
    """
    if version is not None:
        return read_version(series, version, client=client)
    latest = read_latest(series, client=client)
    if latest is None:
        raise NothingPromotedError(str(series.latest_url))
    return _promoted_manifest(latest, client)


def load_version(
    series: ModelSeries, version: str | None = None, *, client: S3Client, trusted: Iterable[str] = ()
) -> LoadedModel:
    """Load a pipeline's latest model, or the one of a date; nothing of a latest one that is not as it was promoted.

    Args:
        series: The pipeline's models.
        version: As of `find_manifest`.
        client: The client for the bucket.
        trusted: As of `load_model`.

    Raises:
        RegistryError: As of `find_manifest`.
        TrainingError: The model file is not the one that the manifest describes, or cannot be loaded.
        RemoteError: S3 refuses or cannot be reached.
    """
    return _load_files(find_manifest(series, version, client=client), client, trusted)


def load_latest(series: ModelSeries, *, client: S3Client, trusted: Iterable[str] = ()) -> LatestModel | None:
    """Load the latest model as gates compare with it; None means that there is none yet.

    One that cannot be loaded comes with the reason. Where a run was cut off while it replaced the latest model, it is the model
    before: else no run of that date could pass a gate again, and mend it.

    Args:
        series: The pipeline's models.
        client: The client for the bucket.
        trusted: Of a model in the format skops, the types that are known to be safe to load.

    Raises:
        RefineryError: Trying again later may help.
    """
    try:
        latest = read_latest(series, client=client)
        manifest = _standing_manifest(latest, client) if latest else None
        if manifest is None:
            return None
        loaded = _load_files(manifest, client, trusted)
    except RefineryError as error:
        if error.retryable:
            raise
        return LatestModel("the latest model", problem=str(error))
    return LatestModel(loaded.location, loaded.estimator, loaded.manifest)


def load_model(location: str, *, client: S3Client | None = None, trusted: Iterable[str] = ()) -> LoadedModel:
    """Load the model under an S3 prefix, or in a local folder, once its SHA-256 is that of the manifest.

    A pickle is code: load only models whose prefix you trust. Models in the formats skops and ONNX run none.

    Args:
        location: As ``s3://models/petrol_consumption/2026-01-31/``, or a folder with the same files.
        client: The S3 client; by default boto3's own, with the environment's credentials.
        trusted: Of a model in the format skops, the full names of further types that are known to be safe.

    Raises:
        ModelNotFoundError: There is no manifest, or it names no model file.
        TrainingError: The model file is not the one that the manifest describes, or cannot be loaded.
        StorageError: S3 refuses or cannot be reached.
    """
    if "://" not in location:
        return _load_folder(Path(location), trusted)
    prefix = parse_prefix_url(location)
    if client is None:
        import boto3

        client = boto3.client("s3")
    return _load_files(read_manifest(prefix, client=client), client, trusted)


def _standing_manifest(latest: Latest, client: S3Client) -> StoredManifest | None:
    """Read the manifest of the latest model, or where that is gone, of the one before; None where there is none before."""
    try:
        return _promoted_manifest(latest, client)
    except PromotedModelGoneError:
        earlier = latest.earlier_model()
        return _promoted_manifest(earlier, client) if earlier else None


def _promoted_manifest(promotion: Promotion, client: S3Client) -> StoredManifest:
    try:
        return read_manifest(promotion.url, client=client, expected_sha256=promotion.manifest_sha256)
    except NoManifestError as error:
        raise PromotedModelGoneError(promotion.prefix) from error


def _load_files(manifest: StoredManifest, client: S3Client, trusted: Iterable[str]) -> LoadedModel:
    prefix = manifest.prefix
    name, sha256 = _model_file(str(prefix), manifest.content)
    with scratch_folder() as folder:
        file, url = folder / name, replace(prefix, key=prefix.key + name)
        download_object(url, file, client=client)
        try:
            estimator = load_model_file(file, sha256, trusted=trusted)
        except ModelFileError as error:
            error.name_origin(str(url))
            raise
    return LoadedModel(estimator, manifest.content, str(prefix))


def _load_folder(folder: Path, trusted: Iterable[str]) -> LoadedModel:
    try:
        content = (folder / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        raise NoManifestError(str(folder)) from error
    manifest = parse_manifest(content, str(folder))
    name, sha256 = _model_file(str(folder), manifest)
    return LoadedModel(load_model_file(folder / name, sha256, trusted=trusted), manifest, str(folder))


def _model_file(location: str, manifest: dict[str, Any]) -> tuple[str, str]:
    """Return the name of the file that holds the model, and its SHA-256."""
    name = find_model_file(manifest)
    if name is None:
        raise ModelNotFoundError(
            location,
            f"its {MANIFEST} names no {' or '.join(MODEL_FILES.values())} in the format that it tells",
        )
    try:
        return name, str(manifest["files"][name]["sha256"])
    except (KeyError, TypeError) as error:
        raise ModelNotFoundError(location, f"its {MANIFEST} does not tell the SHA-256 of {name}") from error
