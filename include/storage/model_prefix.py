"""Puts a model under a prefix so that a prefix with a manifest always holds a whole model."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from include.storage.errors import AccessDeniedError, ObjectNotFoundError
from include.storage.read import read_object
from include.storage.retry import RetryPolicy
from include.storage.s3_errors import s3_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"


def replace_model(
    names: Iterable[str],
    prefix: S3Url,
    *,
    put: Callable[[str, S3Url], None],
    client: S3Client,
    policy: RetryPolicy | None = None,
) -> list[str]:
    """Put a model's files under a prefix, the manifest last, in place of the model that was there.

    The former manifest is deleted first, so that a kill at any moment leaves a prefix with a manifest and the whole model that it
    describes, or one without a manifest, which is no model. What the former manifest names and the new model has not is
    deleted; other objects under the prefix are left alone.

    Args:
        names: The files' names, `manifest.json` among them.
        prefix: Where to, its key ending with "/" or empty.
        put: Brings the file of a name to a URL.
        client: The client for the prefix's bucket.
        policy: How often and how patiently to try each file again, beside what `put` and the client do.

    Returns:
        The URLs of the objects, in the order in which they were put.

    Raises:
        RemoteError: S3 refused, failed or could not be reached; retryable where trying again later may help.
    """
    policy = policy or RetryPolicy()
    ordered = [*sorted(set(names) - {MANIFEST}), MANIFEST]
    for stale in _clear_former_model(prefix, ordered, client, policy):
        log.info("Deleted %s, which belonged to the former model.", stale)
    retrying = policy.retrying()
    urls = []
    for name in ordered:
        url = prefix.child(name)
        retrying(put, name, url)
        urls.append(str(url))
    return urls


def _clear_former_model(
    prefix: S3Url, names: list[str], client: S3Client, policy: RetryPolicy
) -> list[S3Url]:
    """Delete the former manifest, then what it names and the new model has not."""
    manifest = prefix.child(MANIFEST)
    try:
        former = _files_of(manifest, read_object(manifest, client=client, policy=policy))
    except ObjectNotFoundError:
        return []
    except AccessDeniedError:
        # So S3 answers for a missing object to those who may write but not list.
        former = []
    stale = [prefix.child(name) for name in former if name not in names]
    for url in (manifest, *stale):
        policy.retrying()(_delete, url, client)
    return stale


def _delete(url: S3Url, client: S3Client) -> None:
    with s3_errors(str(url), client):
        client.delete_object(Bucket=url.bucket, Key=url.key)


def _files_of(manifest: S3Url, content: bytes) -> list[str]:
    try:
        return [str(name) for name in json.loads(content)["files"]]
    except (ValueError, KeyError, TypeError):
        log.warning("%s is damaged: the files that it named stay where they are.", manifest)
        return []
