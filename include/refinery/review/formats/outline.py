"""The one walk over a plan: which sections its page has, in which order, and what each contains."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from refinery.review.formats.evidence import say_backtest, say_cost, say_total
from refinery.review.formats.page import (
    Changed,
    Code,
    Entry,
    Lines,
    Measured,
    Names,
    Section,
    Sentence,
    Shape,
    Values,
)
from refinery.review.formats.wording import (
    SEVERITIES,
    changed_objects,
    count,
    covered_by_shared,
    format_metric,
    format_place,
    format_run,
    runs_change,
    shape_changes,
    task_changes,
    topics_of,
    worst_first,
)
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from refinery.config import Problem
    from refinery.review.formats.page import Block, Line
    from refinery.review.plan import (
        Backtest,
        CodeChange,
        Cost,
        Effects,
        Follower,
        PipelineChange,
        Plan,
        Risk,
        Severity,
        SharedChange,
        Stake,
        Trial,
        TrialRun,
    )

# The same sentence for hundreds of pipelines would hide all else.
_MOST_OF_A_KIND = 10
_SIGNS = {"added": "+", "removed": "-", "renamed": ">", "changed": "~"}


def outline(plan: Plan, *, brief: bool = False) -> Iterator[Section]:
    """Give the sections of a plan's page.

    Args:
        plan: The plan.
        brief: Whether to show one of what is alike, and of very many risks of a kind the first; the others are named.
    """
    yield _problem_section(plan.head_problems)
    most = _MOST_OF_A_KIND if brief else None
    for severity in SEVERITIES:
        yield _risk_section(
            [one for one in plan.risks if _is_open(one) and one.severity == severity], severity, most
        )
    accepted = [one for one in plan.risks if not _is_open(one)]
    title = count(len(accepted), "accepted risk")
    yield Section((title,), "accepted risk", tuple(_risks(accepted, most)), is_folded=True)
    yield Section(("Shared changes",), "shared change", tuple(map(_shared, plan.shared)))
    yield Section(("Tried",), "trial", tuple(_trials(plan)), form="blocks")
    yield Section(("At stake: the models promoted last",), "promoted model", tuple(map(_stake, plan.stakes)))
    yield Section(("Backtest",), "backtest", tuple(map(_backtest, plan.backtests)))
    yield Section(("Cost",), "cost", tuple(_costs(plan.costs)))
    yield Section(
        ("Pipelines",), "pipeline", tuple(_pipelines(plan, brief=brief)), form="folds", gives_way=True
    )
    yield Section(("Code",), "code change", tuple(map(_code, plan.code)))
    yield _downstream_section(plan.downstream)
    yield Section(("Notes",), "note", tuple(Entry((Sentence(note),)) for note in plan.notes))
    yield Section(
        ("Errors and warnings before, in ", Code(plan.base.name)),
        "error or warning before",
        tuple(map(_problem, plan.base_problems)),
        is_folded=True,
    )


def _problem_section(problems: Sequence[Problem]) -> Section:
    kinds = Counter(one.severity for one in problems)
    counts = [count(kinds[one], one) for one in ("error", "warning") if kinds[one]]
    return Section(
        (f"{' and '.join(counts)} in the configs",),
        "error or warning",
        tuple(map(_problem, problems)),
        severity="high" if kinds["error"] else "medium",
    )


def _downstream_section(followers: tuple[Follower, ...]) -> Section:
    number = len({one.dag_id for one in followers})
    return Section(
        (f"Downstream: {count(number, 'pipeline')}",),
        "follower",
        tuple(map(_follower, followers)),
        is_folded=number > _MOST_OF_A_KIND,
        drawn=followers,
    )


def _is_open(risk: Risk) -> bool:
    """Return whether a risk is shown unfolded: an accepted one too if it is high."""
    return risk.accepted is None or risk.severity == "high"


def _risk_section(risks: list[Risk], severity: Severity, most: int | None) -> Section:
    accepted = sum(one.accepted is not None for one in risks)
    title = count(len(risks), f"{severity} risk")
    if accepted:
        title += ", accepted" if accepted == len(risks) else f", {accepted:,} of them accepted"
    return Section((title,), f"{severity} risk", tuple(_risks(risks, most)), severity=severity)


def metrics_line(metrics: Iterable[tuple[str, float]]) -> Line:
    """Write metrics in a row."""
    pairs = [(Code(name), f" {format_metric(value)}") for name, value in metrics]
    return _joined(pairs) or ("no metrics",)


def _problem(problem: Problem) -> Entry:
    key = (Code(problem.key), ": ") if problem.key else ()
    place = f"{problem.path}:{problem.line}:{problem.column}"
    return Entry((Code(place), ": ", *key, Sentence(problem.message)), problem=problem)


def _risks(risks: Iterable[Risk], most: int | None) -> Iterator[Entry]:
    """Give each risk, those of one sentence once; of a kind with very many, the others only by their pipelines."""
    kinds: dict[str, dict[tuple[object, ...], list[Risk]]] = {}
    for one in risks:
        kinds.setdefault(one.code, {}).setdefault((one.sentence, one.accepted, one.environments), []).append(
            one
        )
    for groups in kinds.values():
        alike = list(groups.values())
        yield from map(_risk, _by_environment(alike[:most]))
        if rest := list(chain.from_iterable(alike[most:] if most else ())):
            yield Entry((_title(rest[0]), f", {len(rest):,} more: ", _names_of(rest)), rest[0].severity)


def _by_environment(groups: Iterable[list[Risk]]) -> Iterable[list[list[Risk]]]:
    """Gather what is one risk to a reader, in other words from environment to environment, since URLs differ."""
    found: dict[object, list[list[Risk]]] = {}
    for alike in groups:
        risk = alike[0]
        where = tuple((one.pipelines, one.place) for one in alike)
        found.setdefault((where, risk.accepted) if risk.environments else id(risk), []).append(alike)
    return found.values()


def _risk(versions: list[list[Risk]]) -> Entry:
    """Write the risks of one kind as one entry: those of one sentence, or with the sentence of each environment."""
    alike = versions[0]
    risk = alike[0]
    names = _names_of(alike)
    places = dict.fromkeys(format_place(one.place) for one in alike if one.place)
    about = [one for one in (names, Names(tuple(places))) if one.names]
    accepted = (("accepted because ", Sentence(risk.accepted)),) if risk.accepted is not None else ()
    times = (f", {len(alike):,} times",) if len(alike) > 1 else ()
    limits = Names(tuple(dict.fromkeys(name for one in versions for name in one[0].environments)))
    return Entry(
        (_title(risk), *times, *((" in ", limits) if limits.names else ())),
        "accepted" if risk.accepted is not None else risk.severity,
        more=(*_sentences([one[0] for one in versions]), *accepted, _joined([(one,) for one in about])),
    )


def _sentences(risks: Sequence[Risk]) -> Iterator[Line]:
    for one in risks:
        lead = (Names(one.environments), ": ") if len(risks) > 1 else ()
        yield (*lead, Sentence(one.sentence))


def _title(risk: Risk) -> Sentence:
    return Sentence(f"{risk.code} {risk.title}", is_strong=True)


def _names_of(risks: Iterable[Risk]) -> Names:
    return Names(tuple(dict.fromkeys(name for one in risks for name in one.pipelines)))


def _shared(shared: SharedChange) -> Entry:
    place = (" (", Code(format_place(shared.change.place)), ")") if shared.change.place else ()
    reached = f"in {count(len(shared.pipelines), 'pipeline')}: "
    return Entry(
        (Changed(shared.change), *place, *_limits(shared)), more=((reached, Names(shared.pipelines)),)
    )


def _code(change: CodeChange) -> Entry:
    reached = f"reaches {count(len(change.pipelines), 'pipeline')}: "
    more = ((reached, Names(change.pipelines)),) if change.pipelines else ()
    return Entry((Sentence(change.sentence), *_limits(change)), more=more)


def _follower(follower: Follower) -> Entry:
    indirectly = ", indirectly" if follower.distance > 1 else ""
    after = Names(follower.after)
    return Entry(
        (
            Code(follower.dag_id),
            " follows ",
            after,
            f"{indirectly}; owner: ",
            Code(follower.owner),
            *_limits(follower),
        )
    )


def _stake(stake: Stake) -> Entry:
    if stake.problem or not stake.promoted:
        return Entry((Code(stake.dag_id), ": ", Sentence(stake.problem or "no model was promoted yet")))
    gate = f", gates {stake.gate}" if stake.gate else ""
    prefix = ((Code(stake.prefix),),) if stake.prefix else ()
    return Entry(
        (Code(stake.dag_id), ": promoted ", Sentence(stake.promoted), f" UTC{gate}"),
        more=(metrics_line(stake.metrics), *prefix),
    )


def _backtest(backtest: Backtest) -> Entry:
    return Entry((Code(backtest.dag_id), ": ", Sentence(say_backtest(backtest))))


def _costs(costs: Sequence[Cost]) -> Iterator[Entry]:
    if total := say_total(costs):
        yield Entry((Sentence(total),))
    for one in costs:
        yield Entry((Code(one.dag_id), ": ", Sentence(say_cost(one))))


def _trials(plan: Plan) -> Iterator[Entry]:
    told = [risk.sentence for risk in plan.risks if risk.accepted is None]
    for trial in plan.trials:
        yield _trial(trial, told)


def _trial(trial: Trial, told: Sequence[str]) -> Entry:
    """Write a trial, without what a risk already says about its gates."""
    rows = f" on {count(trial.rows, 'row')}" if trial.rows is not None else ""
    remarks = [
        f"{label}: {remark}"
        for label, run in (("before", trial.before), ("after", trial.after))
        if run
        for remark in (
            *([run.problem] if run.problem else []),
            *(
                f"not passed: {one}"
                for one in _missed(run)
                if not any(one.rstrip(".") in risk for risk in told)
            ),
        )
    ]
    remarks += [trial.note] if trial.note else []
    said = Lines("", tuple(("", remark) for remark in remarks), "sentences")
    blocks: list[Block] = [Measured(trial.before, trial.after)]
    blocks += [said] if remarks else []
    return Entry((Code(trial.dag_id), rows), blocks=tuple(blocks))


def _missed(run: TrialRun) -> Iterator[str]:
    return (one.sentence for one in run.gates if not one.passed)


def _pipelines(plan: Plan, *, brief: bool) -> Iterator[Entry]:
    covered = covered_by_shared(plan)
    ids = set(map(id, covered))
    shown = worst_first([one for one in plan.pipelines if id(one) not in ids], plan.risks)
    versions = _versions(shown)
    for alike in _group_alike(versions) if brief else ([one] for one in versions):
        yield _pipeline(alike, plan.environments)
    if names := sorted({one.dag_id for one in covered}):
        lead = ("changed only by shared changes: ", Names(tuple(names)))
        yield Entry(lead, _SIGNS["changed"], name="those of the shared changes alone")


def _versions(changes: Iterable[PipelineChange]) -> Iterable[list[PipelineChange]]:
    """Gather the changes of one pipeline in several environments, where the same topics change."""
    found: dict[object, list[PipelineChange]] = {}
    for one in changes:
        found.setdefault((one.kind, one.previous_id, one.dag_id, topics_of(one)), []).append(one)
    return found.values()


def _group_alike(pipelines: Iterable[list[PipelineChange]]) -> Iterable[list[list[PipelineChange]]]:
    """Gather the pipelines that the same edits change in the same way, and those that come or go with one matrix."""
    groups: dict[object, list[list[PipelineChange]]] = {}
    for versions in pipelines:
        effects = tuple((*_origin(one), one.kind, one.environments, one.tasks_changed) for one in versions)
        groups.setdefault((effects, topics_of(versions[0])), []).append(versions)
    return groups.values()


def _origin(change: PipelineChange) -> tuple[object, ...]:
    if change.kind in {"added", "removed"}:
        return change.path, tuple(one.key for one in change.changes)
    return change.causes or (id(change),)


def _pipeline(alike: list[list[PipelineChange]], environments: Sequence[str]) -> Entry:
    """Write the pipelines that change alike as one entry, with what changes in the first, in each environment."""
    versions, *others = alike
    change = versions[0]
    ids = [change.previous_id, change.dag_id] if change.previous_id else [change.dag_id]
    topics = ", ".join(topics_of(change)) if change.kind == "changed" else ""
    met = {name for one in versions for name in one.environments}
    limits = Names(tuple(name for name in environments if name in met))
    lead = (
        Sentence(change.kind, is_strong=True),
        " ",
        *_joined([(Code(one),) for one in ids], " -> "),
        *((" in ", limits) if limits.names and limits.names != tuple(environments) else ()),
        f" and {len(others):,} more in the same way" if others else "",
        f": {topics}" if topics else "",
    )
    names = list_names(one[0].dag_id for one in others)
    same = (Lines("in the same way", (("", names),), "sentences"),) if others else ()
    return Entry(lead, _SIGNS[change.kind], blocks=(*same, *_blocks(versions)), name=change.dag_id)


def _blocks(versions: Iterable[PipelineChange]) -> Iterator[Block]:
    """Give what changes in a pipeline, once where it reads the same in several environments."""
    first, *others = versions
    if not others:
        yield from _details(first)
        return
    # Values of configs are lists and mappings too, which have no hash.
    found: dict[str, tuple[PipelineChange, list[str]]] = {}
    for one in (first, *others):
        found.setdefault(repr([*_details(one)]), (one, []))[1].extend(one.environments)
    for change, environments in found.values():
        yield from _details(change, tuple(environments) if len(found) > 1 else ())


def _limits(part: SharedChange | CodeChange | Follower) -> Line:
    """Name the environments that a part of the plan is limited to."""
    return (" in ", Names(part.environments)) if part.environments else ()


def _details(change: PipelineChange, environments: tuple[str, ...] = ()) -> Iterator[Block]:
    yield Values(change.path, change.changes, environments)
    if tasks := task_changes(change):
        yield Lines("tasks", tasks, "diff")
    if change.before and change.after and shape_changes(change):
        yield Shape(change.before.graph, change.after.graph)
    for heading, urls in changed_objects(change):
        yield Lines(heading, tuple(("", url) for url in urls), "verbatim")
    if runs_change(change):
        sides = (("-", change.before), ("+", change.after))
        yield Lines("runs", tuple(line for sign, side in sides if side for line in _runs(sign, side)), "diff")
    if change.left_behind:
        yield Lines("left behind", tuple(("", one) for one in change.left_behind), "sentences")


def _runs(sign: str, effects: Effects) -> Iterator[tuple[str, str]]:
    yield sign, effects.schedule
    for run in effects.runs:
        yield sign, f"  {format_run(run)}"


def _joined(parts: Iterable[Line], between: str = ", ") -> Line:
    spans = [span for part in parts for span in (between, *part)]
    return tuple(spans[1:])
