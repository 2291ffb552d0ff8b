"""What can go wrong between CI and the code host."""

from __future__ import annotations

from include.errors import RefineryError


class CodeHostError(RefineryError):
    """The code host refused a request, or could not be asked.

    Attributes:
        status: The answer's HTTP status; None where no answer came.
    """

    def __init__(self, message: str, *, status: int | None = None, retryable: bool = False) -> None:
        self.status = status
        self.retryable = retryable
        super().__init__(message)


class PostingError(RefineryError):
    """What CI handed over is not the review of a pull request: a file or a variable is missing or not what it should be."""
