"""How S3 clients for Refinery are set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config


def client_config(session: Session, own: Config | None = None) -> Config:
    """Return the settings of an S3 client: retries, timeouts, and unsigned requests where there are no credentials.

    Public buckets can therefore be read without credentials.

    Args:
        session: The session that makes the client.
        own: The connection's own settings, such as path-style addressing; they take precedence.
    """
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(
        connect_timeout=10,  # seconds
        read_timeout=60,  # seconds between two pieces of a body
        max_pool_connections=20,  # what a download uses at most, ranges and the next files' requests
        retries={"mode": "standard", "total_max_attempts": 4},
        # Some servers send the checksum of the whole object with a part of it, where it cannot match.
        response_checksum_validation="when_required",
        tcp_keepalive=True,
        user_agent_extra="refinery",
        signature_version=None if session.get_credentials() else UNSIGNED,
    )
    return config.merge(own) if own else config
