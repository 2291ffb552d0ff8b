"""Run every check, take what comments accept, and put the rest in order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from include.review.formats.wording import count
from include.review.plan import Risk
from include.review.risks import gates, leaks, model, output, pipelines, running, schedule, source
from include.review.risks.acceptance import Acceptances
from include.review.risks.catalogue import KINDS
from include.review.risks.finding import Finding, Review

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from include.config import Project
    from include.review.plan import PipelineChange, Place, Severity
    from include.review.risks.thresholds import Thresholds

_CHECKS: tuple[Callable[[Review], Iterator[Finding]], ...] = (
    output.output_moves,
    output.output_without_date,
    output.runs_share_a_day,
    output.outputs_overlap,
    output.output_taken_over,
    gates.gate_loosened,
    gates.gate_only_warns,
    gates.evaluation_changes,
    gates.contract_loosened,
    schedule.runs_more_often,
    schedule.no_longer_runs,
    schedule.catchup_starts_runs,
    pipelines.history_lost,
    pipelines.removed_but_awaited,
    pipelines.matrix_grows,
    source.source_elsewhere,
    source.source_over_http,
    source.connection_changes,
    running.fewer_retries,
    running.timeout_changes,
    running.no_longer_waits,
    running.nobody_told,
    running.slots_change,
    model.format_unsafe,
    model.more_types_trusted,
    model.target_changes,
    model.inputs_change,
    model.other_model_without_gate,
    leaks.secret_removed,
)
_WORST_FIRST = ("high", "medium", "low")


def find_risks(
    changes: tuple[PipelineChange, ...], *, base: Project, head: Project, day: date, thresholds: Thresholds
) -> tuple[Risk, ...]:
    """Find what could go wrong when a change is merged.

    Args:
        changes: The pipelines that change, each with its sides.
        base: The project before.
        head: The project after.
        day: The plan's date: runs before it are past.
        thresholds: What is too much.

    Returns:
        The worst first, accepted ones last. Risks of one code at one place, or of one cause, are one risk of several
        pipelines.
    """
    review = Review(changes, base, head, day, thresholds)
    findings = [finding for check in _CHECKS for finding in check(review)]
    acceptances = Acceptances.of_review(review)
    findings += acceptances.useless(findings)
    groups: dict[tuple[str, Place | str, str | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        acceptance = acceptances.find(finding)
        reason = acceptance.reason if acceptance else None
        cause = finding.cause or finding.place or finding.sentence
        groups[finding.code, cause, reason].append(finding)
    risks = (
        _merge(group, severity, reason)
        for (code, _, reason), group in groups.items()
        if (severity := thresholds.severity_of(code))
    )
    return tuple(sorted(risks, key=_order))


def _merge(group: list[Finding], severity: Severity, reason: str | None) -> Risk:
    """Make one risk of the findings of one cause."""
    first = min(group, key=lambda finding: (finding.pipelines, finding.sentence))
    kind = KINDS[first.code]
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
