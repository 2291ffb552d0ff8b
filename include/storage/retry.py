"""How requests are tried again that failed for reasons which may pass."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.storage.errors import RemoteError

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a request is tried again, beside what the client itself retries.

    Attributes:
        attempts: Most times that a file, or one page of a listing, is asked for; a file whole or from where it broke.
        first_wait: Upper bound of the first wait, in seconds; it doubles with each attempt.
        longest_wait: Upper bound of any wait, in seconds.
    """

    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 20.0

    def retrying(self) -> Retrying:
        """Make what calls a function until it raises no retryable RemoteError, or the attempts have run out."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        return Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, RemoteError) and error.retryable),
            stop=stop_after_attempt(self.attempts),
            wait=wait_random_exponential(multiplier=self.first_wait, max=self.longest_wait),
            before_sleep=_log_retry,
            reraise=True,
        )


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("%s Trying again in %.1f s.", error, state.upcoming_sleep)
