"""The Airflow assets of a pipeline: what it reads and what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from airflow.sdk import Asset

    from include.urls import HttpUrl, S3Url

VARIABLE_MARKS = ("{{", "*")


def asset_uri(url: S3Url | HttpUrl) -> str:
    """Return the asset that a templated URL belongs to: the folder above its first template or wildcard.

    Without a slash at the end, since Airflow takes it off a URI but not off a name: ``Asset("s3://models/churn")``.
    """
    text = str(url)
    variable = min((text.index(mark) for mark in VARIABLE_MARKS if mark in text), default=None)
    if variable is not None:
        text = text[:variable].rpartition("/")[0]
    return text.rstrip("/")


def make_asset(uri: str) -> Asset:
    """Return an asset, made without the Amazon provider's URI check, which imports boto3 at every parse.

    The check does no more than ask for a bucket; a test holds that the asset equals the one that Airflow makes of the URI.
    """
    from airflow.sdk import Asset  # here, so that a pipeline can be written as text without Airflow

    asset = Asset(name=uri, uri=f"x-{uri}")
    object.__setattr__(asset, "uri", _normalise(uri))
    return asset


def _normalise(uri: str) -> str:
    parts = urlsplit(uri)
    path = parts.path.rstrip("/") or "/"
    query = urlencode(sorted(parse_qsl(parts.query)))
    return urlunsplit(parts._replace(path=path, query=query, fragment=""))
