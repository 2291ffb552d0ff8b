"""Move one object as Refinery's steps do: `transfer_refinery.py down|up FILE BUCKET KEY`."""

import argparse
from pathlib import Path

import boto3

from refinery.spec.urls import S3Url
from refinery.storage import client_config, download_object
from refinery.storage.upload import upload_file

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("way", choices=("down", "up"))
parser.add_argument("file", type=Path)
parser.add_argument("bucket")
parser.add_argument("key")
options = parser.parse_args()
session = boto3.Session()
client = session.client("s3", config=client_config(session))
url = S3Url(options.bucket, options.key)
if options.way == "down":
    download_object(url, options.file, client=client)
else:
    upload_file(options.file, url, client=client)
