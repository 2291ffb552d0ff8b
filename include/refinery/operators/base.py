"""The base of the four operators: the run's workspace, its date, and how errors reach Airflow."""

from __future__ import annotations

import re
from abc import abstractmethod
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator

from refinery.airflow_home import airflow_home
from refinery.connections import DEFAULT_CONNECTION, s3_client
from refinery.errors import RefineryError
from refinery.operators.deadline import ended_after
from refinery.operators.pod import executor_arguments
from refinery.spec.run_params import ALONE, fill_series
from refinery.spec.urls import is_url, parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import jinja2
    from airflow.sdk import Context

    from refinery.storage import Workspace

# Everything that a config's templates may be. Other templates, of a hand-written DAG, are left to Jinja.
_MACRO = re.compile(r"\{\{[^{}'\"+-]*\}\}")
_NEEDS_JINJA = re.compile(r"\{[{%#]")
_CONVERSIONS = {"int": int, "float": float}


class PipelineOperator(BaseOperator):
    """One step of a pipeline.

    Args:
        workspace: Where the steps of a run exchange files: a folder, in which every run has a subfolder, by default
            ``workspace`` in the Airflow home; or an S3 prefix, if workers do not share a disk. Templated.
        workspace_conn_id: The Airflow connection for a workspace on S3. Templated.
        pod: The resources of the task's pod on Kubernetes, such as ``cpu`` and ``memory``; see ``make_pod``. Other executors
            ignore it.
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
        self.links: dict[str, str] = {}
        self._is_running = False

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the templated fields; runs without a logical date use ``run_after`` for their dates."""
        super().render_template_fields(with_run_date(context), jinja_env)

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value's templates without changing the text around them: Jinja would change its line ends.

        A param's template that stands alone keeps the type of its value.
        """
        if isinstance(content, str) and (alone := ALONE.fullmatch(content)):
            value = context["params"][alone["name"]]
            return _CONVERSIONS[alone["kind"]](value) if alone["kind"] else value
        render = partial(super().render_template, context=context, jinja_env=jinja_env, seen_oids=seen_oids)
        if not isinstance(content, str) or _NEEDS_JINJA.search(_MACRO.sub("", content)):
            return render(content)
        return _MACRO.sub(lambda macro: str(render(macro[0])), content)

    def execute(self, context: Context) -> Any:
        """Run the step.

        Raises:
            AirflowFailException: A retry cannot help, so Airflow does not retry.
            RefineryError: A retry may help, so Airflow retries.
        """
        self._is_running = True
        try:
            with ended_after(self.execution_timeout):
                return self.run_step(context)
        except RefineryError as error:
            if error.retryable:
                raise
            # One error in the log: the sentence, where it was raised, and only a foreign error as its cause.
            raise AirflowFailException(str(error)).with_traceback(error.__traceback__) from error.__cause__
        finally:
            self._is_running = False

    def on_kill(self) -> None:
        """End the step when Airflow stops it: Airflow's own handler would let it continue until it is killed.

        Raises:
            SystemExit: The step deletes its files on the way out; Airflow retries it if retries are left.
        """
        if self._is_running:
            raise SystemExit("Airflow stopped the step.")

    def series_of_run(self, series: str, context: Context) -> str:
        """Return the series of models that the run's params choose, with the templates of its dates.

        Args:
            series: The output with its unrendered templates.
            context: The task's context.
        """
        return fill_series(series, lambda template: self.render_template(template, context))

    @abstractmethod
    def run_step(self, context: Context) -> Any:
        """Do the step's work; the return value goes to XCom."""

    def workspace_of(self, context: Context) -> Workspace:
        """Return the workspace of this run."""
        *groups, _ = self.task_id.split(".")  # two pipelines may be groups of one DAG
        run = (".".join((self.dag_id, *groups)), context["run_id"])
        from refinery.storage import LocalWorkspace, StagedWorkspace  # not needed to parse a DAG file

        if self.workspace and is_url(self.workspace):
            root = parse_prefix_url(self.workspace)
            return StagedWorkspace.of_run(root, *run, client=s3_client(self.workspace_conn_id, root))
        return LocalWorkspace.of_run(
            Path(self.workspace) if self.workspace else airflow_home() / "workspace", *run
        )


def with_run_date(context: Context) -> Context:
    """Return the context with ``ds`` and related dates, from ``run_after`` if the run has no logical date.

    Asset-triggered runs, and runs triggered with a null logical date, have none, and Airflow leaves ``ds`` undefined.
    """
    if context.get("logical_date") is not None:
        return context
    moment = context["dag_run"].run_after
    ds = moment.strftime("%Y-%m-%d")
    ts_nodash = moment.strftime("%Y%m%dT%H%M%S")
    dates = {
        "logical_date": moment,
        "data_interval_start": moment,
        "data_interval_end": moment,
        "ds": ds,
        "ds_nodash": ds.replace("-", ""),
        "ts": moment.isoformat(),
        "ts_nodash": ts_nodash,
    }
    return cast("Context", {**context, **dates})
