"""How requests are tried again that failed for reasons which may pass."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.storage.errors import RemoteError, Retry, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState, Retrying

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a request is tried again, on top of what the client itself retries.

    Attributes:
        attempts: Most times that a file, or one page of a listing, is requested; a file whole or from where it broke.
        first_wait: Upper bound of the first wait, in seconds; it doubles with each attempt.
        longest_wait: Upper bound of any wait, in seconds.
        throttle_timeout: How long to keep trying at least, in seconds and whatever the attempts, while a server throttles:
            it answers, and says that it will do more later.
        sleep: Waits for a number of seconds.
    """

    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 20.0
    throttle_timeout: float = 90.0
    sleep: Callable[[float], None] = time.sleep

    def retrying(self) -> Retrying:
        """Return what calls a function until it raises no RemoteError that may pass soon, or the attempts have run out."""
        from tenacity import Retrying, retry_if_exception, wait_random_exponential

        return Retrying(
            retry=retry_if_exception(_may_pass_soon),
            stop=self._has_run_out,
            sleep=self.sleep,
            wait=wait_random_exponential(multiplier=self.first_wait, max=self.longest_wait),
            before_sleep=_log_retry,
            reraise=True,
        )

    def _has_run_out(self, state: RetryCallState) -> bool:
        still_waits = isinstance(_error_of(state), ThrottledError) and state.idle_for < self.throttle_timeout
        return state.attempt_number >= self.attempts and not still_waits


def _may_pass_soon(error: BaseException) -> bool:
    return isinstance(error, RemoteError) and error.retry is Retry.SOON


def _log_retry(state: RetryCallState) -> None:
    log.warning("%s Trying again in %.1f s.", _error_of(state), state.upcoming_sleep)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
