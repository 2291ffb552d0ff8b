"""Loads a model from its prefix after checking it against its manifest."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.errors import RefineryError
from include.storage import MANIFEST, download_object, read_object
from include.storage.errors import ObjectNotFoundError
from include.training import load_model_file, predict_file
from include.training.model_file import MODEL_FILE
from include.urls import S3Url, parse_prefix_url

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3 import S3Client


class ModelNotFoundError(RefineryError):
    """A place that holds no model, or a manifest that describes none.

    Attributes:
        location: The prefix or folder.
    """

    def __init__(self, location: str, problem: str) -> None:
        self.location = location
        super().__init__(f"{location} holds no model: {problem}.")


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


def load_model(location: str, *, client: S3Client | None = None) -> LoadedModel:
    """Load the model under an S3 prefix, or in a local folder, once its SHA-256 is that of the manifest.

    A pickle is code: load only models whose prefix you trust.

    Args:
        location: As ``s3://models/petrol_consumption/2026-01-31/``, or a folder with the same files.
        client: The S3 client; by default boto3's own, with the environment's credentials.

    Raises:
        ModelNotFoundError: There is no manifest, or it names no model file.
        TrainingError: The model file is not the one that the manifest describes, or cannot be loaded.
        StorageError: S3 refuses or cannot be reached.
    """
    if "://" not in location:
        return _load_folder(Path(location))
    prefix = parse_prefix_url(location)
    if client is None:
        import boto3

        client = boto3.client("s3")
    manifest = _read_manifest(prefix, client)
    expected = _model_sha256(str(prefix), manifest)
    with tempfile.TemporaryDirectory(prefix="refinery-model-") as folder:
        model_url = S3Url(prefix.bucket, prefix.key + MODEL_FILE, prefix.region)
        file = Path(folder) / MODEL_FILE
        download_object(model_url, file, client=client)
        return LoadedModel(load_model_file(file, expected), manifest, str(prefix))


def _load_folder(folder: Path) -> LoadedModel:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise ModelNotFoundError(str(folder), f"there is no {MANIFEST}") from error
    expected = _model_sha256(str(folder), manifest)
    return LoadedModel(load_model_file(folder / MODEL_FILE, expected), manifest, str(folder))


def _read_manifest(prefix: S3Url, client: S3Client) -> dict[str, Any]:
    url = S3Url(prefix.bucket, prefix.key + MANIFEST, prefix.region)
    try:
        manifest: dict[str, Any] = json.loads(read_object(url, client=client))
    except ObjectNotFoundError as error:
        raise ModelNotFoundError(str(prefix), f"there is no {MANIFEST} (a run may have failed)") from error
    return manifest


def _model_sha256(location: str, manifest: dict[str, Any]) -> str:
    try:
        return str(manifest["files"][MODEL_FILE]["sha256"])
    except (KeyError, TypeError) as error:
        raise ModelNotFoundError(location, f"its {MANIFEST} names no {MODEL_FILE}") from error
