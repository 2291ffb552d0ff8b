"""What the four operators share: the run's workspace, its date, and how errors reach Airflow."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from include.connections import DEFAULT_CONNECTION, s3_client
from include.errors import RefineryError
from include.storage import LocalWorkspace, StagedWorkspace
from include.urls import is_url, parse_prefix_url
from refinery_operators.pod import executor_arguments
from refinery_operators.run_date import with_run_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import jinja2
    from airflow.sdk import Context

    from include.storage import Workspace


class PipelineOperator(BaseOperator):
    """One step of a pipeline.

    Args:
        workspace: Where the steps of a run meet. A folder, below which every run keeps its files in a folder of its own, by
            default ``workspace`` in the Airflow home; or an S3 prefix, for workers that share no disk. Templated.
        workspace_conn_id: The Airflow connection for a workspace on S3. Templated.
        pod: What the task's pod is given on Kubernetes, as ``cpu`` and ``memory``; see ``make_pod``. Other executors leave
            it aside.
    """

    template_fields: Sequence[str] = ("workspace", "workspace_conn_id")

    def __init__(
        self,
        *,
        workspace: str | None = None,
        workspace_conn_id: str = DEFAULT_CONNECTION,
        pod: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**executor_arguments(pod), **kwargs)
        self.workspace = workspace
        self.workspace_conn_id = workspace_conn_id
        self.pod = pod
        self._is_running = False

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the templated fields; runs without a logical date take their dates from ``run_after``."""
        super().render_template_fields(with_run_date(context), jinja_env)

    def execute(self, context: Context) -> Any:
        """Run the step.

        Raises:
            AirflowFailException: When trying again cannot help, so that no retry is spent on it.
            RefineryError: When trying again may help; Airflow then retries.
        """
        self._is_running = True
        try:
            return self.run_step(context)
        except RefineryError as error:
            if error.retryable:
                raise
            raise AirflowFailException(str(error)) from error
        finally:
            self._is_running = False

    def on_kill(self) -> None:
        """End the step where Airflow is told to stop it: Airflow's own handler would let it go on until it is killed.

        Raises:
            SystemExit: What the step has on the disk is deleted on the way out; Airflow tries it again where retries are left.
        """
        if self._is_running:
            raise SystemExit("The step was told to stop.")

    @abstractmethod
    def run_step(self, context: Context) -> Any:
        """Do the step's work; what it returns goes to XCom."""

    def workspace_of(self, context: Context) -> Workspace:
        """Where the steps of this run meet."""
        run = (self.dag_id, context["run_id"])
        if self.workspace and is_url(self.workspace):
            root = parse_prefix_url(self.workspace)
            return StagedWorkspace.of_run(root, *run, client=s3_client(self.workspace_conn_id, root))
        return LocalWorkspace.of_run(Path(self.workspace) if self.workspace else _default_root(), *run)


def _default_root() -> Path:
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "workspace"
