"""What the four operators share: the run's workspace, its date, and how errors reach Airflow."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from include.errors import RefineryError
from include.storage import Workspace
from refinery_operators.pod import executor_arguments
from refinery_operators.run_date import with_run_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import jinja2
    from airflow.sdk import Context


class PipelineOperator(BaseOperator):
    """One step of a pipeline.

    Args:
        workspace: Folder below which every run keeps its files in a folder of its own; by default
            ``workspace`` in the Airflow home. Templated.
        pod: What the task's pod is given on Kubernetes, as ``cpu`` and ``memory``; see ``make_pod``. Other executors leave
            it aside.
    """

    template_fields: Sequence[str] = ("workspace",)

    def __init__(
        self, *, workspace: str | None = None, pod: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**executor_arguments(pod), **kwargs)
        self.workspace = workspace

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the templated fields; runs without a logical date take their dates from ``run_after``."""
        super().render_template_fields(with_run_date(context), jinja_env)

    def execute(self, context: Context) -> Any:
        """Run the step.

        Raises:
            AirflowFailException: When trying again cannot help, so that no retry is spent on it.
            RefineryError: When trying again may help; Airflow then retries.
        """
        try:
            return self.run_step(context)
        except RefineryError as error:
            if error.retryable:
                raise
            raise AirflowFailException(str(error)) from error

    @abstractmethod
    def run_step(self, context: Context) -> Any:
        """Do the step's work; what it returns goes to XCom."""

    def workspace_of(self, context: Context) -> Workspace:
        """The folder where the steps of this run meet."""
        root = Path(self.workspace) if self.workspace else _default_workspace_root()
        return Workspace.of_run(root, self.dag_id, context["run_id"])


def _default_workspace_root() -> Path:
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "workspace"
