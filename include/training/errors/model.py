"""What keeps a model from being fitted, stored or loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.training.errors.base import TrainingError

if TYPE_CHECKING:
    from pathlib import Path


class FitError(TrainingError):
    """The estimator refused the data or its own params.

    Attributes:
        estimator: The model's class.
        doing: What it was asked, such as "fit".
    """

    def __init__(self, estimator: str, doing: str, reason: str) -> None:
        self.estimator = estimator
        self.doing = doing
        super().__init__(f"{estimator} failed to {doing}: {reason}")


class IncrementalFitError(TrainingError):
    """The model, or what the config asks for, cannot be had batch by batch."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}.")


class OutOfMemoryError(TrainingError):
    """The machine has too little memory for this dataset and model."""

    def __init__(self, doing: str) -> None:
        super().__init__(
            f"Memory ran out in {doing}: use fewer columns or rows, a smaller model, or a worker with more memory."
        )


class UnpicklableModelError(TrainingError):
    """The fitted model cannot be stored in a file.

    Attributes:
        attribute: The path to the part that cannot be pickled, such as "model.steps[0][1].func".
    """

    def __init__(self, attribute: str, value: object, reason: str) -> None:
        self.attribute = attribute
        kind = type(value).__name__
        super().__init__(
            f"The model cannot be pickled: {attribute}, a {kind}, is the part that fails ({reason}). "
            "Functions and classes must be defined at the top of a module; "
            "open files, locks and connections cannot be kept in a model."
        )


class ModelFileError(TrainingError):
    """A saved model cannot be loaded.

    Attributes:
        path: The model's file.
        reason: What keeps it from that.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")

    def name_origin(self, location: str) -> None:
        """Tell where the file was downloaded from, and not where it lay meanwhile."""
        self.args = (f"{location}: {self.reason}",)


class ModelFileChangedError(ModelFileError):
    """The file is not the one that the manifest describes, and was not unpickled.

    Attributes:
        expected: The SHA-256 in the manifest.
        actual: The file's SHA-256.
    """

    def __init__(self, path: Path, expected: str, actual: str) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(
            path,
            f"its SHA-256 is {actual}, the manifest says {expected}. It was changed after training and was not loaded.",
        )
