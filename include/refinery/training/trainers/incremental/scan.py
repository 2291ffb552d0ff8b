"""Scan a dataset once, batch by batch, for what must be known before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from refinery.training.data.category_words import find_null_words
from refinery.training.data.column_types import check_types
from refinery.training.data.columns import DROP, Roles, choose_roles, rows_with_target
from refinery.training.data.contract import BatchedCheck, Contract
from refinery.training.data.numbers_as_text import check_numbers
from refinery.training.data.read import read_batches
from refinery.training.errors import ColumnRoleError
from refinery.training.evaluation.fitting import find_task
from refinery.training.trainers.incremental.stats import ColumnStats, TargetStats, is_joint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from refinery.spec.training import TrainingSpec
    from refinery.training.data.read import Dataset
    from refinery.training.evaluation.metrics import MetricChoice


@dataclass(frozen=True, slots=True)
class DatasetScan:
    """What a first pass over a dataset finds.

    Attributes:
        rows: How many rows it has, without those that are left out.
        dtypes: pandas' type of each column over all batches.
        gaps: How many rows of each column have no value.
        roles: The columns' roles.
        task: "regression" or "classification".
        classes: The number of rows for each class, sorted by class; None for a regression.
        target_mean: The mean of a regression's target.
        dates: The format of each column that was read as dates from texts or numbers.
        typed: Whether the files declare their columns' types.
    """

    rows: int
    dtypes: dict[str, Any]
    gaps: dict[str, int]
    roles: Roles
    task: str
    classes: dict[Any, int] | None
    target_mean: float
    dates: Mapping[str, str]
    typed: bool
    dropped: int


def scan_dataset(
    dataset: Path, spec: TrainingSpec, batch_rows: int, estimator: Any, choice: MetricChoice
) -> DatasetScan:
    """Read all rows once and check them.

    Args:
        dataset: The dataset's file or folder.
        spec: How to read it, its contract, target and features.
        batch_rows: How many rows a batch has.
        estimator: The unfitted estimator, which may declare its task.
        choice: The config's metrics, which may imply it.

    Raises:
        DatasetError: The rows cannot be read or learned from, or break the contract.
        SpecError: The contract has a rule that needs all rows together.
    """
    contract = BatchedCheck(Contract.from_dict(spec.expect)) if spec.expect else None
    counted = _Counted(read_batches(dataset, spec.source, batch_rows), contract)
    batches = _with_target(counted, spec)
    first = next(batches)
    columns = ColumnStats(dataset, first.table)
    roles = choose_roles(first.table, spec)
    task = find_task(estimator, first.table[roles.target], choice)
    target = TargetStats(roles.target, task, type(estimator).__name__)
    for batch in chain([first], batches):
        columns.add(batch.table)
        roles = choose_roles(columns.sample, spec)
        if roles.target != target.name:
            raise ColumnRoleError(
                roles.target, "is the last column and has no name in the header; name the target"
            )
        check_types(dataset, batch.table, roles.target, roles.features)
        check_numbers(dataset, batch.table, (roles.target, *roles.features), spec.source, typed=batch.typed)
        target.add(batch.table[target.name])
    if contract:
        contract.finish()
    target.check(partial(find_null_words, dataset, spec.source))
    mean = 0.0 if target.classes is not None else target.mean
    return DatasetScan(
        columns.rows,
        columns.dtypes,
        columns.gaps,
        roles,
        task,
        target.classes,
        mean,
        first.dates,
        first.typed,
        dropped=counted.rows - columns.rows,
    )


def read_scanned(
    dataset: Path, spec: TrainingSpec, batch_rows: int, scan: DatasetScan
) -> Iterator[tuple[pd.DataFrame, pd.Series[Any]]]:
    """Read features and target again, batch by batch, each column with the type that fits all batches."""
    roles = scan.roles
    numbers = {name: dtype for name, dtype in scan.dtypes.items() if is_joint(dtype)}
    for batch in _with_target(read_batches(dataset, spec.source, batch_rows, checked=True), spec):
        table = batch.table.astype(numbers)
        yield table[list(roles.features)], table[roles.target]


class _Counted:
    """Batches that are counted and checked against the contract as they pass, before any row is dropped."""

    def __init__(self, batches: Iterable[Dataset], contract: BatchedCheck | None) -> None:
        self._batches = batches
        self._contract = contract
        self.rows = 0

    def __iter__(self) -> Iterator[Dataset]:
        for batch in self._batches:
            self.rows += len(batch.table)
            if self._contract:
                self._contract.add(batch.table)
            yield batch


def _with_target(batches: Iterable[Dataset], spec: TrainingSpec) -> Iterator[Dataset]:
    """Drop rows without a target where the config says so; where no row has one, keep the first batch."""
    if spec.missing_target != DROP:
        yield from batches
        return
    target, first, found = "", None, False
    for batch in batches:
        first = first or batch
        target = target or choose_roles(batch.table, spec).target
        if batch.table[target].notna().any():
            found = True
            table = rows_with_target(batch.table, target, spec.missing_target, typed=batch.typed)
            yield replace(batch, table=table)
    if first and not found:
        yield first
