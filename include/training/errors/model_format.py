"""What keeps a model from being written or read in a format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.training.errors.base import TrainingError
from include.training.errors.model import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ModelFormatError(TrainingError):
    """The fitted model cannot be written in the format that the config asks for.

    Attributes:
        format: The format.
        model: The model's class.
        reason: What stands in the way.
    """

    def __init__(self, format_name: str, model: str, reason: str, way_out: str) -> None:
        self.format = format_name
        self.model = model
        self.reason = reason
        super().__init__(
            f"{model} cannot be written as {format_name}: {reason}. Set model.format to {way_out}."
        )


class UntrustedModelTypesError(TrainingError):
    """The fitted model holds types that are not known to be safe to load.

    Attributes:
        types: Those types.
    """

    def __init__(self, types: Sequence[str]) -> None:
        self.types = tuple(types)
        super().__init__(
            f"The model holds {_count(types)} not known to be safe to load. After a look at what they are, "
            f"trust them in the config with model.trusted: [{', '.join(types)}], or set model.format to pickle."
        )


class UntrustedModelFileError(ModelFileError):
    """A model file holds types that nobody trusts; nothing of it was loaded.

    Attributes:
        types: Those types.
    """

    def __init__(self, path: Path, types: Sequence[str]) -> None:
        self.types = tuple(types)
        super().__init__(
            path,
            f"it holds {_count(types)} not known to be safe, and was not loaded: {', '.join(types)}. "
            "If you know these and the file's origin, load it again and name them as trusted (--trust, or trusted in Python).",
        )


def _count(types: Sequence[str]) -> str:
    return "a type that is" if len(types) == 1 else f"{len(types)} types that are"
