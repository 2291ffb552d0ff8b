"""Find secrets in a config's text, including comments: the text is stored with every model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refinery.config.yaml.secret_names import is_filled_in, is_secret, looks_random

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Span = tuple[int, int]

MESSAGE = (
    "this looks like a secret, but many people read configs; remove it, revoke it, and store a new one "
    "in an Airflow connection"
)

# Tokens that their issuers mark; "sk-" and the like are also parts of words, and need a digit.
_TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"  # AWS
    r"|(?<![A-Za-z0-9_-])(?:"
    r"gh[opsur]_[A-Za-z0-9_]{16,}|github_pat_[A-Za-z0-9_]{16,}"
    r"|gl(?:pat|dt|ft|soat|rt|ptt|oas|agent|imt|cbt)-[A-Za-z0-9_-]{16,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"  # Slack
    r"|AIza[A-Za-z0-9_-]{16,}|ya29\.[A-Za-z0-9_-]{16,}|GOCSPX-[A-Za-z0-9_-]{16,}"  # Google
    r"|sk-(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{16,}|gsk_[A-Za-z0-9]{20,}|pplx-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}"
    r"|hf_(?=[A-Za-z0-9]*[A-Z0-9])[A-Za-z0-9]{16,}"
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{16,}|sq0[a-z]{3}-[A-Za-z0-9_-]{20,}"  # payments
    r"|npm_[A-Za-z0-9]{20,}|pypi-[A-Za-z0-9_-]{20,}|rubygems_[a-f0-9]{20,}|dckr_pat_[A-Za-z0-9_-]{16,}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|key-[a-f0-9]{32}|[a-f0-9]{32}-us\d{1,2}|(?:AC|SK)[a-f0-9]{32}"  # mail, phone
    r"|dapi[a-f0-9]{32}|do[opr]_v1_[a-f0-9]{32,}|dop_v1_[a-f0-9]{32,}|hv[bs]\.[A-Za-z0-9_-]{20,}|glsa_[A-Za-z0-9_]{20,}"
    r"|NRAK-[A-Z0-9]{20,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|sntrys_[A-Za-z0-9_=+/-]{20,}|lin_api_[A-Za-z0-9]{20,}"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
    r"|\d{8,10}:AA[A-Za-z0-9_-]{33}"  # Telegram
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"  # JSON web tokens
    r")"
    r"|IQoJb3JpZ2lu[A-Za-z0-9+/=]{16,}|F[wQ]oGZXIvYXdz[A-Za-z0-9+/=]{16,}"  # AWS session tokens
    r"|hooks\.zapier\.com/hooks/catch/\d+/[A-Za-z0-9]+|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/]+|discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_-]+"
    r"|[a-z0-9.-]*webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]+"
    r"|-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d"
    r"|(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"  # an Azure storage key
)
# The address of a secret, which is the right thing to write.
_ARN_BEFORE = re.compile(r"\barn:aws[a-z-]*:[^\s\"']*$")
_WORD_AND_NUMBER = re.compile(r"[A-Za-z]+[_-]?\d+")
# What each of these contains, so that the pattern above seldom runs.
_TOKEN_HINTS = (
    *("A3T", "ABIA", "ACCA", "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_"),
    *("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "glptt-", "gloas-", "glagent-", "glimt-", "glcbt-"),
    *(
        "xox",
        "xapp-",
        "AIza",
        "ya29.",
        "GOCSPX-",
        "sk-",
        "gsk_",
        "pplx-",
        "r8_",
        "hf_",
        "sk_",
        "rk_",
        "whsec_",
        "sq0",
    ),
    *(
        "npm_",
        "pypi-",
        "rubygems_",
        "dckr_",
        "SG.",
        "key-",
        "-us",
        "AC",
        "SK",
        "dapi",
        "_v1_",
        "hvb.",
        "hvs.",
        "glsa_",
    ),
    *(
        "IQoJ",
        "oGZX",
        "hooks.zapier",
        "NRAK-",
        "shp",
        "sntrys_",
        "lin_api_",
        "AGE-SECRET",
        ":AA",
        "eyJ",
        "hooks.slack",
        "discord",
        "webhook",
    ),
    *("PRIVATE KEY", "PuTTY", "=="),
)
# A password in a URL; a port, or an "@" in a path, is not one. Outside of the web it may contain a slash.
_LOGIN_HINT = re.compile(r"(?:://|:thin:)[^\s\"']*@")
_IN_URL = re.compile(
    r"(?:://|:thin:)(?P<secret>[^\s/@\"']*(?::|%3a|(?<=:thin:)[^\s/@\"']+/)(?P<value>[^\s/@\"']+))@"
    r"|(?<![a-z])(?!https?:|s3:)[a-z][a-z0-9+.-]*://(?P<also>[^\s/@:\"']*:(?P<long>(?!\d+[/?,])[^\s\"']+))@",
    re.IGNORECASE,
)
# Presigned URLs, other signatures, and other query parameters that grant access.
_IN_QUERY = re.compile(
    r"[?&;#](?P<name>x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid|signature|sig"
    r"|[a-z_-]*(?:token|password|passwd|pwd|secret)|[a-z_-]*api[_-]?key|subscription-key"
    r"|(?P<doubtful>key|auth|pass|code))=(?P<secret>[^\s&\"'#]{4,})",
    re.IGNORECASE,
)
# The value of a name that means a secret: "password: x", "DB_PASS=x", '{"api_key": "x"}', "--token x".
_NAMED = re.compile(
    r"(?P<flag>--)?(?<![A-Za-z0-9?&])(?P<name>[A-Za-z][A-Za-z0-9_.-]*)\\?[\"']?(?:[ \t]*[:=][ \t]*|(?(flag)[ \t]+(?!-)|(?!)))"
    r"(?=\\?(?P<quote>[\"'])(?P<quoted>(?:(?!\\?(?P=quote)).){6,200})|(?P<plain>[^\s\"'\[\]{},#&*!|>%@`][^\s\"'{}\[\],]{5,}))"  # lookahead: it may be JSON
)
_NAME_HINTS = (
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "key",
    "cred",
    "auth",
    "jwt",
    "pat",
    "sas",
    "cookie",
    "bearer",
    "sig",
    "-u",
)
# "the password is hunter22", "Bearer abc.def", "curl -u bob:hunter22".
_IN_PROSE = re.compile(
    r"\b(?:password|passwd|passphrase|pwd)s?(?:[ \t]+(?:is|was|=))?[ \t]+[\"'`]?(?P<secret>(?=[^\s\"'`]*[A-Za-z])(?=[^\s\"'`]*\d)[^\s\"'`,;)]{6,})"
    r"|(?:\bbearer|\bauthorization\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?(?:basic|token|apikey))[ \t]+(?P<bearer>(?=[A-Za-z0-9+/=._~-]*\d)[A-Za-z0-9+/=._~-]{16,})"
    r"|(?<!\S)-{1,2}u(?:ser)?[= \t]+[\"']?(?P<login>[^\s:\"'/]+:[^\s:\"'/]{6,})",
    re.IGNORECASE,
)
# Random text of an AWS secret key's length that is not part of a URL or a path.
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=._:-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=._:-])")


def find_secrets(text: str) -> list[Span]:
    """Return the start and end of each secret in the text, in order."""
    return merge_spans(_find_all(text))


def blank_secrets(text: str, secrets: list[str]) -> str:
    """Replace each character of a secret by a star, which keeps columns right."""
    for secret in secrets:
        text = text.replace(secret, "*" * len(secret))
    return text


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Sort spans, and merge those that overlap: whatever one of them covers is part of the secret."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged


def _find_all(text: str) -> Iterator[Span]:
    if any(hint in text for hint in _TOKEN_HINTS):
        yield from (match.span() for match in _TOKENS.finditer(text))
    if _LOGIN_HINT.search(text):
        yield from _find_in_urls(text)
    lowered = text.lower()
    if any(hint in lowered for hint in _NAME_HINTS):
        yield from _find_named(text)
    yield from (match.span() for match in _AWS_SECRET.finditer(text) if _is_key(match[0]))


def _find_in_urls(text: str) -> Iterator[Span]:
    for match in _IN_URL.finditer(text):
        if not is_filled_in(match["value"] or match["long"]):
            yield match.span("secret" if match["secret"] else "also")


def _find_named(text: str) -> Iterator[Span]:
    for match in _IN_QUERY.finditer(text):
        value = match["secret"]
        is_meant = not match["doubtful"] or (looks_random(value) and not _WORD_AND_NUMBER.fullmatch(value))
        if is_meant and not is_filled_in(value):
            yield match.span("secret")
    for match in _NAMED.finditer(text):
        kind = "quoted" if match["quote"] else "plain"
        is_address = _ARN_BEFORE.search(text, max(0, match.start() - 200), match.start()) is not None
        if is_secret(match["name"], match[kind]) and not is_address:
            yield match.span(kind)
    for match in _IN_PROSE.finditer(text):
        yield match.span(str(match.lastgroup))


def _is_key(text: str) -> bool:
    """Return whether 40 characters look random: a long name has words and few digits, a path has folders."""
    return (
        len(re.findall(r"[A-Z]", text)) >= 5  # noqa: PLR2004 - of 40, chance gives 16
        and len(re.findall(r"[0-9+/]", text)) >= 3  # noqa: PLR2004 - of 40, chance gives 7
        and re.search(r"[a-z]", text) is not None
        and re.search(r"[a-z]{8}", text) is None
    )
