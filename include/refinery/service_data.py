"""AWS's descriptions of its services, reduced to what S3 clients need: half the memory and time that botocore takes for one client."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.loaders import JSONFileLoader, Loader, create_loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_UNPACK: Mapping[str, Callable[[bytes], bytes]] = {".json": bytes, ".json.gz": gzip.decompress}
_ENDPOINTS = "endpoints"
# S3, and the services that issue credentials for it, as that file calls them.
_SERVICES = ("s3", "sts", "sso", "portal.sso", "oidc", "signin")


def service_data(data_path: str | None) -> Loader:
    """Return a loader of AWS's descriptions of its services, for clients of S3 alone.

    Args:
        data_path: Folders with other descriptions, in the format of AWS_DATA_PATH.
    """
    loader = create_loader(data_path)
    loader.file_loader = ServiceFiles()
    return loader


class ServiceFiles(JSONFileLoader):
    """Reads files without the documentation of operations, and without the endpoints of services that nobody here calls."""

    def load_file(self, file_path: str) -> Any:
        """Return the content of a file, whose path lacks its ending; None if there is none."""
        for ending, unpack in _UNPACK.items():
            path = Path(file_path + ending)
            if path.is_file():
                content = json.loads(unpack(path.read_bytes()), object_pairs_hook=_without_documentation)
                return _of_our_services(content) if Path(file_path).name == _ENDPOINTS else content
        return None


def _without_documentation(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: "" if name == "documentation" else value for name, value in pairs}


def _of_our_services(endpoints: dict[str, Any]) -> dict[str, Any]:
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in _SERVICES if name in services}
    return endpoints
