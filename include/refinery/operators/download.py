"""The first step: download the dataset to the run's workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.connections import DEFAULT_CONNECTION, s3_client
from refinery.operators.base import PipelineOperator
from refinery.operators.links import DATASET, StepLink, source_page
from refinery.spec.urls import parse_source_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context
    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url


class DownloadDatasetOperator(PipelineOperator):
    """Download a dataset of one or more files, and record its identity (URL, ETag, version, size in bytes, SHA-256).

    The identity of each file is stored beside the dataset for the next step. XCom gets the identity of a single file; for
    several files, their count, total size and combined SHA-256.

    Args:
        source: The dataset's URL: ``s3://bucket/key``, an S3 ``https://`` URL in any form, or a plain ``https://``
            URL, with an optional ``*`` in the last part of an S3 key. Or several URLs. Templated.
        aws_conn_id: The Airflow connection for S3. Templated.
    """

    template_fields = (*PipelineOperator.template_fields, "source", "aws_conn_id")
    ui_color = "#dbeafe"
    operator_extra_links = (StepLink(DATASET),)

    def __init__(
        self, *, source: str | Sequence[str], aws_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.aws_conn_id = aws_conn_id

    def run_step(self, context: Context) -> dict[str, Any]:
        """Download the dataset and return a summary of its identity."""
        from refinery.storage import describe_dataset, download_datasets, write_identity

        urls = [
            parse_source_url(url) for url in ([self.source] if isinstance(self.source, str) else self.source)
        ]
        self.links[DATASET] = source_page(urls[0], None)

        def client_of(url: S3Url) -> S3Client:
            client = s3_client(self.aws_conn_id, url)
            self.links[DATASET] = source_page(urls[0], client)
            return client

        with self.workspace_of(context).open(writes="dataset") as folder:
            files = download_datasets(urls, folder.dataset_dir, s3=client_of)
            write_identity(files, folder.identity_file)
        identity = describe_dataset(files)
        if len(files) > 1:
            identity = {"count": len(files), "size": identity["size"], "sha256": identity["sha256"]}
        self.log.info(
            "Downloaded %s: %s bytes, SHA-256 %s",
            identity.get("url", f"{len(files)} files"),
            f"{identity['size']:,}",
            identity["sha256"],
        )
        return identity
