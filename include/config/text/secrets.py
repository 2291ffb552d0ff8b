"""Find secrets in a config's text, comments included: the text is stored beside every model."""

from __future__ import annotations

import re

MESSAGE = (
    "this looks like a secret, and configs are read by many; remove it, replace it where it was issued, "
    "and keep the new one in an Airflow connection"
)

# Each names the secret alone as the group "secret", so that the rest of the line can still be shown.
_PATTERNS = (
    # AWS access key ids.
    r"(?<![A-Za-z0-9])(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})(?![A-Za-z0-9])",
    # A password in a URL; a port and an "@" in a path are none.
    r"://(?P<secret>[^\s/@\"'{$:]*:[^\s/@\"']+)@",
    # Presigned URLs and other signatures.
    r"(?i:[?&](?:x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid|signature|sig|token|api_?key)=)(?P<secret>[^\s&\"']+)",
    # Values of keys that hold secrets by their name.
    r"(?i:(?:password|passwd|secret|token|(?:api|access|private|secret)_?-?key))[\"']?[ \t]*[:=][ \t]*[\"']?(?P<secret>[^\s\"'${}\[\],#][^\s\"'{}\[\],#]{5,})",
    # Tokens that their issuers mark.
    r"(?P<secret>(?:ghp_|gho_|ghs_|github_pat_|glpat-|hf_|xox[abprs]-|sk-|AIza)[A-Za-z0-9_-]{16,}|hooks\.slack\.com/services/[A-Za-z0-9/]+|-----BEGIN [A-Z ]*PRIVATE KEY-----)",
)
_SECRETS = tuple(re.compile(pattern) for pattern in _PATTERNS)
# Random text of an AWS secret key's length that is no part of a URL or a path.
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=._:-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=._:-])")
# A cheap look that nearly every config passes, so that the patterns above seldom run.
_HINTS = (
    *("akia", "asia", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "hf_", "xox", "sk-", "aiza"),
    *("hooks.slack", "begin", "passw", "secret", "token", "key", "sig", "@", "://:"),
)
_RANDOM_RUN = re.compile(r"[A-Za-z0-9/+]{40}")


def find_secrets(text: str) -> list[tuple[int, int]]:
    """Return the begin and end of each secret in the text, in order."""
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS) and not _RANDOM_RUN.search(text):
        return []
    spans = [match.span("secret") for pattern in _SECRETS for match in pattern.finditer(text)]
    spans += [match.span() for match in _AWS_SECRET.finditer(text) if _is_random(match[0])]
    return _without_overlaps(sorted(spans))


def blank_secrets(text: str, secrets: list[str]) -> str:
    """Write a star for each character of a secret, so that columns stay true."""
    for secret in secrets:
        text = text.replace(secret, "*" * len(secret))
    return text


def _is_random(text: str) -> bool:
    return bool(re.search(r"[A-Z]", text) and re.search(r"[a-z]", text) and re.search(r"\d", text))


def _without_overlaps(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for span in spans:
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept
