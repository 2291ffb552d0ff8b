"""Every kind of risk, gathered from the modules of this package."""

from __future__ import annotations

from refinery.review.risks import gates, model, output, pipelines, running, schedule, secrets, source
from refinery.review.risks.check import Check, Kind

_MODULES = (output, gates, schedule, pipelines, source, running, model, secrets)

CHECKS = tuple(one for module in _MODULES for one in vars(module).values() if isinstance(one, Check))

# About the comments that accept risks, so no comment accepts it.
USELESS_COMMENT = Kind(
    "R090",
    "low",
    "comment accepts nothing",
    meaning="A comment that accepts a risk has no reason, names an unknown code, was for an earlier change, or is in a file that "
    "does not raise the risk.",
    remedy="Fix the comment, or remove it.",
)

# About trainings, which a plan has only where somebody asked for them.
REJECTED_TRIAL = Kind(
    "R077",
    "high",
    "trial rejected",
    meaning="`refinery plan --try` trained the pipeline, and its gates reject the new model, while the model before the change passes "
    "or does not exist.",
    remedy="Change what makes the model worse, or say in the pull request why the gate is wrong.",
)

# About the merge with what others merged meanwhile, which no comment of the change alone can judge.
BROKEN_MERGE = Kind(
    "R046",
    "high",
    "merge has errors",
    meaning="The base has moved since the change left it. Each side is valid, but the merge has an error, for "
    "example two pipelines that write to the same prefix. No comment can accept it.",
    remedy="Merge the base into the change, or rebase it, and correct the error there.",
)

KINDS = {
    kind.code: kind
    for kind in sorted(
        (*(check.kind for check in CHECKS), REJECTED_TRIAL, BROKEN_MERGE, USELESS_COMMENT),
        key=lambda kind: kind.code,
    )
}
