"""Notify people of a run's outcome, through the notifiers of Airflow's providers."""

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
    """A provider's notifier, and the config keys of its arguments.

    Attributes:
        module: The notifier's module.
        name: The notifier's class.
        arguments: The notifier's argument for each key of the config.
        defaults: Texts for keys that the notifier requires and the config may omit.
    """

    module: str
    name: str
    arguments: Mapping[str, str]
    defaults: Mapping[str, str]

    def make(self, settings: Mapping[str, Any]) -> BaseNotifier:
        """Return the notifier for a config's settings."""
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
    "sns": Provider(
        f"{_AMAZON}.sns",
        "SnsNotifier",
        {**_AWS, "topic": "target_arn", "subject": "subject", "message": "message"},
        {"message": MESSAGE},
    ),
}


class Notification(BaseNotifier):
    """Notify through several providers; a provider's module is imported only when a notification is sent.

    Args:
        notifiers: One mapping per notifier, from its name (``slack``, ``smtp``, ``sns``) to its
            settings in a config.
    """

    def __init__(self, *, notifiers: Sequence[Mapping[str, Mapping[str, Any]]]) -> None:
        super().__init__()
        self.notifiers = notifiers

    def notify(self, context: Context) -> None:
        """Send each notification; one that fails is logged and does not stop the others."""
        for notifier in self.notifiers:
            for way, settings in notifier.items():
                try:
                    PROVIDERS[way].make(settings)(context)
                except Exception:
                    self.log.exception("The notification through %s failed", way)
