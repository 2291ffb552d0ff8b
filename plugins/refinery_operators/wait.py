"""The step before the first, where a config asks for it: wait until the dataset is on S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

from include.connections import DEFAULT_CONNECTION, s3_client
from include.urls import S3Url, parse_source_url
from refinery_operators.pod import executor_arguments
from refinery_operators.run_date import with_run_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import jinja2
    from airflow.sdk import Context


class WaitForDatasetSensor(S3KeySensor):
    """Wait in the triggerer, without taking a worker, until every object of a dataset exists.

    Args:
        source: The dataset's S3 URLs, in any form; a ``*`` stands for any part of a key. Templated.
        aws_conn_id: The Airflow connection for S3. Templated.
        timeout: Seconds until the run fails.
        poke_interval: Seconds from one look to the next.
        pod: What the task's pod is given on Kubernetes, as of the other steps.
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
        """Render the templated fields, with the run's date as in the other steps."""
        super().render_template_fields(with_run_date(context), jinja_env)

    def execute(self, context: Context) -> Any:
        """Look once, then wait in the triggerer."""
        urls = [url for url in map(parse_source_url, self.source) if isinstance(url, S3Url)]
        self.bucket_key = [str(url) for url in urls]
        # Says what is wrong with the connection, where the provider's own errors would repeat its endpoint with a password.
        s3_client(self.aws_conn_id or DEFAULT_CONNECTION, urls[0])
        return super().execute(context)
