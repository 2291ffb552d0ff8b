"""Asset URIs: Airflow's names for the datasets and models that pipelines read and write."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from refinery.spec.urls import HttpUrl, S3Url, parse_prefix_url

# Airflow's columns hold 1,500 characters, but PostgreSQL's index over an asset's name and URI, which are equal, holds 2,704 bytes.
MAX_ASSET_URI_LENGTH = 1340

_VARIABLE_MARKS = ("{{", "*")
# All printable ASCII characters except "%", "#" and "?", which have a meaning in a URI.
_PLAIN_IN_KEYS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "%#?")
_PLAIN_IN_WRAPPED_URLS = "/:&="
_EMPTY_SEGMENT = "%2F"
_WRAPPER = "x-"


class AnyOf(tuple[str, ...]):
    """Assets of which any single one starts a run; a plain list waits for all."""

    __slots__ = ()


def asset_uri(url: S3Url | HttpUrl) -> str:
    """Return the asset URI of a templated URL: the folder above its first template or wildcard.

    The URI is ASCII, Airflow's normalization does not change it, and different places have different URIs. A plain URL is its
    own asset URI, without a trailing slash.
    """
    return _s3_uri(url) if isinstance(url, S3Url) else _http_uri(url.url)


@lru_cache(maxsize=1 << 15)  # of each pipeline of a large project, many checks ask
def asset_of_output(url: str) -> str:
    """Return the asset URI of the prefix that a pipeline writes.

    Raises:
        InvalidUrlError: It is not the URL of a prefix.
    """
    return asset_uri(parse_prefix_url(url))


def normalize_uri(uri: str) -> str:
    """Normalize an asset URI as Airflow does: sort the query, drop the fragment and trailing slashes."""
    if uri.startswith(_WRAPPER):
        return uri
    parts = urlsplit(uri)
    path = parts.path.rstrip("/") or "/"
    query = urlencode(sorted(parse_qsl(parts.query)))
    return urlunsplit(parts._replace(path=path, query=query, fragment=""))


def _s3_uri(url: S3Url) -> str:
    """Percent-encode what a key may contain and a URI may not; a "%" in the key becomes "%25"."""
    above, is_variable = _cut_at_variable(url.key)
    segments = above.split("/")
    if is_variable or segments[-1] == "":
        segments.pop()
    encoded = [quote(segment, safe=_PLAIN_IN_KEYS) for segment in segments]
    if encoded and encoded[-1] == "":
        encoded[-1] = _EMPTY_SEGMENT  # Airflow would treat the slash before it as a trailing one
    return "/".join([f"s3://{url.bucket}", *encoded])


def _http_uri(text: str) -> str:
    """Keep a URL that Airflow does not change, and wrap any other: Airflow never changes what begins with "x-"."""
    above, is_variable = _cut_at_variable(text)
    if is_variable:
        address, mark, _ = above.partition("?")
        above = address if mark else above.rpartition("/")[0]
    if above.isascii() and not above.endswith("/") and normalize_uri(above) in (above, f"{above}/"):
        return above
    return _WRAPPER + quote(above, safe=_PLAIN_IN_WRAPPED_URLS)


def _cut_at_variable(text: str) -> tuple[str, bool]:
    """Return the text before the first template or wildcard, and whether there is one."""
    found = [text.index(mark) for mark in _VARIABLE_MARKS if mark in text]
    return (text[: min(found)], True) if found else (text, False)
