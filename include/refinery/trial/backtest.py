"""Replays rules that a change sets over the last runs: which of their models and datasets they would have let pass."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import fields
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from refinery.errors import RefineryError
from refinery.review import Backtest
from refinery.spec.contract import ColumnRules, Contract
from refinery.spec.gates import parse_requirements
from refinery.trial.history import read_history
from refinery.trial.past_datasets import PastDataset
from refinery.yaml_text import write_key, write_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.review import Plan
    from refinery.spec.urls import S3Url
    from refinery.storage import ObjectCache
    from refinery.trial.history import History, PastRun
    from refinery.trial.past_datasets import Verdict

# More rules that refuse nothing are counted instead of named.
_MOST_NAMED = 3
_LONGEST_VALUE = 60


class _Bound(NamedTuple):
    """The least or the greatest value that a metric, or the dataset's number of rows, may have."""

    name: str
    comparison: str
    limit: float

    def admits(self, value: float) -> bool:
        """Return whether this value is within the bound."""
        is_within = value >= self.limit if self.comparison == ">=" else value <= self.limit
        return is_within or math.isclose(value, self.limit, rel_tol=1e-9)

    def __str__(self) -> str:
        return f"{self.name} {self.comparison} {self.limit:g}"


class _Rule(NamedTuple):
    """A rule of `expect`.

    Attributes:
        condition: The rule, as the page says it.
        judge: Whether a dataset keeps it.
        measure: The number that it is about; None where it is not about one.
    """

    condition: str
    judge: Callable[[PastDataset], Verdict]
    measure: Callable[[PastDataset], float | None] = lambda _: None


def backtest(plan: Plan, s3: Callable[[S3Url, str], S3Client], cache: ObjectCache) -> tuple[Backtest, ...]:
    """Hold the last models of each pipeline against the bounds that change, and their datasets against the rules of `expect`.

    A bound against the latest model is not replayed: it is judged on the same held-out rows, which only a run has.

    Args:
        plan: The plan.
        s3: Returns the client for a URL and an Airflow connection.
        cache: The manifests that were read before.
    """
    return tuple(
        one
        for change in plan.first_of_each()
        if change.base and change.head
        for one in _backtest(
            change.dag_id, change.base, change.head, partial(read_history, s3=s3, cache=cache)
        )
    )


def _backtest(
    dag_id: str, base: Pipeline, head: Pipeline, read: Callable[[Pipeline], History]
) -> Iterator[Backtest]:
    former = {*_gates(base)}
    bounds = [bound for bound in _gates(head) if bound not in former]
    rules = [*_changed_rules(_contract(base), _contract(head))]
    if not bounds and not rules:
        return
    try:
        history = read(base)
    except RefineryError as error:
        yield Backtest(dag_id, problem=str(error))
        return
    yield from (_replay_gate(dag_id, bound, history) for bound in bounds)
    datasets = [(run.version, PastDataset.of(run.manifest)) for run in history.latest]
    yield from _summed_up([_replay_rule(dag_id, rule, datasets) for rule in rules])


def _replay_gate(dag_id: str, bound: _Bound, history: History) -> Backtest:
    promoted, rejected = _measured(history.promoted, bound), _measured(history.rejected, bound)
    failing = [version for version, value in promoted if not bound.admits(value)]
    return Backtest(
        dag_id,
        condition=str(bound),
        values=tuple(value for _, value in reversed(promoted)),
        failing=tuple(failing),
        rejected=len(rejected),
        passing=sum(bound.admits(value) for _, value in rejected),
    )


def _measured(runs: Sequence[PastRun], bound: _Bound) -> list[tuple[str, float]]:
    values = ((run.version, (run.manifest.get("metrics") or {}).get(bound.name)) for run in runs)
    return [(version, float(value)) for version, value in values if isinstance(value, int | float)]


def _replay_rule(dag_id: str, rule: _Rule, datasets: Sequence[tuple[str, PastDataset]]) -> Backtest:
    verdicts = [(version, rule.judge(dataset)) for version, dataset in datasets]
    values = (rule.measure(dataset) for _, dataset in reversed(datasets))
    return Backtest(
        dag_id,
        condition=rule.condition,
        values=tuple(value for value in values if value is not None and math.isfinite(value)),
        failing=tuple(version for version, verdict in verdicts if verdict is False),
        datasets=len(datasets),
        undecided=sum(verdict is None for _, verdict in verdicts),
    )


def _summed_up(backtests: Sequence[Backtest]) -> Iterator[Backtest]:
    """Yield those that refuse a dataset one by one, and many others with the same outcome as one."""
    yield from (one for one in backtests if one.failing)
    others = sorted((one for one in backtests if not one.failing), key=lambda one: one.undecided)
    for undecided, alike in groupby(others, key=lambda one: one.undecided):
        group = list(alike)
        if len(group) <= _MOST_NAMED:
            yield from group
        else:
            first = group[0]
            condition = f"{len(group)} rules of expect"
            yield Backtest(first.dag_id, condition, datasets=first.datasets, undecided=undecided)


def _gates(pipeline: Pipeline) -> Iterator[_Bound]:
    for gate in parse_requirements(pipeline.config.training.get("require", {})):
        yield from _both(gate.metric, gate.minimum, gate.maximum)


def _both(name: str, least: float | None, greatest: float | None) -> Iterator[_Bound]:
    if least is not None:
        yield _Bound(name, ">=", least)
    if greatest is not None:
        yield _Bound(name, "<=", greatest)


def _contract(pipeline: Pipeline) -> Contract:
    return Contract.from_dict(pipeline.config.training.get("expect") or {})


def _changed_rules(before: Contract, after: Contract) -> Iterator[_Rule]:
    former = {*_both("rows", before.rows.min, before.rows.max)}
    for bound in _both("rows", after.rows.min, after.rows.max):
        if bound not in former:
            yield _Rule(str(bound), partial(_judge_rows, bound), lambda dataset: dataset.rows)
    for name, rules in after.columns.items():
        yield from _changed_column(name, before.columns.get(name), rules)
    narrowed = before.other_columns or before.columns.keys() - after.columns.keys()
    if not after.other_columns and narrowed:
        yield _Rule("other_columns: false", lambda dataset: dataset.has_only(after.columns))


def _judge_rows(bound: _Bound, dataset: PastDataset) -> Verdict:
    return None if dataset.rows is None else bound.admits(dataset.rows)


def _changed_column(name: str, before: ColumnRules | None, after: ColumnRules) -> Iterator[_Rule]:
    former = before or ColumnRules()
    unset = ColumnRules()
    changed = [
        key
        for key in (each.name for each in fields(ColumnRules))
        if getattr(after, key) not in (getattr(unset, key), getattr(former, key))
    ]
    if before is None and not changed:
        yield _Rule(f"columns.{write_key(name)}", lambda dataset: dataset.keeps(name, after, ()))
    implied = (
        ("type",) if after.type is None and after.implied_type not in (None, former.implied_type) else ()
    )
    for key in changed:
        yield _Rule(
            f"columns.{write_key(name)}.{key}: {_written(getattr(after, key))}",
            partial(PastDataset.keeps, name=name, rules=after, keys=(*implied, key)),
            partial(_measure, name=name, key=key),
        )


def _written(value: Any) -> str:
    text = str(value) if isinstance(value, dt.date) else write_yaml(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _measure(dataset: PastDataset, *, name: str, key: str) -> float | None:
    column = dataset.column(name)
    if column is None or dataset.profile is None:
        return None
    match key:
        case "nulls":
            return column.nulls / max(1, dataset.profile.rows)
        case "min" | "max":
            extreme = column.minimum if key == "min" else column.maximum
            return extreme if isinstance(extreme, float) else None
        case _:
            return None
