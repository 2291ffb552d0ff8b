"""What keeps a model from being computed on an engine."""

from __future__ import annotations

from include.training.errors.base import TrainingError


class ComputeError(TrainingError):
    """The compute engine cannot be used.

    Attributes:
        engine: Its name.
        address: Its scheduler's address; None where none was given.
    """

    def __init__(self, engine: str, address: str | None, reason: str) -> None:
        self.engine = engine
        self.address = address
        super().__init__(f"The compute engine {engine}{f' at {address}' if address else ''}: {reason}.")


class ComputeLostError(ComputeError):
    """The compute engine does not answer, or has lost its workers."""

    retryable = True
