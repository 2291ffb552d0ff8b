"""Models as they lie under an output prefix: found, checked, loaded, promoted, compared, made again."""

from include.registry.errors import ModelNotFoundError, RegistryError
from include.registry.latest import Latest, Promotion
from include.registry.load import LoadedModel, load_model, load_version
from include.registry.promotion import PromotionResult, promote, promote_if_newer, read_latest, rollback
from include.registry.series import ModelSeries
from include.registry.versions import (
    DescribedVersion,
    Version,
    describe_versions,
    list_versions,
    read_version,
)

__all__ = [
    "DescribedVersion",
    "Latest",
    "LoadedModel",
    "ModelNotFoundError",
    "ModelSeries",
    "Promotion",
    "PromotionResult",
    "RegistryError",
    "Version",
    "describe_versions",
    "list_versions",
    "load_model",
    "load_version",
    "promote",
    "promote_if_newer",
    "read_latest",
    "read_version",
    "rollback",
]
