"""Who is told how a run went, through notifiers of an allow-list."""

from typing import Any, Self

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from include.config.keys.base import Items, OneOrMany, Section, Text, refuse

_MESSAGE = "The message; by default one that names pipeline, run and task. Templates may stand in it."
_SUBJECT = "The subject; by default one that names pipeline and state. Templates may stand in it."


class SlackNotifier(Section):
    """A message to a Slack channel."""

    channel: Text = Field(description="The channel.", examples=["#ml-alerts"])
    message: Text | None = Field(default=None, description=_MESSAGE)
    connection: Text = Field(default="slack_default", description="The Airflow connection of Slack's API.")


class SmtpNotifier(Section):
    """An e-mail through an SMTP server."""

    to: OneOrMany[Text] = Field(description="The addresses.", examples=[["ml-team@example.com"]])
    sender: Text | None = Field(
        default=None, description="The sender's address; by default the connection's."
    )
    subject: Text | None = Field(default=None, description=_SUBJECT)
    message: Text | None = Field(default=None, description=_MESSAGE)
    connection: Text = Field(default="smtp_default", description="The Airflow connection of the SMTP server.")


class SesNotifier(Section):
    """An e-mail through Amazon SES."""

    to: OneOrMany[Text] = Field(description="The addresses.", examples=[["ml-team@example.com"]])
    sender: Text = Field(
        description="The sender's address, verified in SES.", examples=["airflow@example.com"]
    )
    subject: Text | None = Field(default=None, description=_SUBJECT)
    message: Text | None = Field(default=None, description=_MESSAGE)
    region: Text | None = Field(default=None, description="The AWS region; by default the connection's.")
    connection: Text = Field(default="aws_default", description="The Airflow connection of AWS.")


class SnsNotifier(Section):
    """A message to an Amazon SNS topic."""

    topic: Text = Field(description="The topic's ARN.", examples=["arn:aws:sns:eu-west-3:123456789012:ml"])
    subject: Text | None = Field(default=None, description=_SUBJECT)
    message: Text | None = Field(default=None, description=_MESSAGE)
    region: Text | None = Field(default=None, description="The AWS region; by default the connection's.")
    connection: Text = Field(default="aws_default", description="The Airflow connection of AWS.")


class SqsNotifier(Section):
    """A message to an Amazon SQS queue."""

    queue: Text = Field(
        description="The queue's URL.", examples=["https://sqs.eu-west-3.amazonaws.com/123456789012/ml"]
    )
    message: Text | None = Field(default=None, description=_MESSAGE)
    region: Text | None = Field(default=None, description="The AWS region; by default the connection's.")
    connection: Text = Field(default="aws_default", description="The Airflow connection of AWS.")


class ChimeNotifier(Section):
    """A message to an Amazon Chime room."""

    message: Text | None = Field(default=None, description=_MESSAGE)
    connection: Text = Field(
        default="chime_default", description="The Airflow connection with the room's webhook."
    )


class Notifier(Section):
    """One way to tell people, the same for all three keys: exactly one of these."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    slack: SlackNotifier | None = Field(default=None, description="A message to a Slack channel.")
    smtp: SmtpNotifier | None = Field(default=None, description="An e-mail through an SMTP server.")
    ses: SesNotifier | None = Field(default=None, description="An e-mail through Amazon SES.")
    sns: SnsNotifier | None = Field(default=None, description="A message to an Amazon SNS topic.")
    sqs: SqsNotifier | None = Field(default=None, description="A message to an Amazon SQS queue.")
    chime: ChimeNotifier | None = Field(default=None, description="A message to an Amazon Chime room.")

    @model_serializer(mode="wrap")
    def _write_one(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: notifier for name, notifier in write(self).items() if notifier is not None}

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        given = [name for name in Notifier.model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            refuse(f"expected one of {', '.join(Notifier.model_fields)}; found {found}")
        return self


class NotifyConfig(Section):
    """Who is told what."""

    on_failure: Items[Notifier] = Field(
        default=(),
        description="Told when a run failed.",
        examples=[[{"slack": {"channel": "#ml-alerts"}}]],
    )
    on_success: Items[Notifier] = Field(default=(), description="Told when a run succeeded.")
    on_retry: Items[Notifier] = Field(default=(), description="Told when a task is about to be tried again.")
