"""Models as they lie under an output prefix: found, checked, loaded, promoted, compared, made again."""

from include.registry.card import read_card
from include.registry.cleaning import CleaningPlan, delete_old_models
from include.registry.comparison import ComparedValue, Comparison, compare
from include.registry.errors import ModelNotFoundError, RegistryError
from include.registry.latest import Latest, Promotion
from include.registry.load import LoadedModel, find_manifest, load_latest, load_model, load_version
from include.registry.promotion import PromotionResult, promote, promote_if_newer, read_latest, rollback
from include.registry.recorded_spec import record_spec
from include.registry.series import ModelSeries
from include.registry.unchanged import InputChanges, find_changes
from include.registry.verification import Verification, verify
from include.registry.versions import (
    DescribedVersion,
    Listing,
    Version,
    describe_versions,
    list_series,
    list_versions,
    read_report,
    read_version,
)

__all__ = [
    "CleaningPlan",
    "ComparedValue",
    "Comparison",
    "DescribedVersion",
    "InputChanges",
    "Latest",
    "Listing",
    "LoadedModel",
    "ModelNotFoundError",
    "ModelSeries",
    "Promotion",
    "PromotionResult",
    "RegistryError",
    "Verification",
    "Version",
    "compare",
    "delete_old_models",
    "describe_versions",
    "find_changes",
    "find_manifest",
    "list_series",
    "list_versions",
    "load_latest",
    "load_model",
    "load_version",
    "promote",
    "promote_if_newer",
    "read_card",
    "read_latest",
    "read_report",
    "read_version",
    "record_spec",
    "rollback",
    "verify",
]
