"""The Models page: one row for each pipeline that a user may see, sorted by what needs attention."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel

from refinery.errors import RefineryError
from refinery.web.series import UnfilledParamError, series_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from refinery.registry import ModelSeries
    from refinery.web.airflow_facts import DagFacts, Output
    from refinery.web.kept import ModelFacts, Newest, Promoted
    from refinery.web.model_store import ModelStore
    from refinery.web.readings import Reading

PAGE_SIZE = 50
# The models on the page are asked for again after the first, all others after the second, in seconds.
_SHOWN_AGE, _OTHERS_AGE = 20.0, 300.0
# What needs attention, the most urgent first, with what a person reads.
STATES = {
    "failed": "Last run failed",
    "unreachable": "Model not readable",
    "broken": "Config broken",
    "warned": "Gate warned",
    "no-model": "No model yet",
    "params": "One model per param",
    "warnings": "Warnings",
    "reading": "Reading",
    "ok": "OK",
    "paused": "Paused",
}
_TONES = {
    "failed": "bad",
    "unreachable": "bad",
    "broken": "bad",
    "warned": "warn",
    "warnings": "warn",
    "ok": "good",
}
_GATES = {"passed": ("good", "passed"), "warned": ("warn", "warned")}


@dataclass(frozen=True, slots=True)
class Row:
    """One pipeline.

    Attributes:
        dag: The DAG that holds it.
        output: Where it puts models.
        state: What needs attention, one of STATES.
        newest: Its latest model, if that is known.
        problem: Why it is not known.
        facts: What its manifest says, if that is known.
        place: Its models and the connection for them, if params do not leave that open.
        is_pending: Whether something of it is still being read.
    """

    dag: DagFacts
    output: Output
    state: str = "reading"
    newest: Newest | None = None
    problem: str = ""
    facts: ModelFacts | None = None
    place: tuple[ModelSeries, str] | None = None
    is_pending: bool = False

    @property
    def name(self) -> str:
        """The pipeline's name: that of its DAG, and of its task group if it has one."""
        return f"{self.dag.dag_id}.{self.output.group}" if self.output.group else self.dag.dag_id

    @property
    def team(self) -> str:
        """The folder of its config, which begins its name; empty for one at the top."""
        return self.dag.dag_id.rpartition(".")[0]

    @property
    def tone(self) -> str:
        """The color of its state."""
        return _TONES.get(self.state, "plain")

    @property
    def state_text(self) -> str:
        """Its state in words."""
        if self.state == "warnings" and self.facts:
            return f"{self.facts.warnings} warning{'' if self.facts.warnings == 1 else 's'}"
        return STATES[self.state]

    @property
    def latest(self) -> Promoted | None:
        """Its latest model, if that is known."""
        return self.newest.promoted if self.newest else None

    @property
    def gate(self) -> tuple[str, str]:
        """How its latest model met its gates: the tone and a word."""
        return _GATES.get((self.latest.gate if self.latest else None) or "", ("plain", "no gates"))

    @property
    def metric(self) -> str:
        """Its main metric; empty if it was not measured."""
        trends = self.newest.trends if self.newest else {}
        chosen = self.facts.main_metric if self.facts else ""
        return chosen if chosen in trends else next(iter(trends), "")

    @property
    def value(self) -> float | None:
        """The main metric of the latest model; None if it was not measured."""
        return self.newest.trends[self.metric][-1] if self.newest and self.metric else None

    @property
    def series(self) -> list[float]:
        """The main metric of the last promoted models, the oldest first."""
        trend = self.newest.trends.get(self.metric, ()) if self.newest else ()
        return [value for value in trend if not math.isnan(value)]

    @property
    def change(self) -> float | None:
        """The main metric against the model before, as a share of that; None if there is none."""
        values = self.series
        if len(values) <= 1 or not values[-2]:
            return None
        return (values[-1] - values[-2]) / abs(values[-2])

    @property
    def change_tone(self) -> str:
        """Whether the change is good; plain if it is not known which direction is."""
        if not self.change or self.facts is None:
            return "plain"
        return "good" if (self.change < 0) == (self.metric in self.facts.lower_is_better) else "bad"


class Filters(BaseModel, frozen=True):
    """What a person looks for.

    Attributes:
        q: Part of a name, a description or an owner.
        team: The folder of configs.
        tag: A tag of the DAG.
        state: One of STATES.
        page: Which page, from 1 on.
    """

    q: str = ""
    team: str = ""
    tag: str = ""
    state: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Overview:
    """What the Models page shows.

    Attributes:
        rows: The rows of its page.
        found: How many pipelines the filters let through.
        total: How many there are.
        page: Which page it is.
        pages: How many there are.
        teams: All teams.
        tags: All tags.
        states: How many pipelines have each state.
        pending: How many pipelines are still being read.
        unreachable: What could not be read, and how many pipelines that concerns.
    """

    rows: list[Row]
    found: int
    total: int
    page: int
    pages: int
    teams: list[str]
    tags: list[str]
    states: dict[str, int]
    pending: int
    unreachable: list[tuple[str, int]]


def make_overview(
    dags: Iterable[DagFacts], filters: Filters, store: ModelStore, *, patience: float
) -> Overview:
    """Find the rows of one page.

    Args:
        dags: The DAGs that the user may read.
        filters: What the user looks for.
        store: Reads models.
        patience: How many seconds to wait at most for models that were never read.
    """
    present = [dag for dag in dags if dag.is_broken or not dag.is_gone]
    everyone = _with_models([Row(dag, output) for dag in present for output in dag.outputs], store, patience)
    matching = [row for row in everyone if _matches(row, filters)]
    states = dict.fromkeys(STATES, 0)
    for row in matching:
        states[row.state] += 1
    chosen = [row for row in matching if filters.state in ("", row.state)]
    order = list(STATES)
    chosen.sort(key=lambda row: (order.index(row.state), row.name))
    pages = max(1, -(-len(chosen) // PAGE_SIZE))
    page = min(max(1, filters.page), pages)
    shown = chosen[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    # Read again for the next view, which this one does not wait for.
    store.newest([row.place for row in shown if row.place], patience=0, max_age=_SHOWN_AGE)
    return Overview(
        rows=shown,
        found=len(chosen),
        total=len(everyone),
        page=page,
        pages=pages,
        teams=sorted({row.team for row in everyone} - {""}),
        tags=sorted({tag for row in everyone for tag in row.dag.tags}),
        states={state: amount for state, amount in states.items() if amount},
        pending=sum(row.is_pending for row in everyone),
        unreachable=_problems(everyone),
    )


def age(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago a moment was, in its largest unit, such as "3 days ago"; or when it comes, such as "in 2 hours"."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        amount = int(abs(seconds) // length)
        if amount:
            words = f"{amount:,} {unit}{'' if amount == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now" if seconds >= 0 else "in a moment"


def _with_models(rows: Sequence[Row], store: ModelStore, patience: float) -> list[Row]:
    """Read the latest models, then what their manifests say; each is awaited for half of the time."""
    places: list[tuple[ModelSeries, str] | None] = []
    known: list[Row] = []
    for row in rows:
        try:
            places.append((series_of(row.output), row.output.connection))
            known.append(row)
        except UnfilledParamError as error:
            places.append(None)
            known.append(replace(row, state="params", problem=f"Each {error} has separate models."))
        except RefineryError as error:
            places.append(None)
            known.append(replace(row, state="unreachable", problem=str(error)))
    wanted = list(dict.fromkeys(place for place in places if place))
    newest = store.newest(wanted, patience=patience / 2, max_age=_OTHERS_AGE)
    readings = dict(zip(wanted, newest, strict=True))
    known = [
        row if place is None else _with_latest(replace(row, place=place), readings[place])
        for row, place in zip(known, places, strict=True)
    ]
    promoted: dict[int, tuple[Promoted, str]] = {
        index: (row.latest, row.output.connection) for index, row in enumerate(known) if row.latest
    }
    facts = store.facts(promoted.values(), patience=patience / 2)
    for index, reading in zip(promoted, facts, strict=True):
        known[index] = _with_facts(known[index], reading)
    return known


def _with_latest(row: Row, reading: Reading[Newest]) -> Row:
    return replace(
        row,
        newest=reading.value,
        problem=reading.problem,
        state=_state(row, reading),
        is_pending=reading.is_pending,
    )


def _state(row: Row, reading: Reading[Newest]) -> str:
    dag, latest = row.dag, reading.value.promoted if reading.value else None
    holds = {
        "broken": dag.is_broken,
        "unreachable": bool(reading.problem),
        "paused": dag.is_paused,
        "failed": dag.last_run is not None and dag.last_run.state == "failed",
        "reading": reading.is_pending,
        "no-model": latest is None,
        "warned": latest is not None and latest.gate == "warned",
        "ok": True,
    }
    return next(state for state, is_so in holds.items() if is_so)


def _with_facts(row: Row, reading: Reading[ModelFacts]) -> Row:
    facts, state = reading.value, row.state
    if state == "ok" and reading.problem:
        state = "unreachable"
    elif state == "ok" and facts and facts.warnings:
        state = "warnings"
    problem = row.problem or reading.problem
    return replace(row, facts=facts, state=state, problem=problem, is_pending=reading.is_pending)


def _matches(row: Row, filters: Filters) -> bool:
    text = f"{row.name} {row.dag.description} {row.dag.owners}".casefold()
    return (
        filters.q.strip().casefold() in text
        and (not filters.team or row.team == filters.team or row.team.startswith(f"{filters.team}."))
        and (not filters.tag or filters.tag in row.dag.tags)
    )


def _problems(rows: Iterable[Row]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for row in rows:
        if row.state == "unreachable":
            counts[row.problem] = counts.get(row.problem, 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])[:5]
