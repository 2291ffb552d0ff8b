"""Models under an output prefix: find, check, load, promote, compare and rebuild them.

What loads or rebuilds models needs the training code, and is imported when it is first used: the pages inside Airflow only read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from refinery.registry.cleaning import CleaningPlan, delete_old_models
from refinery.registry.comparison import ComparedValue, Comparison, compare
from refinery.registry.errors import ModelNotFoundError, NoManifestError, RegistryError
from refinery.registry.latest import Latest, Promotion
from refinery.registry.manifest import (
    PromotedModel,
    StoredManifest,
    parse_manifest,
    pipeline_names,
    read_card,
    read_manifest,
    read_promoted,
)
from refinery.registry.promotion import (
    LatestFile,
    PromotionResult,
    promote,
    promote_if_newer,
    read_latest,
    read_latest_again,
    rollback,
)
from refinery.registry.versions import (
    DescribedVersion,
    Listing,
    Version,
    describe_versions,
    list_newest,
    list_series,
    list_versions,
    read_report,
    read_version,
)
from refinery.spec.series import ModelSeries

if TYPE_CHECKING:
    from refinery.registry.inputs import InputChanges, find_changes, recorded_params
    from refinery.registry.load import (
        LoadedModel,
        fetch_latest,
        find_manifest,
        load_fetched,
        load_latest,
        load_model,
        load_version,
    )
    from refinery.registry.recorded_spec import record_spec
    from refinery.registry.verification import Verification, verify

_HOMES = {
    "InputChanges": "inputs",
    "LoadedModel": "load",
    "Verification": "verification",
    "fetch_latest": "load",
    "find_changes": "inputs",
    "find_manifest": "load",
    "load_fetched": "load",
    "load_latest": "load",
    "load_model": "load",
    "load_version": "load",
    "record_spec": "recorded_spec",
    "recorded_params": "inputs",
    "verify": "verification",
}

__all__ = [
    "CleaningPlan",
    "ComparedValue",
    "Comparison",
    "DescribedVersion",
    "InputChanges",
    "Latest",
    "LatestFile",
    "Listing",
    "LoadedModel",
    "ModelNotFoundError",
    "ModelSeries",
    "NoManifestError",
    "PromotedModel",
    "Promotion",
    "PromotionResult",
    "RegistryError",
    "StoredManifest",
    "Verification",
    "Version",
    "compare",
    "delete_old_models",
    "describe_versions",
    "fetch_latest",
    "find_changes",
    "find_manifest",
    "list_newest",
    "list_series",
    "list_versions",
    "load_fetched",
    "load_latest",
    "load_model",
    "load_version",
    "parse_manifest",
    "pipeline_names",
    "promote",
    "promote_if_newer",
    "read_card",
    "read_latest",
    "read_latest_again",
    "read_manifest",
    "read_promoted",
    "read_report",
    "read_version",
    "record_spec",
    "recorded_params",
    "rollback",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import what needs the training code."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
