"""Find tokens with the detectors of detect-secrets: a second scan that is too slow for every parse of a DAG file."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config.yaml.secrets import Span

# Those that recognize a token by its form. Detectors by entropy or name would refuse hashes, ids and column names.
_DETECTORS = (
    "aws.AWSKeyDetector",
    "azure_storage_key.AzureStorageKeyDetector",
    "cloudant.CloudantDetector",
    "discord.DiscordBotTokenDetector",
    "github_token.GitHubTokenDetector",
    "gitlab_token.GitLabTokenDetector",
    "ibm_cloud_iam.IbmCloudIamDetector",
    "ibm_cos_hmac.IbmCosHmacDetector",
    "jwt.JwtTokenDetector",
    "mailchimp.MailchimpDetector",
    "npm.NpmDetector",
    "openai.OpenAIDetector",
    "private_key.PrivateKeyDetector",
    "pypi_token.PypiTokenDetector",
    "sendgrid.SendGridDetector",
    "slack.SlackDetector",
    "softlayer.SoftlayerDetector",
    "square_oauth.SquareOAuthDetector",
    "stripe.StripeDetector",
    "telegram_token.TelegramBotTokenDetector",
    "twilio.TwilioKeyDetector",
)


def detect_tokens(text: str) -> list[Span]:
    """Return the start and end of each token that a detector recognizes."""
    return [span for detector in _detectors() for span in _find(detector, text)]


def _find(detector: Any, text: str) -> Iterator[Span]:
    """Yield the span of each whole match: what a detector returns may be a part of it, such as "ghp"."""
    if found := set(filter(None, detector.analyze_string(text))):
        for pattern in detector.denylist:
            for match in pattern.finditer(text):
                if found & {match[0], *match.groups()}:
                    yield match.span()


@cache
def _detectors() -> tuple[Any, ...]:
    return tuple(_make(*name.split(".")) for name in _DETECTORS)


def _make(module: str, detector: str) -> Any:
    return getattr(import_module(f"detect_secrets.plugins.{module}"), detector)()
