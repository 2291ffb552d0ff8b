"""Models as they lie under an output prefix: found, checked, loaded."""

from include.registry.load import LoadedModel, ModelNotFoundError, load_model

__all__ = ["LoadedModel", "ModelNotFoundError", "load_model"]
