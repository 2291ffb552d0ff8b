"""The first step: bring the dataset into the run's workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.connections import DEFAULT_CONNECTION, s3_client
from include.storage import download_dataset, write_identity
from include.urls import parse_source_url
from refinery_operators.base import PipelineOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DownloadDatasetOperator(PipelineOperator):
    """Download a dataset and note its identity (URL, ETag, version, size in bytes, SHA-256).

    The identity goes beside the dataset for the next step, and to XCom.

    Args:
        source: The dataset's URL: ``s3://bucket/key``, an S3 ``https://`` URL in any form, or a plain ``https://``
            URL. Templated.
        aws_conn_id: The Airflow connection for S3. Templated.
    """

    template_fields = (*PipelineOperator.template_fields, "source", "aws_conn_id")
    ui_color = "#dbeafe"

    def __init__(self, *, source: str | Sequence[str], aws_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.aws_conn_id = aws_conn_id

    def run_step(self, context: Context) -> dict[str, Any]:
        """Download the dataset and return its identity."""
        workspace = self.workspace_of(context)
        workspace.create()
        identity = download_dataset(
            parse_source_url(self.source),
            workspace.dataset_dir,
            s3=lambda url: s3_client(self.aws_conn_id, url),
        )
        write_identity(identity, workspace.identity_file)
        self.log.info(
            "Downloaded %s: %s bytes, SHA-256 %s", identity.url, f"{identity.size:,}", identity.sha256
        )
        return identity.to_dict()
