"""The keys of notifications, through an allow-list of notifiers."""

from typing import Any, Self

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from refinery.config.models.base import Items, OneOrMany, Section, Text, refuse

_MESSAGE = "The message, which may contain templates. Default: pipeline, run and state."
_SUBJECT = "The subject, which may contain templates. Default: pipeline, run and state."


class SlackNotifier(Section):
    """A message to a Slack channel."""

    channel: Text = Field(description="The channel.", examples=["#ml-alerts"])
    message: Text | None = Field(default=None, description=_MESSAGE)
    connection: Text = Field(default="slack_default", description="The Airflow connection for Slack's API.")


class SmtpNotifier(Section):
    """An e-mail through an SMTP server."""

    to: OneOrMany[Text] = Field(description="The addresses.", examples=[["ml-team@example.com"]])
    sender: Text | None = Field(
        default=None, description="The sender's address. Default: that of the connection."
    )
    subject: Text | None = Field(default=None, description=_SUBJECT)
    message: Text | None = Field(default=None, description=_MESSAGE)
    connection: Text = Field(
        default="smtp_default", description="The Airflow connection for the SMTP server."
    )


class SnsNotifier(Section):
    """A message to an Amazon SNS topic."""

    topic: Text = Field(description="The topic's ARN.", examples=["arn:aws:sns:eu-west-3:123456789012:ml"])
    subject: Text | None = Field(default=None, description=_SUBJECT)
    message: Text | None = Field(default=None, description=_MESSAGE)
    region: Text | None = Field(default=None, description="The AWS region. Default: that of the connection.")
    connection: Text = Field(default="aws_default", description="The Airflow connection for AWS.")


class Notifier(Section):
    """One notifier, the same for all three keys: exactly one of these."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    slack: SlackNotifier | None = Field(default=None, description="A message to a Slack channel.")
    smtp: SmtpNotifier | None = Field(default=None, description="An e-mail through an SMTP server.")
    sns: SnsNotifier | None = Field(default=None, description="A message to an Amazon SNS topic.")

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
    """Who is notified of what."""

    on_failure: Items[Notifier] = Field(
        default=(),
        description="Notified when a run fails.",
        examples=[[{"slack": {"channel": "#ml-alerts"}}]],
    )
    on_success: Items[Notifier] = Field(default=(), description="Notified when a run succeeds.")
    on_retry: Items[Notifier] = Field(default=(), description="Notified when a task is about to be retried.")
