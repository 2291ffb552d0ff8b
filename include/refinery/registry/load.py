"""Load a model from its prefix after checking it against its manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from refinery.errors import RefineryError
from refinery.registry.errors import ModelNotFoundError, NoManifestError, PromotedModelGoneError
from refinery.registry.manifest import StoredManifest, parse_manifest, read_manifest, read_promoted
from refinery.registry.promotion import read_latest
from refinery.registry.recorded_spec import check_recorded_source
from refinery.registry.versions import read_version
from refinery.spec.artifacts import MANIFEST_FILE, MODEL_FILES
from refinery.spec.urls import parse_prefix_url
from refinery.storage import download_object, scratch_folder
from refinery.training import (
    LatestModel,
    PredictedFile,
    find_model_file,
    load_model_file,
    other_versions,
    predict_rows,
    unknown_versions,
)
from refinery.training.errors import ModelFileError, OtherVersionsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    from mypy_boto3_s3 import S3Client

    from refinery.spec.series import ModelSeries


@dataclass(frozen=True)
class LoadedModel:
    """A model and what its manifest says of it.

    Attributes:
        estimator: The fitted model, ready to predict.
        manifest: Its provenance, metrics and files.
        location: Where it was loaded from.
        notes: What to know before using it, one sentence each: versions that differ from those that it was made with.
    """

    estimator: Any
    manifest: dict[str, Any]
    location: str
    notes: tuple[str, ...] = ()

    def predict(self, file: Path, *, probabilities: bool = False) -> pd.DataFrame:
        """Predict each row of a file: its cells as written, and ``prediction`` as the last column.

        Args:
            file: The file, laid out like the model's dataset.
            probabilities: Whether to add the probability of each class, such as ``probability_yes``.

        Raises:
            ModelNotFoundError: The manifest records options for reading files that a config must not have.
            TrainingError: The file cannot be read, lacks a feature, or the model rejects its rows.
        """
        return self.predict_rows(file, probabilities=probabilities).table

    def predict_rows(self, file: Path, *, probabilities: bool = False) -> PredictedFile:
        """Predict as ``predict`` does, and keep the file's format, so that the predictions can be written in it."""
        try:
            check_recorded_source(self.manifest.get("source") or {})
        except ValueError as error:
            problem = f"its {MANIFEST_FILE} is damaged: source says what a config must not say ({error})"
            raise ModelNotFoundError.at(self.location, problem) from error
        return predict_rows(self.estimator, self.manifest, file, probabilities=probabilities)


def find_manifest(series: ModelSeries, version: str | None, *, client: S3Client) -> StoredManifest:
    """Read the manifest of a pipeline's latest model, or of the one of a date.

    Args:
        series: The pipeline's models.
        version: The model's name, usually its date; None is the latest, whose manifest must be the one that was promoted.
        client: The client for the bucket.

    Raises:
        ModelNotFoundError: No model has this name, none has been promoted yet, or the manifest is damaged.
        PromotedModelGoneError: The latest model is not there anymore.
        DamagedPointerError: latest.json cannot be parsed.
        ManifestChangedError: The latest model's manifest was changed since.
        RemoteError: S3 refuses or cannot be reached.
    """
    if version is not None:
        return read_version(series, version, client=client)
    latest = read_latest(series, client=client)
    if latest is None:
        raise ModelNotFoundError.nothing_promoted(series.latest_url)
    return read_promoted(latest, client=client)


def load_version(
    series: ModelSeries,
    version: str | None = None,
    *,
    client: S3Client,
    trusted: Iterable[str] = (),
    allow_other_versions: bool = False,
) -> LoadedModel:
    """Load a pipeline's latest model, which must be as it was promoted, or the one of a date.

    Args:
        series: The pipeline's models.
        version: See `find_manifest`.
        client: The client for the bucket.
        trusted: See `load_model`.
        allow_other_versions: See `load_model`.

    Raises:
        RegistryError: See `find_manifest`.
        TrainingError: The model file is not the one that the manifest describes, or cannot be loaded.
        RemoteError: S3 refuses or cannot be reached.
    """
    manifest = find_manifest(series, version, client=client)
    return _load_files(manifest, client, trusted, allow_other_versions=allow_other_versions)


def load_latest(series: ModelSeries, *, client: S3Client, trusted: Iterable[str] = ()) -> LatestModel | None:
    """Load the latest model for gates to compare with; None means that there is none yet.

    A model that cannot be loaded comes with the reason, and so does one of other versions of Python, scikit-learn or NumPy.
    If the latest model was deleted, the model before it is loaded: otherwise no run could pass a gate again.

    Args:
        series: The pipeline's models.
        client: The client for the bucket.
        trusted: For a model in the format skops, the types that are known to be safe to load.

    Raises:
        RefineryError: Trying again later may help.
    """

    def load() -> LoadedModel | None:
        manifest = _standing_manifest(series, client)
        return _load_files(manifest, client, trusted) if manifest else None

    return _as_latest(load)


def fetch_latest(series: ModelSeries, folder: Path, *, client: S3Client) -> str | None:
    """Download the latest model for `load_fetched`, which needs no S3, and return its URL; None means that there is none yet.

    Args:
        series: The pipeline's models.
        folder: The folder to write to; made if it is not there.
        client: The client for the bucket.

    Raises:
        RefineryError: It cannot be read, or is not as it was promoted.
    """
    manifest = _standing_manifest(series, client)
    if manifest is None:
        return None
    name, _ = _model_file(str(manifest.prefix), manifest.content)
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    download_object(replace(manifest.prefix, key=manifest.prefix.key + name), file, client=client)
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest.content), encoding="utf-8")
    return str(manifest.prefix)


def load_fetched(folder: Path, location: str, *, trusted: Iterable[str] = ()) -> LatestModel | None:
    """Load what `fetch_latest` downloaded, as `load_latest` does.

    Args:
        folder: Its folder.
        location: Its URL.
        trusted: See `load_latest`.
    """

    def load() -> LoadedModel:
        try:
            loaded = _load_folder(folder, trusted, allow_other_versions=False)
        except ModelFileError as error:
            error.path = location + Path(error.path).relative_to(folder).as_posix()
            raise
        return replace(loaded, location=location)

    return _as_latest(load)


def load_model(
    location: str,
    *,
    client: S3Client | None = None,
    trusted: Iterable[str] = (),
    allow_other_versions: bool = False,
) -> LoadedModel:
    """Load the model under an S3 prefix or in a local folder, after checking its SHA-256 against the manifest.

    A pickle is code: load only models whose prefix you trust. Models in the formats skops and ONNX run no code.

    Args:
        location: Such as ``s3://models/petrol_consumption/2026-01-31/``, or a folder with the same files.
        client: The S3 client; by default boto3's own, with the environment's credentials.
        trusted: For a model in the format skops, the full names of further types that are known to be safe.
        allow_other_versions: Whether to load a model that was made with another minor version of Python, scikit-learn or
            NumPy; the model's notes say so. ONNX models do not depend on them.

    Raises:
        ModelNotFoundError: There is no manifest, or it names no model file.
        OtherVersionsError: The model was made with another minor version of these; none of it was run.
        TrainingError: The model file is not the one that the manifest describes, or cannot be loaded.
        StorageError: S3 refused, failed or could not be reached.
    """
    if "://" not in location:
        return _load_folder(Path(location), trusted, allow_other_versions=allow_other_versions)
    prefix = parse_prefix_url(location)
    if client is None:
        import boto3

        client = boto3.client("s3")
    manifest = read_manifest(prefix, client=client)
    return _load_files(manifest, client, trusted, allow_other_versions=allow_other_versions)


def _as_latest(load: Callable[[], LoadedModel | None]) -> LatestModel | None:
    """Load the latest model, or say why it cannot be loaded."""
    try:
        loaded = load()
    except OtherVersionsError as error:
        advice = "with gate: warn, one run promotes a model of these versions anyway"
        return LatestModel("the latest model", problem=f"{error.reason}; {advice}")
    except RefineryError as error:
        if error.retryable:
            raise
        return LatestModel("the latest model", problem=str(error))
    return LatestModel(loaded.location, loaded.estimator, loaded.manifest) if loaded else None


def _standing_manifest(series: ModelSeries, client: S3Client) -> StoredManifest | None:
    """Read the manifest of the latest model or, if that is gone, of the one before; None if there is none."""
    latest = read_latest(series, client=client)
    if latest is None:
        return None
    try:
        return read_promoted(latest, client=client)
    except PromotedModelGoneError:
        earlier = latest.earlier_model()
        return read_promoted(earlier, client=client) if earlier else None


def _load_files(
    manifest: StoredManifest, client: S3Client, trusted: Iterable[str], *, allow_other_versions: bool = False
) -> LoadedModel:
    prefix = manifest.prefix
    name, sha256 = _model_file(str(prefix), manifest.content)
    notes = _compare_versions(str(prefix), manifest.content, allow_other_versions=allow_other_versions)
    with scratch_folder() as folder:
        file, url = folder / PurePosixPath(name).name, replace(prefix, key=prefix.key + name)
        download_object(url, file, client=client)
        try:
            estimator = load_model_file(file, sha256, trusted=trusted)
        except ModelFileError as error:
            error.path = str(url)  # where the file came from, not where it lay meanwhile
            raise
    return LoadedModel(estimator, manifest.content, str(prefix), notes)


def _load_folder(folder: Path, trusted: Iterable[str], *, allow_other_versions: bool) -> LoadedModel:
    try:
        content = (folder / MANIFEST_FILE).read_bytes()
    except FileNotFoundError as error:
        raise NoManifestError.at(folder, f"there is no {MANIFEST_FILE}") from error
    manifest = parse_manifest(content, str(folder))
    name, sha256 = _model_file(str(folder), manifest)
    notes = _compare_versions(str(folder), manifest, allow_other_versions=allow_other_versions)
    return LoadedModel(load_model_file(folder / name, sha256, trusted=trusted), manifest, str(folder), notes)


def _compare_versions(
    location: str, manifest: dict[str, Any], *, allow_other_versions: bool
) -> tuple[str, ...]:
    """Return what to say of the versions that a model was made with.

    Raises:
        OtherVersionsError: They differ from those here, and that is not allowed.
    """
    difference = other_versions(manifest)
    if difference and not allow_other_versions:
        raise OtherVersionsError(location, difference)
    if difference:
        return (f"{location}: {difference}; its predictions may differ.",)
    unknown = unknown_versions(manifest)
    return (unknown,) if unknown else ()


def _model_file(location: str, manifest: dict[str, Any]) -> tuple[str, str]:
    """Return the name of the file that holds the model, and its SHA-256."""
    name = find_model_file(manifest)
    if name is None:
        known = " or ".join(MODEL_FILES.values())
        raise ModelNotFoundError.at(
            location, f"its {MANIFEST_FILE} names no {known} in the format that it records"
        )
    try:
        return name, str(manifest["files"][name]["sha256"])
    except (KeyError, TypeError) as error:
        problem = f"its {MANIFEST_FILE} does not record the SHA-256 of {name}"
        raise ModelNotFoundError.at(location, problem) from error
