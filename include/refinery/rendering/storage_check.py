"""Find what Airflow's database cannot store: a single such DAG keeps the dag-processor from storing any other of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.config import explain_unstorable
from refinery.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from airflow.sdk import DAG

_MAX_SHOWN = 60


class StorageCheck:
    """Serializes DAGs as the dag-processor will.

    Serializing takes longer than making a DAG, and whether Airflow can do it depends on the settings and their types; a schedule
    counts by its timetable's type, and only a timezone by its value. So each value of every DAG is checked, and of the DAGs of
    one shape only the first is serialized.
    """

    def __init__(self) -> None:
        self._serialized: set[Hashable] = set()

    def check(self, dag: DAG, config: dict[str, Any]) -> None:
        """Check a DAG that was made from a dag-factory config.

        Raises:
            RefineryError: The database cannot store one of its values.
            Exception: Airflow cannot serialize the DAG; any type.
        """
        shape = _shape(config), type(dag.timetable), config["timezone"]
        if shape not in self._serialized:
            _shape(_serialize(dag))
            self._serialized.add(shape)


def _serialize(dag: DAG) -> Any:
    try:  # here, since a task's start does not need it
        from airflow.serialization.serialized_objects import DagSerialization
    except ImportError:  # Airflow 3.1
        from airflow.serialization.serialized_objects import (  # type: ignore[attr-defined, assignment]
            SerializedDAG as DagSerialization,
        )
    return DagSerialization.to_dict(dag)


def _shape(value: Any) -> Any:
    """Return the keys and types of a value in a hashable form, and check each scalar on the way."""
    kind = type(value)
    if kind is dict:
        return tuple([(_checked(key), _shape(item)) for key, item in value.items()])
    if isinstance(value, list | tuple):
        return kind, frozenset(map(_shape, value))
    _checked(value)
    return kind


def _checked(value: Any) -> Any:
    if reason := explain_unstorable(value):
        raise RefineryError(f"{_shorten(repr(value))} {reason}")
    return value


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
