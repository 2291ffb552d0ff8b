"""Shows broken configs among Airflow's import errors without hiding the healthy ones beside them."""

from __future__ import annotations

from typing import NoReturn

from airflow.sdk import DAG

from include.errors import RefineryError

DAG_ID = "refinery.broken_configs"


class BrokenConfigsError(RefineryError):
    """Configs that make no DAG; the message shows each with its place."""


class BrokenConfigs(DAG):
    """A DAG that never loads: Airflow validates each DAG by itself and records what the validation raises.

    Airflow knows one import error per Python file, and a file that raises loses all its DAGs. So the errors of all configs
    travel in one DAG that fails its validation, and the others load. This leans on how Airflow's DagBag works; a test with a
    real dag-processor notices when it moves.

    Args:
        errors: What Airflow is to show.
    """

    def __init__(self, errors: str) -> None:
        super().__init__(dag_id=DAG_ID, schedule=None)
        self.errors = errors

    def validate(self) -> NoReturn:
        """Raise the errors of the broken configs."""
        raise BrokenConfigsError(self.errors)
