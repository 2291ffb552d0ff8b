from __future__ import annotations

import base64
import hashlib
import zlib

import pytest

from refinery.storage.checksums import stored_checksum

CONTENT = b"the bytes of an object"
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
SHA1 = base64.b64encode(hashlib.sha1(CONTENT).digest()).decode()
CRC32 = base64.b64encode(zlib.crc32(CONTENT).to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    ("response", "algorithm"),
    [
        ({"ETag": f'"{MD5}"'}, "MD5"),
        ({"ETag": MD5}, "MD5"),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "AES256"}, "MD5"),
        ({"ETag": f'"{MD5}"', "ChecksumCRC32": CRC32}, "CRC32"),
        ({"ETag": f'"{MD5}"', "ChecksumSHA1": SHA1}, "SHA1"),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": CRC32, "ChecksumSHA256": SHA256}, "SHA256"),
        ({"ETag": f'"{MD5}"', "ChecksumCRC64NVME": "AAAAAAAAAAA="}, "MD5"),
    ],
)
def test_the_best_one_is_taken_and_agrees_with_the_bytes(response, algorithm):
    checksum = stored_checksum("bucket", response)
    running = checksum.start()
    running.update(CONTENT[:5])
    running.update(CONTENT[5:])
    assert checksum.algorithm == algorithm
    assert running.digest() == checksum.digest


@pytest.mark.parametrize(
    ("bucket", "response"),
    [
        ("bucket", {}),
        ("bucket", {"ETag": '""'}),
        ("bucket", {"ETag": f'"{MD5}-3"'}),
        ("bucket", {"ETag": f'"{MD5}-3"', "ChecksumCRC32": f"{CRC32}-3", "ChecksumSHA256": f"{SHA256}-3"}),
        ("bucket", {"ETag": f'"{MD5}"', "ServerSideEncryption": "aws:kms"}),
        ("bucket", {"ETag": f'"{MD5}"', "ServerSideEncryption": "aws:kms:dsse"}),
        ("bucket", {"ETag": f'"{MD5}"', "SSECustomerAlgorithm": "AES256"}),
        ("bucket--usw2-az1--x-s3", {"ETag": f'"{MD5}"'}),
        ("bucket", {"ETag": '"not-a-checksum"'}),
    ],
)
def test_an_etag_that_is_no_md5_of_the_whole_is_not_taken_for_one(bucket, response):
    assert stored_checksum(bucket, response) is None
