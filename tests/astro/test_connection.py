"""The connections of airflow_settings.yaml.example and .env.example, read by Airflow's own S3 hook."""

from __future__ import annotations

import json

import pytest
import yaml
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Connection


@pytest.fixture
def settings_hook(project, monkeypatch):
    """The hook of a project whose airflow_settings.yaml is the example."""
    settings = yaml.safe_load((project / "airflow_settings.yaml.example").read_text())
    (fields,) = settings["airflow"]["connections"]
    connection = Connection(
        conn_id=fields["conn_id"],
        conn_type=fields["conn_type"],
        login=fields["conn_login"],
        password=fields["conn_password"],
        extra=fields["conn_extra"],
    )
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection.as_json())
    return S3Hook(aws_conn_id="aws_default")


@pytest.fixture
def env_hook(project, monkeypatch):
    """The hook of a project whose .env is the example."""
    lines = (project / ".env.example").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert variables["AIRFLOW__CORE__PLUGINS_FOLDER"].startswith("/")
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", variables["AIRFLOW_CONN_AWS_DEFAULT"])
    return S3Hook(aws_conn_id="aws_default")


@pytest.fixture(params=["settings_hook", "env_hook"])
def hook(request):
    return request.getfixturevalue(request.param)


def test_the_settings_hold_one_connection_of_the_amazon_provider(project):
    settings = yaml.safe_load((project / "airflow_settings.yaml.example").read_text())
    named = [(fields["conn_id"], fields["conn_type"]) for fields in settings["airflow"]["connections"]]
    assert named == [("aws_default", "aws")]


def test_the_extra_is_json_in_a_string_since_older_astro_clis_drop_nested_values(project):
    settings = yaml.safe_load((project / "airflow_settings.yaml.example").read_text())
    (fields,) = settings["airflow"]["connections"]
    assert json.loads(fields["conn_extra"])["config_kwargs"] == {"s3": {"addressing_style": "path"}}
    # The CLI puts it between single quotes on a command line.
    assert "'" not in fields["conn_extra"]


def test_inside_the_containers_requests_go_to_the_compose_service(settings_hook, compose):
    assert "versitygw" in compose["services"]
    assert url_of_an_object(settings_hook) == "http://versitygw:7070/models/petrol/manifest.json"


def test_outside_the_containers_requests_go_to_the_published_port(env_hook):
    assert url_of_an_object(env_hook) == "http://localhost:7070/models/petrol/manifest.json"


def test_the_keys_and_the_region_are_the_servers(hook, compose):
    credentials = hook.get_session().get_credentials()
    server = compose["services"]["versitygw"]["environment"]
    assert credentials.access_key == server["ROOT_ACCESS_KEY"]
    assert credentials.secret_key == server["ROOT_SECRET_KEY"]
    assert hook.get_conn().meta.region_name == "us-east-1"  # versitygw's own default


def url_of_an_object(hook):
    location = {"Bucket": "models", "Key": "petrol/manifest.json"}
    return hook.get_conn().generate_presigned_url("get_object", Params=location).partition("?")[0]
