"""S3, plain http(s) and the workspace of a run: how datasets come in and models go out."""

from include.storage.clients import client_config
from include.storage.conditional_write import VersionedObject, read_versioned, replace_object
from include.storage.deletion import delete_objects
from include.storage.download import download_dataset, download_datasets, download_object
from include.storage.identity import DatasetIdentity, describe_dataset, read_identity, write_identity
from include.storage.listing import ListedObject, list_prefix
from include.storage.model_prefix import MANIFEST
from include.storage.read import read_object
from include.storage.retry import RetryPolicy
from include.storage.upload import upload_model
from include.storage.workspace import LocalWorkspace, RunFolder, StagedWorkspace, Workspace, scratch_folder

__all__ = [
    "MANIFEST",
    "DatasetIdentity",
    "ListedObject",
    "LocalWorkspace",
    "RetryPolicy",
    "RunFolder",
    "StagedWorkspace",
    "VersionedObject",
    "Workspace",
    "client_config",
    "delete_objects",
    "describe_dataset",
    "download_dataset",
    "download_datasets",
    "download_object",
    "list_prefix",
    "read_identity",
    "read_object",
    "read_versioned",
    "replace_object",
    "scratch_folder",
    "upload_model",
    "write_identity",
]
