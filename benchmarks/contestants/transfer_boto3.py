"""Move one object with boto3: `transfer_boto3.py down|up FILE BUCKET KEY [--tuned]`."""

import argparse

import boto3
from boto3.s3.transfer import TransferConfig

MEBIBYTE = 1 << 20
TUNED = TransferConfig(
    max_concurrency=4,
    multipart_chunksize=64 * MEBIBYTE,
    multipart_threshold=64 * MEBIBYTE,
    io_chunksize=MEBIBYTE,
)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("way", choices=("down", "up"))
parser.add_argument("file")
parser.add_argument("bucket")
parser.add_argument("key")
parser.add_argument("--tuned", action="store_true", help="4 parts of 64 MiB at once")
options = parser.parse_args()
client = boto3.client("s3")
config = TUNED if options.tuned else None
if options.way == "down":
    client.download_file(options.bucket, options.key, options.file, Config=config)
else:
    client.upload_file(options.file, options.bucket, options.key, Config=config)
