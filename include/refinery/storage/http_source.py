"""A file on a web server as the source of a transfer."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from refinery.storage import errors
from refinery.storage.source import CHUNK_BYTES, OpenedFile, RemoteFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import Response
    from urllib3 import BaseHTTPResponse

    from refinery.spec.urls import HttpUrl

# Seconds to connect, and between two pieces of the body.
_TIMEOUTS = (10, 60)

_BY_STATUS: dict[int, errors.Problem] = {
    HTTPStatus.UNAUTHORIZED: errors.FILE_ACCESS_DENIED,
    HTTPStatus.FORBIDDEN: errors.FILE_ACCESS_DENIED,
    HTTPStatus.NOT_FOUND: errors.FILE_NOT_FOUND,
    HTTPStatus.GONE: errors.FILE_NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT: errors.CONNECTION_DROPPED,
    HTTPStatus.PRECONDITION_FAILED: errors.OBJECT_CHANGED,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: errors.OBJECT_CHANGED,
    HTTPStatus.TOO_MANY_REQUESTS: errors.THROTTLED,
}


class HttpSource:
    """Read one file with one streamed GET request."""

    # Web servers limit connections, and many send ranges slowly or not at all.
    serves_ranges = False

    def __init__(self, url: HttpUrl) -> None:
        self._url = url

    @property
    def location(self) -> str:
        """The file's URL."""
        return str(self._url)

    def open(self, offset: int, validator: str | None, end: int | None = None) -> OpenedFile:
        """Request the file from an offset on; the server sends all of it if the validator has changed."""
        import requests

        # The bytes as they are stored: a compressed answer can be neither counted nor resumed.
        headers = {"Accept-Encoding": "identity", "User-Agent": "refinery"}
        if offset and validator:
            last = "" if end is None else end - 1
            headers |= {"Range": f"bytes={offset}-{last}", "If-Range": validator}
        with _http_errors(self.location):
            response = requests.get(self.location, headers=headers, stream=True, timeout=_TIMEOUTS)
        self._refuse_failure(response)
        start, size = _extent(response)
        return OpenedFile(
            _remote_file(response.headers, size), start, self._chunks(response.raw), response.raw
        )

    def _refuse_failure(self, response: Response) -> None:
        status = response.status_code
        if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            return
        response.close()
        default = (
            errors.SERVER_FAILED if status >= HTTPStatus.INTERNAL_SERVER_ERROR else errors.REQUEST_REFUSED
        )
        detail = f"HTTP {status} {response.reason or ''}".rstrip()
        raise _BY_STATUS.get(status, default).at(self.location, detail=detail)

    def _chunks(self, raw: BaseHTTPResponse) -> Iterator[bytes]:
        with _http_errors(self.location):
            yield from raw.stream(CHUNK_BYTES, decode_content=False)


@contextmanager
def _http_errors(location: str) -> Iterator[None]:
    import requests
    import urllib3

    # Without their causes: a log shows their texts, which hold the query of a presigned URL.
    try:
        yield
    except (requests.exceptions.InvalidURL, requests.exceptions.TooManyRedirects) as error:
        raise errors.REQUEST_REFUSED.at(location, detail=_detail(error)) from None
    except (requests.exceptions.ReadTimeout, urllib3.exceptions.HTTPError) as error:
        raise errors.CONNECTION_DROPPED.at(location, detail=_detail(error)) from None
    except requests.exceptions.RequestException as error:
        raise errors.WEB_SERVER_UNREACHABLE.at(location, detail=_detail(error)) from None


def _detail(error: Exception) -> str:
    """Return what the client said, without queries: a server may redirect to a presigned URL."""
    return re.sub(r"\?\S*", "", str(error))


def _remote_file(headers: Mapping[str, str], size: int | None) -> RemoteFile:
    etag, modified = headers.get("ETag"), headers.get("Last-Modified")
    # A weak ETag does not promise the same bytes.
    strong_etag = etag if etag and not etag.startswith("W/") else None
    return RemoteFile(
        size=size,
        validator=strong_etag or modified,
        etag=etag.removeprefix("W/").strip('"') if etag else None,
        last_modified=_iso_date(modified) if modified else None,
        encoding=headers.get("Content-Encoding"),
    )


def _extent(response: Response) -> tuple[int, int | None]:
    """Return where the body starts, and the size of the whole file where the server gives it."""
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        extent, _, size = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        return int(extent.partition("-")[0] or 0), int(size) if size.isdigit() else None
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _iso_date(header: str) -> str | None:
    try:
        return parsedate_to_datetime(header).astimezone(UTC).isoformat()
    except ValueError:
        return None
