"""Run every check, mark what comments accept, and sort."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from refinery.config import Project
from refinery.review.formats.wording import count
from refinery.review.plan import Risk
from refinery.review.risks.acceptance import Acceptances
from refinery.review.risks.finding import Finding, Review, place_in
from refinery.review.risks.kinds import CHECKS, KINDS, REJECTED_TRIAL, USELESS_COMMENT
from refinery.review.risks.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from refinery.review.code.imports import MissingImport
    from refinery.review.plan import CodeChange, PipelineChange, Place, Plan, Severity, Trial
    from refinery.review.risks.check import Kind

_WORST_FIRST = ("high", "medium", "low")


def find_risks(
    changes: tuple[PipelineChange, ...],
    *,
    base: Project,
    head: Project,
    day: date,
    thresholds: Thresholds,
    removed_environments: Mapping[str, Project] | None = None,
    code: tuple[CodeChange, ...] = (),
    missing_imports: tuple[MissingImport, ...] = (),
) -> tuple[Risk, ...]:
    """Find what could go wrong when a change is merged.

    Args:
        changes: The pipelines that change, each with its sides.
        base: The project before.
        head: The project after.
        day: The plan's date: runs before it are past.
        thresholds: What counts as too much.
        removed_environments: The environments that the change removes, as they were.
        code: The changes outside the configs.
        missing_imports: What changed model files import and nothing installs.

    Returns:
        The worst first, accepted ones last. Risks of one code at one place, or of one cause, are one risk of several
        pipelines.
    """
    review = Review(changes, base, head, day, thresholds, removed_environments or {}, code, missing_imports)
    found = {check.kind.code: list(check.find(review)) for check in CHECKS}
    acceptances = Acceptances.of_review(review)
    found[USELESS_COMMENT.code] = list(acceptances.useless(found))
    risks = (
        _merge(KINDS[code], severity, group, reason)
        for code, findings in found.items()
        if (severity := thresholds.severity_of(code))
        for reason, group in _group(code, findings, acceptances)
    )
    return sort_risks(risks)


def add_trial_risks(plan: Plan) -> Plan:
    """Add a risk for each trial whose model the gates reject, unless they reject the model before the change as well."""
    sides = (*plan.pipelines, *plan.reached)
    heads = plan.heads()
    rejected = [
        one
        for one in plan.trials
        if one.after.gate == "rejected" and not (one.before and one.before.gate == "rejected")
    ]
    thresholds = plan.thresholds or Thresholds()
    severity = thresholds.severity_of(REJECTED_TRIAL.code)
    if not rejected or severity is None:
        return plan
    base, head = (
        Project(tuple(filter(None, (getattr(one, side) for one in sides))), ()) for side in ("base", "head")
    )
    acceptances = Acceptances.of_review(Review(plan.pipelines, base, head, plan.date, thresholds))
    findings = [
        Finding(_describe_rejection(one), (one.dag_id,), place_in(heads[one.dag_id], "require"))
        for one in rejected
    ]
    added = (
        _merge(REJECTED_TRIAL, severity, group, reason)
        for reason, group in _group(REJECTED_TRIAL.code, findings, acceptances)
    )
    return replace(plan, risks=sort_risks((*plan.risks, *added)))


def _describe_rejection(trial: Trial) -> str:
    missed = [one.sentence.rstrip(".") for one in trial.after.gates if not one.passed]
    return f"the model that the change makes is rejected: {'; '.join(missed)}"


def sort_risks(risks: Iterable[Risk]) -> tuple[Risk, ...]:
    """Sort risks, the worst first and accepted ones last."""
    return tuple(sorted(risks, key=_order))


def _group(
    code: str, findings: Iterable[Finding], acceptances: Acceptances
) -> Iterator[tuple[str | None, list[Finding]]]:
    """Give the findings of each cause, with the reason for which they are accepted."""
    groups: dict[tuple[Place | str, str | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        acceptance = acceptances.find(code, finding)
        reason = acceptance.reason if acceptance else None
        groups[finding.cause or finding.place or finding.sentence, reason].append(finding)
    return ((reason, group) for (_, reason), group in groups.items())


def _merge(kind: Kind, severity: Severity, group: list[Finding], reason: str | None) -> Risk:
    """Make one risk of the findings of one cause."""
    first = min(group, key=lambda finding: (finding.pipelines, finding.sentence))
    others = len({finding.pipelines for finding in group if finding.sentence != first.sentence})
    return Risk(
        code=kind.code,
        severity=severity,
        title=kind.title,
        sentence=first.sentence + (f" (and the same for {count(others, 'more pipeline')})" if others else ""),
        pipelines=tuple(sorted({dag_id for finding in group for dag_id in finding.pipelines})),
        place=first.place,
        accepted=reason,
    )


def _order(risk: Risk) -> tuple[bool, int, str, tuple[str, ...], str]:
    return (
        risk.accepted is not None,
        _WORST_FIRST.index(risk.severity),
        risk.code,
        risk.pipelines,
        risk.sentence,
    )
