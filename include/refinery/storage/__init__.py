"""S3, plain http(s) and the workspace of a run: how datasets come in and models go out."""

from refinery.storage.clients import client_config
from refinery.storage.download import download_dataset, download_datasets, download_object
from refinery.storage.http_source import HttpSource
from refinery.storage.identity import DatasetIdentity, describe_dataset, read_identity, write_identity
from refinery.storage.lease import LeaseTerms, leased
from refinery.storage.listing import ListedObject, list_objects, list_prefix
from refinery.storage.local_files import scratch_folder
from refinery.storage.model_prefix import upload_model
from refinery.storage.object_cache import ObjectCache
from refinery.storage.objects import (
    VersionedObject,
    delete_objects,
    delete_unchanged,
    is_unchanged,
    object_size,
    read_object,
    read_versioned,
    replace_object,
)
from refinery.storage.retry import RetryPolicy
from refinery.storage.s3_source import S3Source
from refinery.storage.source import Source
from refinery.storage.workspace import LocalWorkspace, RunFolder, StagedWorkspace, Workspace

__all__ = [
    "DatasetIdentity",
    "HttpSource",
    "LeaseTerms",
    "ListedObject",
    "LocalWorkspace",
    "ObjectCache",
    "RetryPolicy",
    "RunFolder",
    "S3Source",
    "Source",
    "StagedWorkspace",
    "VersionedObject",
    "Workspace",
    "client_config",
    "delete_objects",
    "delete_unchanged",
    "describe_dataset",
    "download_dataset",
    "download_datasets",
    "download_object",
    "is_unchanged",
    "leased",
    "list_objects",
    "list_prefix",
    "object_size",
    "read_identity",
    "read_object",
    "read_versioned",
    "replace_object",
    "scratch_folder",
    "upload_model",
    "write_identity",
]
