"""Risks of secrets that were in a config: what git has seen it keeps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from include.review.plan import Place
from include.review.risks.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.review.risks.finding import Review

_SECRET = "secret"  # nosec B105 # noqa: S105 - the code of the problem that reports one


def secret_removed(review: Review) -> Iterator[Finding]:
    """Find secrets that leave a file and stay in the history."""
    left = Counter(problem.path for problem in review.head.problems if problem.code == _SECRET)
    held = Counter(problem.path for problem in review.base.problems if problem.code == _SECRET)
    for problem in review.base.problems:
        if problem.code == _SECRET and held[problem.path] > left[problem.path]:
            held[problem.path] -= 1
            ids = tuple(one.dag_id for one in review.head.pipelines if one.path == problem.path)
            sentence = "the secret that is removed here stays in git's history: revoke it where it was issued"
            yield Finding("R080", sentence, ids, Place(problem.path, problem.line, "base"))
