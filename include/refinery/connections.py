"""S3 clients from Airflow connections, through the Amazon provider's hook."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from refinery.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.loaders import Loader
    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

DEFAULT_CONNECTION = "aws_default"

_FIRST_SERVER_FAULT = 500


class ConnectionUnavailableError(RefineryError):
    """The server that a connection gets its credentials from does not answer at the moment."""

    retryable = True


def s3_client(connection: str, url: S3Url, config: Config | None = None) -> S3Client:
    """Make a boto3 S3 client for the bucket of ``url``; unsigned if there are no credentials.

    Args:
        connection: An Airflow connection's id. ``aws_default`` may be absent: AWS's own chain (environment, profile,
            instance role) then applies, as in the provider.
        url: Its region, if its host names one, overrides the connection's.
        config: Settings that override the connection's, such as shorter timeouts.

    Raises:
        RefineryError: Any other connection does not exist, or its endpoint, profile, role or settings are wrong.
        ConnectionUnavailableError: The credentials of its role cannot be fetched at the moment.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from refinery.storage import client_config

    _require(connection)
    hook = S3Hook(aws_conn_id=connection)
    with _connection_errors(connection):
        endpoint = hook.conn_config.get_service_endpoint_url("s3")
        _refuse_credentials(connection, endpoint)
        session = hook.get_session(region_name=url.region)
        _share_service_data(session)
        settings = client_config(session, hook.config)
        return session.client(
            "s3",
            endpoint_url=endpoint,
            config=settings.merge(config) if config else settings,
            verify=hook.verify,
        )


def preload_client() -> None:
    """Read what any S3 client needs to know of AWS, for the clients of this process and of those forked from it."""
    import boto3

    session = boto3.Session("none", "none", region_name="us-east-1")
    _share_service_data(session)
    session.client("s3")


def _share_service_data(session: Session) -> None:
    """Let a session use AWS's descriptions of its services as they were read for another: parsing them takes long."""
    of_session = session._session  # noqa: SLF001 - boto3 has no other way to botocore's session, which takes the loader
    of_session.register_component("data_loader", _service_data(of_session.get_config_variable("data_path")))


@functools.cache
def _service_data(data_path: str | None) -> Loader:
    from refinery.service_data import service_data

    return service_data(data_path)


def _require(connection: str) -> None:
    from airflow.providers.common.compat.sdk import AirflowNotFoundException
    from airflow.sdk import BaseHook

    if connection == DEFAULT_CONNECTION:
        return
    try:
        BaseHook.get_connection(connection)
    except AirflowNotFoundException as error:
        raise RefineryError(
            f'There is no Airflow connection "{connection}". Add it under Admin, Connections '
            "(or in airflow_settings.yaml), or correct the connection that the config names."
        ) from error


def _refuse_credentials(connection: str, endpoint: str | None) -> None:
    """Refuse an endpoint with a password: clients do not send it, but repeat it in the errors that they raise."""
    if "@" in urlsplit(endpoint or "").netloc:
        raise RefineryError(
            _no_access(
                connection,
                "the endpoint_url in its extra contains a user name or password. Keep only the address there; the access key "
                "and its secret are the connection's login and password.",
            )
        )


@contextmanager
def _connection_errors(connection: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        kind = ConnectionUnavailableError if _may_pass(error) else RefineryError
        detail = " ".join(str(error).split())
        raise kind(_no_access(connection, f"{detail}. Check its login, password and extra.")) from error
    except (ValueError, TypeError, NotImplementedError) as error:
        raise RefineryError(_no_access(connection, f"{error}. Check its extra.")) from error


def _no_access(connection: str, problem: str) -> str:
    return f'The Airflow connection "{connection}" gives no access to S3: {problem}'


def _may_pass(error: BotoCoreError | ClientError) -> bool:
    """Return whether the server that issues a role's credentials was out of reach, rather than refusing."""
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _FIRST_SERVER_FAULT
    return isinstance(error, (boto.ConnectionError, boto.HTTPClientError))
