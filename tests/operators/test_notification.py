"""Who hears how a run went: every notifier of the allow-list, with its provider's own class."""

from __future__ import annotations

import json
from types import SimpleNamespace

import boto3
import pytest
from moto.server import ThreadedMotoServer

from refinery.operators import Notification
from refinery.operators.notification import PROVIDERS


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def topic(moto, monkeypatch):
    """An SNS topic with a queue that listens to it, and aws_default that leads to both."""
    extra = {"endpoint_url": moto, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "refinery", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    keys = {"aws_access_key_id": "refinery", "aws_secret_access_key": "secret"}
    sqs, sns = (
        boto3.client(name, endpoint_url=moto, region_name="us-east-1", **keys) for name in ("sqs", "sns")
    )
    url = sqs.create_queue(QueueName="ml")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    arn = sns.create_topic(Name="ml")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)

    def messages():
        received = sqs.receive_message(QueueUrl=url).get("Messages", [])
        return [json.loads(message["Body"])["Message"] for message in received]

    yield SimpleNamespace(arn=arn, messages=messages)
    sns.delete_topic(TopicArn=arn)
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def run_context():
    return {
        "dag": None,
        "dag_run": SimpleNamespace(dag_id="churn", run_id="manual__2026-01-31", state="failed"),
        "run_id": "manual__2026-01-31",
    }


def test_a_message_reaches_its_topic(topic, run_context):
    Notification(notifiers=[{"sns": {"topic": topic.arn, "message": "Look at {{ run_id }}."}}])(run_context)
    assert topic.messages() == ["Look at manual__2026-01-31."]


def test_the_default_message_names_pipeline_run_and_state(topic, run_context):
    Notification(notifiers=[{"sns": {"topic": topic.arn}}])(run_context)
    assert topic.messages() == ["churn: run manual__2026-01-31 is failed"]


def test_a_way_that_fails_is_logged_and_stops_no_other(topic, run_context, capfd):
    gone = topic.arn + "-gone"
    Notification(notifiers=[{"sns": {"topic": gone}}, {"sns": {"topic": topic.arn}}])(run_context)
    assert "The notification through sns failed" in "".join(capfd.readouterr())
    assert len(topic.messages()) == 1


@pytest.mark.parametrize(
    ("way", "settings"),
    [
        ("slack", {"channel": "#ml", "message": "Hi", "connection": "slack_default"}),
        (
            "smtp",
            {
                "to": ["a@example.com"],
                "sender": "b@example.com",
                "subject": "S",
                "message": "M",
                "connection": "c",
            },
        ),
        (
            "sns",
            {
                "topic": "arn:aws:sns:eu-west-3:123456789012:ml",
                "subject": "S",
                "message": "M",
                "region": "eu-west-3",
            },
        ),
    ],
)
@pytest.mark.parametrize("all_settings", [True, False], ids=["all settings", "only what is required"])
def test_every_setting_of_a_config_is_one_of_the_notifier(way, settings, all_settings):
    required = {"channel", "to", "topic"}
    given = settings if all_settings else {key: value for key, value in settings.items() if key in required}
    assert PROVIDERS[way].make(given).notify


def test_the_ways_are_those_of_the_config_language():
    from refinery.config.models.notify import Notifier

    assert set(PROVIDERS) == set(Notifier.model_fields)
    for way, provider in PROVIDERS.items():
        section = Notifier.model_fields[way].annotation.__args__[0]
        assert set(provider.arguments) == set(section.model_fields)
