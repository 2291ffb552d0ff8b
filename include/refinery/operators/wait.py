"""The optional step before the first: wait until the dataset is on S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

from refinery.connections import DEFAULT_CONNECTION, s3_client
from refinery.operators.base import with_run_date
from refinery.operators.pod import executor_arguments
from refinery.spec.urls import S3Url, parse_source_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import jinja2
    from airflow.sdk import Context


class WaitForDatasetSensor(S3KeySensor):
    """Wait in the triggerer, without occupying a worker, until every object of a dataset exists.

    Args:
        source: The dataset's S3 URLs, in any form; a ``*`` stands for any part of a key. Templated.
        aws_conn_id: The Airflow connection for S3. Templated.
        timeout: Seconds until the run fails.
        poke_interval: Seconds between two checks.
        pod: The resources of the task's pod on Kubernetes, as in the other steps.
    """

    template_fields: Sequence[str] = ("source", "aws_conn_id")

    def __init__(self, *, source: Sequence[str], pod: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(
            bucket_key=list(source),
            deferrable=True,
            wildcard_match=any("*" in url for url in source),
            **executor_arguments(pod),
            **kwargs,
        )
        self.source = source

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the templated fields with the run's date, as in the other steps."""
        super().render_template_fields(with_run_date(context), jinja_env)

    def execute(self, context: Context) -> Any:
        """Check once, then wait in the triggerer."""
        urls = [url for url in map(parse_source_url, self.source) if isinstance(url, S3Url)]
        self.bucket_key = [str(url) for url in urls]
        # Reports a wrong connection; the provider's own errors would repeat its endpoint with a password.
        s3_client(self.aws_conn_id or DEFAULT_CONNECTION, urls[0])
        return super().execute(context)
