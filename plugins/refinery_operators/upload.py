"""The third step: put the model under the output prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.storage import upload_model
from include.urls import parse_prefix_url
from refinery_operators.base import PipelineOperator
from include.connections import DEFAULT_CONNECTION, s3_client

if TYPE_CHECKING:
    from airflow.sdk import Context


class UploadModelOperator(PipelineOperator):
    """Upload what training left, ``manifest.json`` last: a prefix without a manifest is not a model.

    Args:
        output: The S3 prefix, usually with ``{{ ds }}`` in it. A rerun of the same date replaces what is there.
            Templated.
        aws_conn_id: The Airflow connection for S3. Templated.
    """

    template_fields = (*PipelineOperator.template_fields, "output", "aws_conn_id")
    ui_color = "#dcfce7"

    def __init__(self, *, output: str, aws_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output = output
        self.aws_conn_id = aws_conn_id

    def run_step(self, context: Context) -> dict[str, Any]:
        """Upload the model's files and return the prefix and the files' URLs."""
        prefix = parse_prefix_url(self.output)
        files = upload_model(
            self.workspace_of(context).model_dir, prefix, client=s3_client(self.aws_conn_id, prefix)
        )
        self.log.info("Uploaded the model:\n%s", "\n".join(files))
        return {"prefix": str(prefix), "files": files}
