"""The checksum that a server stores of an object, and the same computed from the bytes that arrive."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MD5_IN_HEX = re.compile(r"[0-9a-f]{32}")
# In the order of trust. CRC32C and CRC64NVME have no fast implementation in Python's library.
_ALGORITHMS = ("SHA256", "SHA1", "CRC32")
# The ETags of directory buckets look like MD5s but are not.
_DIRECTORY_BUCKET_SUFFIX = "--x-s3"


class RunningChecksum(Protocol):
    """The interface of hashlib's objects."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Add more bytes."""

    def digest(self) -> bytes:
        """Return the checksum of all bytes so far."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """The checksum of an object that a server reports.

    Attributes:
        algorithm: "MD5", "SHA256", "SHA1" or "CRC32".
        digest: The checksum of the whole object.
    """

    algorithm: str
    digest: bytes

    def start(self) -> RunningChecksum:
        """Start to compute the same checksum."""
        match self.algorithm:
            case "CRC32":
                return _Crc32()
            case algorithm:
                return hashlib.new(algorithm, usedforsecurity=False)


def stored_checksum(bucket: str, response: Mapping[str, Any]) -> Checksum | None:
    """Return the best checksum of the whole object in S3's answer to GetObject; None where there is none.

    A multipart object's checksum or ETag with "-N" is made from those of its parts, and an ETag is an MD5 only where S3
    encrypts without a key, or with its own.
    """
    for algorithm in _ALGORITHMS:
        value = response.get(f"Checksum{algorithm}")
        if value and "-" not in value:
            return Checksum(algorithm, base64.b64decode(value))
    etag = response.get("ETag", "").strip('"')
    is_encrypted = (
        response.get("SSECustomerAlgorithm") or response.get("ServerSideEncryption", "AES256") != "AES256"
    )
    if _MD5_IN_HEX.fullmatch(etag) and not is_encrypted and not bucket.endswith(_DIRECTORY_BUCKET_SUFFIX):
        return Checksum("MD5", bytes.fromhex(etag))
    return None


class _Crc32:
    """CRC32 with the interface of hashlib's objects."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")
