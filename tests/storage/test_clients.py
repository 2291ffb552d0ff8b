from __future__ import annotations

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from refinery.storage import client_config


def test_requests_are_signed_with_the_sessions_credentials():
    session = boto3.session.Session("key", "secret")
    assert client_config(session).signature_version is None


def test_requests_are_unsigned_without_credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert client_config(boto3.session.Session()).signature_version is UNSIGNED


def test_the_connections_own_settings_prevail():
    session = boto3.session.Session("key", "secret")
    own = Config(s3={"addressing_style": "path"}, read_timeout=5)
    config = client_config(session, own)
    assert config.s3 == {"addressing_style": "path"}
    assert (config.read_timeout, config.connect_timeout) == (5, 10)
    assert config.retries["mode"] == "standard"
