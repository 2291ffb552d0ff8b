"""S3 clients from Airflow connections, through the Amazon provider's hook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import RefineryError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

DEFAULT_CONNECTION = "aws_default"


class ConnectionMissingError(RefineryError):
    """A config names an Airflow connection that does not exist.

    Attributes:
        connection: The connection's id.
    """

    def __init__(self, connection: str) -> None:
        self.connection = connection
        super().__init__(
            f'There is no Airflow connection "{connection}". Add it under Admin, Connections '
            "(or in airflow_settings.yaml), or correct the connection that the config names."
        )


def s3_client(connection: str, url: S3Url) -> S3Client:
    """Make a boto3 S3 client for the bucket of ``url``; unsigned where no credentials are to be found.

    Args:
        connection: An Airflow connection's id. ``aws_default`` may be absent: AWS's own chain (environment, profile,
            instance role) is asked then, as the provider does.
        url: Its region, where its host named one, goes before the connection's.

    Raises:
        ConnectionMissingError: Any other connection does not exist.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from include.storage import client_config

    _require(connection)
    hook = S3Hook(aws_conn_id=connection)
    session = hook.get_session(region_name=url.region)
    return session.client(
        "s3",
        endpoint_url=hook.conn_config.get_service_endpoint_url("s3"),
        config=client_config(session, hook.config),
        verify=hook.verify,
    )


def _require(connection: str) -> None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    if connection == DEFAULT_CONNECTION:
        return
    try:
        BaseHook.get_connection(connection)
    except AirflowNotFoundException as error:
        raise ConnectionMissingError(connection) from error
