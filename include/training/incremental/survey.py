"""Goes through a dataset once, batch by batch, to learn what must be known before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from include.training.columns import Roles, choose_roles
from include.training.contract import BatchedCheck, Contract
from include.training.datasets import read_batches
from include.training.errors import ColumnRoleError
from include.training.fitting import find_task
from include.training.incremental.tallies import NUMBERS, ColumnTally, TargetTally
from include.training.numbers_as_text import check_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from include.training.spec import TrainingSpec


@dataclass(frozen=True, slots=True)
class Survey:
    """A dataset at a glance.

    Attributes:
        rows: How many rows it has.
        dtypes: pandas' type of each column, in all batches together.
        gaps: How many rows have no value, of each column.
        roles: What the columns are for.
        task: "regression" or "classification".
        classes: How many rows each value of a classification's target has, sorted by value; None for a regression.
        target_mean: The mean of a regression's target.
    """

    rows: int
    dtypes: dict[str, Any]
    gaps: dict[str, int]
    roles: Roles
    task: str
    classes: dict[Any, int] | None
    target_mean: float


def survey_dataset(dataset: Path, spec: TrainingSpec, batch_rows: int, estimator: Any) -> Survey:
    """Read all rows once and check them.

    Args:
        dataset: The dataset's file or folder.
        spec: How to read it, its contract, target and features.
        batch_rows: How many rows to read at once.
        estimator: The unfitted estimator, which may tell its task.

    Raises:
        DatasetError: The rows cannot be read or learned from, or break the contract.
        InvalidContractError: The contract has a rule that needs all rows at once.
    """
    contract = BatchedCheck(Contract.from_dict(spec.expect)) if spec.expect else None
    batches = read_batches(dataset, spec.source, batch_rows)
    first = next(batches)
    columns = ColumnTally(dataset, first.table)
    roles = choose_roles(first.table, spec)
    task = find_task(estimator, first.table[roles.target])
    target = TargetTally(roles.target, task, type(estimator).__name__)
    for batch in chain([first], batches):
        if contract:
            contract.add(batch.table)
        columns.add(batch.table)
        roles = choose_roles(columns.witness, spec)
        if roles.target != target.name:
            raise ColumnRoleError(
                roles.target, "is the last column and has no name in the header; name the target"
            )
        if not batch.typed:
            check_numbers(dataset, batch.table, (roles.target, *roles.features), spec.source)
        target.add(batch.table[target.name])
    if contract:
        contract.finish()
    target.check()
    mean = 0.0 if target.classes is not None else target.mean
    return Survey(columns.rows, columns.dtypes, columns.gaps, roles, task, target.classes, mean)


def read_surveyed(
    dataset: Path, spec: TrainingSpec, batch_rows: int, survey: Survey
) -> Iterator[tuple[pd.DataFrame, pd.Series[Any]]]:
    """Read features and target again, batch by batch, each column of the one type that it has in all of them."""
    roles = survey.roles
    numbers = {name: dtype for name, dtype in survey.dtypes.items() if dtype.kind in NUMBERS}
    for batch in read_batches(dataset, spec.source, batch_rows, checked=True):
        table = batch.table.astype(numbers)
        yield table[list(roles.features)], table[roles.target]
