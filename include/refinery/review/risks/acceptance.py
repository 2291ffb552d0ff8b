"""Comments that accept a risk: `# refinery: allow R012 because ...`, for the pipelines of their file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.config import find_comments
from refinery.review.plan import Place
from refinery.review.risks.finding import Finding
from refinery.review.risks.kinds import CHECKS, REJECTED_TRIAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from refinery.config import Pipeline
    from refinery.review.risks.finding import Review

# What a text must hold for its comments to be worth finding.
_PREFIX = "refinery:"
_COMMENT = re.compile(r"refinery:\s*(?P<order>.*)", re.DOTALL)
_ORDER = re.compile(
    r"allow\s+(?P<codes>[A-Za-z]\w*(?:\s*,\s*[A-Za-z]\w*)*?)(?:\s*$|\s+because\b[\s:]*(?P<reason>.*))",
    re.DOTALL,
)
_FORM = "# refinery: allow R012 because ..."
_ACCEPTABLE = frozenset({*(check.kind.code for check in CHECKS), REJECTED_TRIAL.code})


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A comment that accepts risks.

    Attributes:
        place: Where it stands.
        codes: The codes that it names.
        reason: Its reason; empty where it gives none.
        is_new: Whether the change brings it. An older one was for an earlier change, and accepts nothing of this one.
    """

    place: Place
    codes: tuple[str, ...]
    reason: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Acceptances:
    """All comments of the project after the merge.

    Attributes:
        by_file: What the comments of each file accept, by its path.
        files_of: The files whose comments are for a pipeline, by its DAG id: its config and those below it.
        edited: The files that the change edits.
        unreadable: The comments that cannot be understood.
    """

    by_file: Mapping[str, tuple[Acceptance, ...]]
    files_of: Mapping[str, frozenset[str]]
    edited: frozenset[str]
    unreadable: tuple[Place, ...]

    @classmethod
    def of_review(cls, review: Review) -> Acceptances:
        """Read the comments of both sides."""
        before, after = _texts(review.base.pipelines), _texts(review.head.pipelines)
        former_path = {one.head.path: one.base.path for one in review.changes if one.head and one.base}
        by_file: dict[str, tuple[Acceptance, ...]] = {}
        unreadable: list[Place] = []
        for path, text in after.items():
            former = before.get(former_path.get(path, path), "")
            known = {order for _, order in _orders(former)}
            found = []
            for line, order in _orders(text):
                place = Place(path, line)
                if match := _ORDER.fullmatch(order):
                    codes = tuple(code.strip().upper() for code in match["codes"].split(","))
                    found.append(Acceptance(place, codes, _reason(match), order not in known))
                else:
                    unreadable.append(place)
            by_file[path] = tuple(found)
        return cls(
            by_file={path: found for path, found in by_file.items() if found},
            files_of={
                one.dag_id: frozenset((one.path, *(layer.path for layer in one.layers)))
                for one in (*review.base.pipelines, *review.head.pipelines)
            },
            edited=frozenset(path for path, text in after.items() if before.get(path) != text),
            unreadable=tuple(unreadable),
        )

    def find(self, code: str, finding: Finding) -> Acceptance | None:
        """Return the comment that accepts a finding of a code."""
        files = sorted({path for dag_id in finding.pipelines for path in self.files_of.get(dag_id, ())})
        return next(
            (
                one
                for path in files
                for one in self.by_file.get(path, ())
                if one.is_new and one.reason and code in one.codes
            ),
            None,
        )

    def useless(self, found: Mapping[str, Iterable[Finding]]) -> Iterator[Finding]:
        """Give a finding for each comment in an edited file that accepts nothing.

        Args:
            found: What the checks found, by code.
        """
        raised: dict[str, set[str]] = {}
        for code, findings in found.items():
            for dag_id in (one for finding in findings for one in finding.pipelines):
                for path in self.files_of.get(dag_id, ()):
                    raised.setdefault(path, set()).add(code)
        for place in self.unreadable:
            yield from self._report(place, f'this comment is not in the known form; write "{_FORM}"')
        for path, acceptances in self.by_file.items():
            for one in acceptances:
                for code in one.codes:
                    yield from self._report(one.place, _explain(one, code, raised.get(path, set())))

    def _report(self, place: Place, sentence: str | None) -> Iterator[Finding]:
        if sentence and place.path in self.edited:
            ids = tuple(sorted(dag_id for dag_id, files in self.files_of.items() if place.path in files))
            yield Finding(sentence, ids, place)


def _explain(acceptance: Acceptance, code: str, raised: set[str]) -> str | None:
    """Say why a comment does not accept a code; None where it does."""
    if code not in _ACCEPTABLE:
        return f"there is no risk {code} to accept; docs/risks.md lists them all"
    # Whether a trial is rejected shows only where it is tried.
    if code not in raised and code != REJECTED_TRIAL.code:
        return f"{code} is accepted here, but this change does not raise it; remove the comment"
    if not acceptance.reason:
        return f'{code} is not accepted without a reason; write "# refinery: allow {code} because ..."'
    if not acceptance.is_new:
        return f"{code} was accepted here for an earlier change; give this one a new reason"
    return None


def _reason(order: re.Match[str]) -> str:
    """Return the reason; empty where it is missing, or the three dots of the form."""
    return reason if re.search(r"\w", reason := (order["reason"] or "").strip()) else ""


def _texts(pipelines: Iterable[Pipeline]) -> dict[str, str]:
    """Return the text of each config and of each file below one."""
    texts = {}
    for pipeline in pipelines:
        texts[pipeline.path] = pipeline.text
        for layer in pipeline.layers:
            texts[layer.path] = layer.text
    return texts


def _orders(text: str) -> list[tuple[int, str]]:
    """Return the line and the order of each comment that is meant for Refinery."""
    if _PREFIX not in text:
        return []
    matches = ((one.line, _COMMENT.fullmatch(one.text)) for one in find_comments(text))
    return [(line, match["order"].strip()) for line, match in matches if match]
