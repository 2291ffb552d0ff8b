"""Tells people how a run went, through the notifiers of Airflow's providers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

MESSAGE = "{{ dag_run.dag_id }}: run {{ run_id }} is {{ dag_run.state }}"
SUBJECT = MESSAGE


@dataclass(frozen=True)
class Provider:
    """A provider's notifier, and what its arguments are called in a config.

    Attributes:
        module: The notifier's module.
        name: The notifier's class.
        arguments: The notifier's argument for each key of the config.
        defaults: Texts for keys that the notifier needs and the config may leave out.
    """

    module: str
    name: str
    arguments: Mapping[str, str]
    defaults: Mapping[str, str]

    def make(self, settings: Mapping[str, Any]) -> BaseNotifier:
        """Make the notifier for a config's settings."""
        given = {**self.defaults, **settings}
        notifier: BaseNotifier = getattr(import_module(self.module), self.name)(
            **{self.arguments[key]: value for key, value in given.items()}
        )
        return notifier


_AMAZON = "airflow.providers.amazon.aws.notifications"
_AWS = {"connection": "aws_conn_id", "region": "region_name"}
_MAIL = {"to": "to", "subject": "subject", "message": "html_content"}

PROVIDERS = {
    "slack": Provider(
        "airflow.providers.slack.notifications.slack",
        "SlackNotifier",
        {"channel": "channel", "message": "text", "connection": "slack_conn_id"},
        {"message": MESSAGE},
    ),
    "smtp": Provider(
        "airflow.providers.smtp.notifications.smtp",
        "SmtpNotifier",
        {**_MAIL, "sender": "from_email", "connection": "smtp_conn_id"},
        {"subject": SUBJECT, "message": MESSAGE},
    ),
    "ses": Provider(
        f"{_AMAZON}.ses",
        "SesNotifier",
        {**_MAIL, **_AWS, "sender": "mail_from"},
        {"subject": SUBJECT, "message": MESSAGE},
    ),
    "sns": Provider(
        f"{_AMAZON}.sns",
        "SnsNotifier",
        {**_AWS, "topic": "target_arn", "subject": "subject", "message": "message"},
        {"message": MESSAGE},
    ),
    "sqs": Provider(
        f"{_AMAZON}.sqs",
        "SqsNotifier",
        {**_AWS, "queue": "queue_url", "message": "message_body"},
        {"message": MESSAGE},
    ),
    "chime": Provider(
        f"{_AMAZON}.chime",
        "ChimeNotifier",
        {"message": "message", "connection": "chime_conn_id"},
        {"message": MESSAGE, "connection": "chime_default"},
    ),
}


class Notification(BaseNotifier):
    """Notify by several ways at once; a provider's module is imported only when there is something to tell.

    Args:
        notifiers: One mapping a way, from its name (``slack``, ``smtp``, ``ses``, ``sns``, ``sqs``, ``chime``) to its
            settings as a config gives them.
    """

    def __init__(self, *, notifiers: Sequence[Mapping[str, Mapping[str, Any]]]) -> None:
        super().__init__()
        self.notifiers = notifiers

    def notify(self, context: Context) -> None:
        """Notify by each way; one that fails is logged and stops no other."""
        for notifier in self.notifiers:
            for way, settings in notifier.items():
                try:
                    PROVIDERS[way].make(settings)(context)
                except Exception:
                    self.log.exception("Could not notify by %s", way)
