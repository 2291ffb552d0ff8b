"""Keep the scores of trials, so that an interrupted search continues instead of starting over.

A search is a fixed function of its scores: with those that are kept, it proposes the same trials again and computes only the rest.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from typing import TYPE_CHECKING, Any, Protocol

from refinery.errors import RefineryError
from refinery.training.search.trials import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refinery.training.search.trials import Trial

log = logging.getLogger(__name__)

_KEY = "search"
# A checkpoint may be far away: it is written this often, in seconds, and after each batch of trials.
_PAUSE = 5.0


class Checkpoint(Protocol):
    """Where a search keeps its trials between two tries of its task."""

    def read(self) -> bytes:
        """Return what was written last; nothing where nothing was."""

    def write(self, content: bytes) -> None:
        """Replace it."""


class TrialLog:
    """The scores of a search's trials, and the time that it has taken over all tries."""

    def __init__(self, checkpoint: Checkpoint | None, identity: Mapping[str, Any]) -> None:
        """Read what an earlier try of the same search has kept.

        Args:
            checkpoint: Where it is kept; None keeps nothing.
            identity: All that the scores depend on; kept scores of another identity are dropped.
        """
        text = json.dumps(identity, sort_keys=True, default=str)
        self._header = {_KEY: hashlib.sha256(text.encode()).hexdigest()}
        self._checkpoint = checkpoint
        self._lines: list[str] = [json.dumps(self._header)]
        self._outcomes: dict[str, Outcome] = {}
        self._spent = 0.0
        self._earlier: set[str] = set()
        for kept in _read(checkpoint, self._header):
            self._lines.append(json.dumps(kept))
            self._outcomes[kept["trial"]] = Outcome(kept["score"], kept["problem"])
            self._earlier.add(kept["trial"])
            self._spent = max(self._spent, kept["seconds"])
        self._begun = self._saved = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the search has taken, over all tries."""
        return self._spent + time.monotonic() - self._begun

    @property
    def kept(self) -> int:
        """How many scores an earlier try has left."""
        return len(self._earlier)

    def find(self, trial: Trial, fold: int) -> Outcome | None:
        """Return what came out of a trial in a fold, if it was tried."""
        return self._outcomes.get(_name(trial, fold))

    def add(self, trial: Trial, fold: int, outcome: Outcome) -> None:
        """Keep what came out of a trial in a fold."""
        name = _name(trial, fold)
        self._outcomes[name] = outcome
        line = {"trial": name, "score": outcome.score, "problem": outcome.problem, "seconds": self.seconds}
        self._lines.append(json.dumps(line))

    def save(self, *, at_once: bool = False) -> None:
        """Write what is kept, unless that was done a moment ago."""
        now = time.monotonic()
        if self._checkpoint is None or not (at_once or now - self._saved >= _PAUSE):
            return
        self._saved = now
        try:
            self._checkpoint.write("".join(f"{line}\n" for line in self._lines).encode())
        except RefineryError as error:
            log.warning("The trials are not kept for another try: %s", error)


def _name(trial: Trial, fold: int) -> str:
    return json.dumps([trial.candidate, sorted(trial.values.items()), fold])


def _read(checkpoint: Checkpoint | None, header: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        lines = checkpoint.read().decode(errors="replace").splitlines() if checkpoint else []
    except RefineryError as error:
        log.warning("The trials of an earlier try are not used: %s", error)
        return
    try:
        if not lines or json.loads(lines[0]) != header:
            return
        for line in lines[1:]:
            kept = json.loads(line)
            if {"trial", "score", "problem", "seconds"} <= kept.keys():
                yield kept
    except (ValueError, AttributeError):  # what comes after is damaged
        return
