"""Reads the card that lies beside a model."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from include.card import CARD_HTML
from include.registry.errors import CardChangedError, NoCardError
from include.storage import read_object
from include.storage.errors import ObjectNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from include.registry.manifest import StoredManifest


def read_card(manifest: StoredManifest, name: str = CARD_HTML, *, client: S3Client) -> bytes:
    """Read a model's card, after checking it against the model's manifest.

    Args:
        manifest: The model's manifest.
        name: Which form of the card: card.html or card.md.
        client: The client for the model's bucket.

    Raises:
        NoCardError: The model has none.
        CardChangedError: It is not the one that the manifest lists.
        RemoteError: S3 refuses or cannot be reached.
    """
    prefix = manifest.prefix
    listed = (manifest.content.get("files") or {}).get(name)
    if listed is None:
        raise NoCardError(str(prefix), name)
    url = replace(prefix, key=prefix.key + name)
    try:
        card = read_object(url, client=client)
    except ObjectNotFoundError as error:
        raise NoCardError(str(prefix), name, was_there=True) from error
    if hashlib.sha256(card).hexdigest() != listed.get("sha256"):
        raise CardChangedError(str(url))
    return card
