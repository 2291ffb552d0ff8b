"""Risks of secrets that were in a config: git keeps what it has seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from refinery.review.plan import Place
from refinery.review.risks.check import risk
from refinery.review.risks.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.review.risks.finding import Review

_SECRET = "secret"  # nosec B105 # noqa: S105 - the code of the problem that reports one


@risk(
    "R080",
    "high",
    "secret was in git",
    meaning="The base has a secret in a config that the change removes. It stays in the history of every clone.",
    remedy="Revoke it where it was issued; removing it from the file is not enough.",
)
def secret_removed(review: Review) -> Iterator[Finding]:
    """Find secrets that leave a file and stay in the history."""
    left = Counter(problem.path for problem in review.head.problems if problem.code == _SECRET)
    held = Counter(problem.path for problem in review.base.problems if problem.code == _SECRET)
    for problem in review.base.problems:
        if problem.code == _SECRET and held[problem.path] > left[problem.path]:
            held[problem.path] -= 1
            ids = tuple(one.dag_id for one in review.head.pipelines if one.path == problem.path)
            sentence = "the secret that is removed here stays in git's history: revoke it where it was issued"
            yield Finding(sentence, ids, Place(problem.path, problem.line, "base"))
