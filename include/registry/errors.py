"""What can go wrong with models under an output prefix.

RegistryError
    ModelNotFoundError              a prefix or folder without a model
        NoManifestError
        NoSuchVersionError
        NothingPromotedError
        PromotedModelGoneError      latest.json names a prefix without a manifest
    DamagedPointerError             latest.json cannot be read
    ManifestChangedError            a manifest is not the one that was promoted
    NoCardError                     a model without a card
    CardChangedError                a card is not the one that its manifest lists
    NoEarlierModelError             nothing to roll back to
    NotVerifiableError              a manifest tells too little to make the model again
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import RefineryError
from include.storage import MANIFEST
from include.training.errors import listed

if TYPE_CHECKING:
    from collections.abc import Sequence


class RegistryError(RefineryError):
    """Something with the models under an output prefix."""


class ModelNotFoundError(RegistryError):
    """A place that holds no model, or a manifest that describes none.

    Attributes:
        location: The prefix or folder.
    """

    def __init__(self, location: str, problem: str) -> None:
        self.location = location
        super().__init__(f"{location} holds no model: {problem}.")


class NoManifestError(ModelNotFoundError):
    """A place without a manifest: no model was ever there, or a run did not finish."""

    def __init__(self, location: str, advice: str = "") -> None:
        super().__init__(location, f"there is no {MANIFEST}{advice}")


class NoSuchVersionError(ModelNotFoundError):
    """None of a pipeline's models has this name.

    Attributes:
        version: The name that was asked for.
        known: The names that there are, newest first.
    """

    def __init__(self, root: str, version: str, known: Sequence[str]) -> None:
        self.version = version
        self.known = tuple(known)
        # No guess: of dates, the one that is spelt alike is seldom the one that is meant.
        there = f"there are {listed(known)}" if known else "no model is there yet"
        RegistryError.__init__(self, f"{root} holds no model {version!r}; {there}.")
        self.location = root


class NothingPromotedError(ModelNotFoundError):
    """No model of a pipeline has been promoted yet."""

    def __init__(self, location: str) -> None:
        RegistryError.__init__(
            self,
            f"{location} does not exist: no model was promoted yet. Run the pipeline, "
            "name a model's date, or promote one: ./refinery promote NAME DATE.",
        )
        self.location = location


class PromotedModelGoneError(ModelNotFoundError):
    """The latest model's manifest is not there: a run is replacing the model, was cut off meanwhile, or someone deleted it."""

    def __init__(self, location: str) -> None:
        super().__init__(
            location,
            f"it is the latest model, but there is no {MANIFEST}. Either a run is replacing it at this moment, or one was cut "
            "off while it did, or it was deleted. Run its date again, or take the model before it: ./refinery rollback NAME",
        )


class DamagedPointerError(RegistryError):
    """The file that points to the latest model cannot be read.

    Attributes:
        location: Its URL.
        problem: What is wrong with it.
    """

    def __init__(self, location: str, problem: str) -> None:
        self.location = location
        self.problem = problem
        super().__init__(
            f"{location} is damaged: {problem}. Point it to a model again: ./refinery promote NAME DATE."
        )


class ManifestChangedError(RegistryError):
    """A promoted model's manifest is no longer the one that was promoted.

    Attributes:
        location: The manifest's URL.
        expected: Its SHA-256 when it was promoted.
        actual: Its SHA-256 now.
    """

    def __init__(self, location: str, expected: str, actual: str) -> None:
        self.location = location
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"{location} was changed after its model was promoted: its SHA-256 is {actual}, it was {expected}. Nothing was "
            "loaded. Unless a run is replacing the model at this moment, find out who changed it; "
            "if it is as it should be, promote it again."
        )


class NoCardError(RegistryError):
    """A model that has no card.

    Attributes:
        location: The model's prefix.
        name: The card's file.
    """

    def __init__(self, location: str, name: str, *, was_there: bool = False) -> None:
        self.location = location
        self.name = name
        problem = (
            f"its manifest lists {name}, but the file is not there any more. Run its date again"
            if was_there
            else f"its run wrote no {name}. Unless the config says card: false, run its date again"
        )
        super().__init__(f"The model {location} has no card: {problem}.")


class NoReportError(RegistryError):
    """No model of a pipeline was rejected, or none of the date.

    Attributes:
        location: The pipeline's prefix.
        version: The version that the model would have been; None for any.
    """

    def __init__(self, location: str, version: str | None) -> None:
        self.location = location
        self.version = version
        of_version = f" of {version}" if version else ""
        super().__init__(
            f"{location} holds no report on a rejected model{of_version}: each passed its gates, or has none."
        )


class CardChangedError(RegistryError):
    """A card is not the one that its model's manifest lists.

    Attributes:
        location: The card's URL.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        super().__init__(
            f"{location} is not the card that its model's manifest lists: its SHA-256 is another. Unless a run is replacing "
            "the model at this moment, find out who changed it."
        )


class NoEarlierModelError(RegistryError):
    """There is no model to roll back to.

    Attributes:
        location: The URL of the file that points to the latest model.
        gone: The prefix of the earlier model, which holds it no more; None where the history names none.
    """

    def __init__(self, location: str, gone: str | None = None) -> None:
        self.location = location
        self.gone = gone
        problem = f"{gone}, the model before, is not there any more" if gone else "it names no earlier model"
        super().__init__(
            f"{location} cannot be rolled back: {problem}. Name one: ./refinery promote NAME DATE."
        )


class NotVerifiableError(RegistryError):
    """A manifest tells too little to make its model again.

    Attributes:
        location: The model's prefix.
    """

    def __init__(self, location: str, problem: str) -> None:
        self.location = location
        super().__init__(f"{location} cannot be verified: {problem}.")
