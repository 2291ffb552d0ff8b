"""Put a model under a prefix, so that a prefix with a manifest always holds a whole model and a replaced model is kept."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING

from refinery.spec.artifacts import MANIFEST_FILE
from refinery.spec.series import replaced_prefix
from refinery.storage.download import download_object
from refinery.storage.errors import (
    AccessDeniedError,
    NotSupportedError,
    ObjectNotFoundError,
    StorageError,
    WriteConflictError,
)
from refinery.storage.lease import leased
from refinery.storage.listing import list_prefix
from refinery.storage.local_files import link_error, scratch_folder
from refinery.storage.objects import delete_object, put_object, read_object, replace_object
from refinery.storage.retry import RetryPolicy
from refinery.storage.s3_errors import s3_errors
from refinery.storage.upload import content_type_of, copy_object, upload_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.storage.lease import LeaseTerms

log = logging.getLogger(__name__)


def upload_model(
    files_dir: Path,
    prefix: S3Url,
    *,
    client: S3Client,
    policy: RetryPolicy | None = None,
    keep_former: bool = True,
    terms: LeaseTerms | None = None,
) -> list[str]:
    """Upload a model's files under a prefix, as `replace_model` does.

    Args:
        files_dir: The folder that training filled, with a `manifest.json`.
        prefix: Where to, its key ending with "/" or empty.
        client: The client for the prefix's bucket; it retries requests by itself.
        policy: How often and how patiently to try each file again, on top of that.
        keep_former: See `replace_model`.
        terms: See `replace_model`.

    Returns:
        The URLs of the uploaded objects, in the order of their upload.

    Raises:
        StorageError: The folder does not hold a model, or a link leads out of it.
        RemoteError: S3 refused, failed or could not be reached; retryable where trying again later may help.
    """

    def put(name: str, url: S3Url) -> None:
        upload_file(files_dir / name, url, client=client)

    return replace_model(
        _model_files(files_dir),
        prefix,
        manifest_sha256=hashlib.sha256((files_dir / MANIFEST_FILE).read_bytes()).hexdigest(),
        put=put,
        client=client,
        policy=policy,
        keep_former=keep_former,
        terms=terms,
    )


def replace_model(
    names: Iterable[str],
    prefix: S3Url,
    *,
    manifest_sha256: str,
    put: Callable[[str, S3Url], None],
    client: S3Client,
    policy: RetryPolicy | None = None,
    keep_former: bool = True,
    terms: LeaseTerms | None = None,
) -> list[str]:
    """Put a model's files under a prefix, the manifest last, in place of the model that was there.

    Of two concurrent writers, one waits until the other has ended, if the server has conditional writes.
    The former model is first copied whole to where replaced models are kept. Then its manifest is deleted, so that a kill at
    any moment leaves a prefix with a manifest and the whole model that it describes, or one without a manifest, which is not
    a model. Files that the former manifest names and the new model lacks are deleted; other objects under the prefix are left
    alone. If the former model is the same, its files are only written again.

    Args:
        names: The files' names, `manifest.json` among them.
        prefix: Where to, its key ending with "/" or empty.
        manifest_sha256: The SHA-256 of the new manifest's bytes, in hex.
        put: Brings the file of a name to a URL.
        client: The client for the prefix's bucket.
        policy: How often and how patiently to try each file again, on top of what `put` and the client do.
        keep_former: Whether to copy the former model; a report on a rejected model is not one.
        terms: How long concurrent writers respect each other.

    Returns:
        The URLs of the objects, in the order in which they were put.

    Raises:
        PrefixBusyError: Another writer holds the prefix for longer than this one waits; retryable.
        RemoteError: S3 refused, failed or could not be reached; retryable where trying again later may help.
    """
    policy = policy or RetryPolicy()
    ordered = [*sorted(set(names) - {MANIFEST_FILE}), MANIFEST_FILE]
    retrying = policy.retrying()
    urls = []
    with leased(prefix, client=client, policy=policy, terms=terms) as check:
        former = _read_former(prefix, client, policy)
        if former is not None and hashlib.sha256(former).hexdigest() != manifest_sha256:
            former_names = _files_of(former)
            if keep_former and former_names:
                _keep_replaced(prefix, former, former_names, client, policy)
            stale = [prefix.child(name) for name in former_names if name not in ordered]
            for url in (prefix.child(MANIFEST_FILE), *stale):
                check()
                retrying(delete_object, url, client=client)
        for name in ordered:
            url = prefix.child(name)
            check()
            retrying(put, name, url)
            urls.append(str(url))
    return urls


def _model_files(folder: Path) -> list[str]:
    """Return the files' names relative to the folder; a link among them must not lead out of it."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    for path in paths:
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            raise link_error(path)
    names = [path.relative_to(folder).as_posix() for path in paths]
    if MANIFEST_FILE not in names:
        held = f"no {MANIFEST_FILE}" if names else "no files"
        raise StorageError(
            f"{folder} holds {held}: training left no model. Look at the training task's log, and run it again."
        )
    return names


def _read_former(prefix: S3Url, client: S3Client, policy: RetryPolicy) -> bytes | None:
    """Return the manifest of the model that is there; None where there is none."""
    manifest = prefix.child(MANIFEST_FILE)
    try:
        return read_object(manifest, client=client, policy=policy)
    except ObjectNotFoundError:
        return None
    except AccessDeniedError:
        # S3 answers so for a missing object to those who may write but not list, and for one that they may not read.
        if _is_there(manifest, client, policy):
            raise
        return None


def _is_there(url: S3Url, client: S3Client, policy: RetryPolicy) -> bool:
    """Return whether an object is there that may not be read: listed, or else impossible to create."""
    try:
        return any(item.key == url.key for item in list_prefix(url, client=client, policy=policy))
    except AccessDeniedError:
        pass
    try:
        replace_object(url, b"", former=None, client=client, content_type="application/json")
    except WriteConflictError:
        return True
    policy.retrying()(delete_object, url, client=client)
    return False


def _files_of(manifest: bytes) -> list[str]:
    """Return the names of a former model's files except the manifest; none if that cannot be parsed."""
    try:
        return [str(name) for name in json.loads(manifest)["files"] if name != MANIFEST_FILE]
    except (ValueError, KeyError, TypeError):
        log.warning("The former %s is damaged: the files that it named stay where they are.", MANIFEST_FILE)
        return []


def _keep_replaced(
    prefix: S3Url, manifest: bytes, names: Iterable[str], client: S3Client, policy: RetryPolicy
) -> None:
    """Copy the model under a prefix to where replaced models are kept, its manifest last: then the copy is whole."""
    kept = replaced_prefix(prefix, hashlib.sha256(manifest).hexdigest())
    kept_manifest = kept.child(MANIFEST_FILE)
    if _read_kept(kept_manifest, client, policy) != manifest:
        for name in names:
            policy.retrying()(_copy, prefix.child(name), kept.child(name), client)
        content_type = content_type_of(MANIFEST_FILE)
        policy.retrying()(put_object, kept_manifest, manifest, client=client, content_type=content_type)
    log.info("The model that %s held is kept under %s.", prefix, kept)


def _read_kept(url: S3Url, client: S3Client, policy: RetryPolicy) -> bytes | None:
    try:
        return read_object(url, client=client, policy=policy)
    except (ObjectNotFoundError, AccessDeniedError):
        return None


def _copy(source: S3Url, target: S3Url, client: S3Client) -> None:
    try:
        with s3_errors(str(source), client):
            found = client.head_object(Bucket=source.bucket, Key=source.key)
    except ObjectNotFoundError:
        log.warning("%s is not there, though its manifest names it.", source)
        return
    try:
        copy_object(source, target, size=found["ContentLength"], etag=found.get("ETag"), client=client)
    except (AccessDeniedError, NotSupportedError) as error:
        log.warning("%s The file is downloaded and uploaded instead of copied.", error)
        with scratch_folder() as folder:
            path = folder / "file"
            download_object(source, path, client=client)
            upload_file(path, target, client=client, content_type=content_type_of(target.file_name))
