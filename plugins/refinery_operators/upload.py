"""The third step: put the model under the output prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.connections import DEFAULT_CONNECTION, s3_client
from include.registry import ModelSeries, promote_if_newer
from include.urls import parse_prefix_url
from refinery_operators.base import PipelineOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.storage import Workspace
    from include.urls import S3Url


class UploadModelOperator(PipelineOperator):
    """Upload what training left, ``manifest.json`` last: a prefix without a manifest is not a model.

    Args:
        prefix: The S3 prefix, usually with ``{{ ds }}`` in it. A rerun of the same date replaces what is there.
            Templated.
        series: The same with its templates as written: beside it, ``latest.json`` is pointed to this model unless a newer
            run's has been the latest. Without it nothing is promoted.
        aws_conn_id: The Airflow connection for S3. Templated.
    """

    template_fields = (*PipelineOperator.template_fields, "prefix", "aws_conn_id")
    ui_color = "#dcfce7"

    def __init__(
        self, *, prefix: str, series: str | None = None, aws_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.prefix = prefix
        self.series = series
        self.aws_conn_id = aws_conn_id

    def run_step(self, context: Context) -> dict[str, Any]:
        """Upload the model's files and return the prefix and the files' URLs."""
        prefix = parse_prefix_url(self.prefix)
        client = s3_client(self.aws_conn_id, prefix)
        workspace = self.workspace_of(context)
        files = workspace.upload_model(prefix, client=client)
        self.log.info("Uploaded the model:\n%s", "\n".join(files))
        if self.series:
            run = f"{context['dag_run'].dag_id} {context['run_id']}"
            promotion = promote_if_newer(ModelSeries.of_output(self.series), prefix, by=run, client=client)
            self.log.info("%s", promotion)
        self._tell_asset(context, prefix, workspace)
        return {"prefix": str(prefix), "files": files}

    def _tell_asset(self, context: Context, prefix: S3Url, workspace: Workspace) -> None:
        """Say with the model's asset event which model it is, for the DAGs that are scheduled on it."""
        for asset in self.outlets:
            metrics = workspace.read_manifest()["metrics"]
            context["outlet_events"][asset].extra = {"prefix": str(prefix), "metrics": metrics}
