"""What can go wrong with models under an output prefix.

RegistryError
    ModelNotFoundError              no model is where one is looked for
        NoManifestError             no model was ever there, or its run did not finish
        PromotedModelGoneError      latest.json names a model that is not there anymore
    DamagedPointerError             latest.json cannot be read
    ManifestChangedError            a manifest is not the one that was promoted
"""

from __future__ import annotations

from typing import Self

from refinery.errors import RefineryError
from refinery.wording import command_line


class RegistryError(RefineryError):
    """Something with the models under an output prefix."""


class ModelNotFoundError(RegistryError):
    """A place does not hold the model that is looked for, or its manifest does not describe one."""

    @classmethod
    def at(cls, location: object, problem: str) -> Self:
        """Make the error for a prefix or folder."""
        return cls(f"{location} holds no model: {problem}.")

    @classmethod
    def nothing_promoted(cls, location: object) -> Self:
        """Make the error for a pipeline without latest.json.

        Args:
            location: Where latest.json would be.
        """
        return cls(
            f"{location} does not exist: no model has been promoted yet. Run the pipeline, name a model's date, or promote "
            f"one: {command_line('promote NAME DATE')}"
        )


class NoManifestError(ModelNotFoundError):
    """A place has no manifest."""


class PromotedModelGoneError(ModelNotFoundError):
    """A promoted model was deleted."""


class DamagedPointerError(RegistryError):
    """The file that points to the latest model cannot be read."""

    @classmethod
    def at(cls, location: object, problem: str) -> Self:
        """Make the error for the file's URL."""
        return cls(
            f"{location} is damaged: {problem}. Point it to a model again: {command_line('promote NAME DATE')}"
        )


class ManifestChangedError(RegistryError):
    """A promoted model's manifest is not the one that was promoted."""
