"""Parse the URLs of datasets and outputs: S3 in every form that people paste, and plain http(s)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, unquote_plus, urlsplit

from refinery.errors import RefineryError

WILDCARD = "*"

# S3's own limit.
_MAX_KEY_BYTES = 1024

_S3_SCHEMES = ("s3", "s3a", "s3n")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|arn:", re.IGNORECASE)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_ARN = re.compile(r"arn:aws[a-z-]*:s3:::(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_AWS_DOMAIN = r"\.amazonaws\.(?:com|com\.cn|eu)"
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d+"
_S3_HOST = re.compile(
    rf"""(?:(?P<bucket>.+)\.)?
    (?: s3-external-1                                                # us-east-1, formerly
      | s3-accelerate(?:\.dualstack)?
      | s3express-[a-z0-9-]+\.(?P<express>{_REGION})
      | s3(?:-website|-fips)?(?:\.dualstack)?(?:[.-](?P<region>{_REGION}))?
    ){_AWS_DOMAIN}""",
    re.VERBOSE,
)
_ACCESS_POINT_HOST = re.compile(rf".*\.s3-(?:accesspoint|object-lambda)[a-z-]*\..*{_AWS_DOMAIN}")
_CONSOLE_HOST = re.compile(r"(?:.+\.)?console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)")
_CONSOLE_PATH = re.compile(r"/s3/(?:object|buckets)/(?P<bucket>[^/]+)/?")
_SECRET_PARAMETER = re.compile(
    r"[?&](?:x-(?:amz|goog)-[a-z-]+|awsaccesskeyid|signature|sig|(?:\w+[_-])?token|api[_-]?key|password|secret)=",
    re.IGNORECASE,
)
# A user name before the host; or a password, which may contain slashes, but not a port and an @ in the path.
_CREDENTIALS = re.compile(r"[^/{]*@|[^/@{\[]*:(?!\d+(?:/|$))[^@]*@")
# Also halves of surrogate pairs, which are not characters and cannot be sent.
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_TEMPLATE = ("{{", "{%")
_ACCEPTED_FORMS = "s3://bucket/key, https://bucket.s3.region.amazonaws.com/key, or an http(s) URL of a file"


class InvalidUrlError(RefineryError):
    """A URL is not that of an object, a prefix or a file.

    Attributes:
        url: The text as written, or None if it contains a secret that must not be repeated.
        problem: What is wrong with it and what to write instead.
    """

    def __init__(self, url: str | None, problem: str) -> None:
        self.url = url
        self.problem = problem
        super().__init__(f'"{url}" {problem}' if url is not None else f"The URL {problem}")


@dataclass(frozen=True, slots=True)
class S3Url:
    """An object, a prefix, or all objects whose keys fit a pattern, on S3.

    Attributes:
        bucket: The bucket's name.
        key: The object's key, or a prefix; decoded, as S3 lists it. In a pattern, each ``*`` stands for any text without "/".
        region: The bucket's region, such as "eu-west-3", if the URL contains it.
    """

    bucket: str
    key: str
    region: str | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def file_name(self) -> str:
        """Return the last part of the key; empty for a prefix."""
        return self.key.rpartition("/")[2]

    def child(self, name: str) -> S3Url:
        """Return the URL of a name below this prefix."""
        return S3Url(self.bucket, self.key + name, self.region)

    @property
    def is_pattern(self) -> bool:
        """Return whether the key contains a ``*``."""
        return WILDCARD in self.key


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """A file on a web server.

    Attributes:
        url: The URL as written.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def file_name(self) -> str:
        """Return the last part of the path, decoded; "dataset" if the path is empty."""
        return unquote(urlsplit(self.url).path.rstrip("/")).rpartition("/")[2] or "dataset"


def is_url(text: str) -> bool:
    """Return whether a text is a URL or an ARN, rather than the path of a local folder."""
    return bool(_URL.match(text))


def parse_source_url(text: str) -> S3Url | HttpUrl:
    """Parse the URL of a dataset: one file, or on S3 also a pattern for several.

    All forms of S3 URLs are accepted: s3:// (also s3a://, s3n://), virtual-hosted and path-style https:// below
    amazonaws.com with or without region, dual-stack, accelerated and legacy ones, the console's address of an object, and ARNs.
    The key may contain Jinja, and its last part ``*``, which stands for any text. An object with a literal ``*`` in its key is
    read together with everything else that matches.

    Args:
        text: The URL as a person wrote or pasted it.

    Raises:
        InvalidUrlError: The text is not such a URL, names no file, or contains a secret.
    """
    url = _parse(text)
    if isinstance(url, S3Url) and url.file_name in ("", ".", ".."):
        raise InvalidUrlError(text, "names a folder; write one object, such as s3://bucket/folder/file.csv.")
    _check_wildcards(text, url)
    return url


def parse_prefix_url(text: str) -> S3Url:
    """Parse the URL of an S3 prefix, such as a pipeline's output.

    Args:
        text: The URL in any of the S3 forms; a trailing "/" is optional.

    Returns:
        The prefix, whose key ends with "/" unless it is empty.

    Raises:
        InvalidUrlError: The text is not an S3 URL, or contains a wildcard or a secret.
    """
    url = _parse(text)
    if isinstance(url, HttpUrl):
        raise InvalidUrlError(text, "is not on S3; write a prefix such as s3://bucket/folder/.")
    if url.is_pattern:
        raise InvalidUrlError(text, f"contains {WILDCARD}; write one prefix.")
    if not url.key or url.key.endswith("/"):
        return url
    return S3Url(url.bucket, _checked_key(text, url.key + "/"), url.region)


def _parse(text: str) -> S3Url | HttpUrl:
    _refuse_secrets(text)
    if not text or text != text.strip() or _CONTROL_CHARACTER.search(text):
        raise InvalidUrlError(
            text, "is empty, or contains control characters or surrounding white space; remove them."
        )
    if arn := _ARN.fullmatch(text):
        return _s3_url(text, *_split_bucket(arn["rest"]))
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in _S3_SCHEMES:
        return _s3_url(text, *_split_bucket(rest))
    if separator and scheme.lower() in ("http", "https"):
        return _parse_http(text)
    raise InvalidUrlError(text, f"is not a supported URL; write {_ACCEPTED_FORMS}.")


def _check_wildcards(text: str, url: S3Url | HttpUrl) -> None:
    if isinstance(url, S3Url) and WILDCARD in url.key.removesuffix(url.file_name):
        raise InvalidUrlError(
            text,
            "contains * in a folder name; use it only in the last part, such as s3://bucket/folder/*.csv.",
        )
    if isinstance(url, HttpUrl) and WILDCARD in url.url.partition("?")[0]:
        raise InvalidUrlError(
            text, "contains *, but only S3 can list files; write each file (a literal * as %2A)."
        )


def _refuse_secrets(text: str) -> None:
    """Refuse a URL with a secret, since others read the config; the errors must not repeat it."""
    if _SECRET_PARAMETER.search(text):
        raise InvalidUrlError(
            None,
            "is presigned or contains a token, which expires and grants access to every reader; "
            "write s3://bucket/key, and store the credentials in an Airflow connection.",
        )
    if _CREDENTIALS.match(text.partition("://")[2]):
        raise InvalidUrlError(
            None,
            "contains a user name or password; remove them, and store them in an Airflow connection.",
        )


def _parse_http(text: str) -> S3Url | HttpUrl:
    try:
        parts = urlsplit(text)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise InvalidUrlError(text, f"is not a valid URL: {error}.") from error
    if not host or any(mark in parts.netloc for mark in _TEMPLATE):
        raise InvalidUrlError(text, "has no plain host name; use templates only in the path.")
    if _ACCESS_POINT_HOST.fullmatch(host):
        raise InvalidUrlError(
            text,
            "is the address of an access point; write s3:// with the access point's alias as the bucket.",
        )
    if _CONSOLE_HOST.fullmatch(host):
        return _parse_console(text, parts)
    if match := _S3_HOST.fullmatch(host):
        return _parse_s3_host(text, parts, match)
    return HttpUrl(text)


def _parse_s3_host(text: str, parts: SplitResult, host: re.Match[str]) -> S3Url:
    if parts.query or parts.fragment:
        raise InvalidUrlError(
            text, "has a query or a fragment; write only the object's address (a literal ? as %3F)."
        )
    try:
        # S3 reads a plus in a path as a space, which is how its console writes spaces.
        path = unquote_plus(parts.path, errors="strict").removeprefix("/")
    except UnicodeDecodeError as error:
        raise InvalidUrlError(text, "has %-escapes that are not UTF-8; correct them.") from error
    bucket, key = (host["bucket"], path) if host["bucket"] else _split_bucket(path)
    return _s3_url(text, bucket, key, host["region"] or host["express"])


def _parse_console(text: str, parts: SplitResult) -> S3Url:
    path = _CONSOLE_PATH.fullmatch(parts.path)
    if not path:
        raise InvalidUrlError(text, "is a page of the AWS console; copy the object's S3 URI from that page.")
    query = parse_qs(parts.query)
    region = query.get("region", [None])[0]
    return _s3_url(text, path["bucket"], query.get("prefix", [""])[0], region)


def _split_bucket(rest: str) -> tuple[str, str]:
    bucket, _, key = rest.partition("/")
    return bucket, key


def _s3_url(text: str, bucket: str, key: str, region: str | None = None) -> S3Url:
    if any(mark in bucket for mark in _TEMPLATE):
        raise InvalidUrlError(text, "has a template in the bucket; use templates only in the key.")
    if not bucket:
        raise InvalidUrlError(text, "has no bucket; write s3://bucket/key.")
    if not _BUCKET.fullmatch(bucket):
        raise InvalidUrlError(
            text, "has an invalid bucket name; use at least 3 of a-z, 0-9, dots and hyphens."
        )
    return S3Url(bucket, _checked_key(text, key), region)


def _checked_key(text: str, key: str) -> str:
    if _CONTROL_CHARACTER.search(key):
        raise InvalidUrlError(text, "has control characters in its key; remove them.")
    is_template = any(mark in key for mark in _TEMPLATE)
    if not is_template and len(key.encode()) > _MAX_KEY_BYTES:
        raise InvalidUrlError(
            text, f"has a key of more than {_MAX_KEY_BYTES} bytes, which S3 does not allow; shorten it."
        )
    return key
