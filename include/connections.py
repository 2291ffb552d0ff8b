"""S3 clients from Airflow connections, through the Amazon provider's hook."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from include.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

DEFAULT_CONNECTION = "aws_default"

_FIRST_SERVER_FAULT = 500


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


class ConnectionUnusableError(RefineryError):
    """An Airflow connection makes no client for S3.

    Attributes:
        connection: The connection's id.
    """

    def __init__(self, connection: str, problem: str) -> None:
        self.connection = connection
        super().__init__(f'The Airflow connection "{connection}" gives no access to S3: {problem}')


class ConnectionUnavailableError(ConnectionUnusableError):
    """What a connection takes its credentials from does not answer now."""

    retryable = True


def s3_client(connection: str, url: S3Url) -> S3Client:
    """Make a boto3 S3 client for the bucket of ``url``; unsigned where no credentials are to be found.

    Args:
        connection: An Airflow connection's id. ``aws_default`` may be absent: AWS's own chain (environment, profile,
            instance role) is asked then, as the provider does.
        url: Its region, where its host named one, goes before the connection's.

    Raises:
        ConnectionMissingError: Any other connection does not exist.
        ConnectionUnusableError: Its endpoint, profile, role or settings are wrong; ConnectionUnavailableError where its role
            cannot be had now.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from include.storage import client_config

    _require(connection)
    hook = S3Hook(aws_conn_id=connection)
    with _connection_errors(connection):
        endpoint = hook.conn_config.get_service_endpoint_url("s3")
        _refuse_credentials(connection, endpoint)
        session = hook.get_session(region_name=url.region)
        return session.client(
            "s3",
            endpoint_url=endpoint,
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


def _refuse_credentials(connection: str, endpoint: str | None) -> None:
    """Refuse an endpoint that holds a password: clients send none of it, and repeat it in the errors that they raise."""
    if "@" in urlsplit(endpoint or "").netloc:
        problem = (
            "the endpoint_url in its extra holds a user name or password. Write the address alone; the access key and its "
            "secret are the connection's login and password."
        )
        raise ConnectionUnusableError(connection, problem)


@contextmanager
def _connection_errors(connection: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        kind = ConnectionUnavailableError if _may_pass(error) else ConnectionUnusableError
        detail = " ".join(str(error).split())
        raise kind(connection, f"{detail}. Check its login, password and extra.") from error
    except (ValueError, TypeError, NotImplementedError) as error:
        raise ConnectionUnusableError(connection, f"{error}. Check its extra.") from error


def _may_pass(error: BotoCoreError | ClientError) -> bool:
    """Tell whether the server that gives a role's credentials could not be asked, rather than refused."""
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _FIRST_SERVER_FAULT
    return isinstance(error, (boto.ConnectionError, boto.HTTPClientError))
