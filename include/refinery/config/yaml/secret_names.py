"""Decide whether a value under a name is a secret: "DB_PASS: hunter22" is, "token_pattern: (?u)abc" and "${password}" are not."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

# Shorter values are names and words; a password this short protects nothing.
_SHORTEST = 6
_SHORTEST_RANDOM = 8
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# A name that ends with one of these means a secret, whatever its value looks like.
_PASSWORDS = frozenset(
    ("password", "passwords", "passwd", "passphrase", "passcode", "pwd", "pw", "dbpass", "passwort")
)
_SECRET_WORDS = frozenset(("secret", "secrets", "credential", "credentials"))
_SECRET_ENDINGS = ("apikey", "secretkey", "accesskey", "privatekey", "clientsecret")
# What precedes "key" in the name of a secret, and "pass" in that of a password.
_SECRET_KEYS = frozenset(
    (
        "api",
        "access",
        "private",
        "secret",
        "auth",
        "signing",
        "encryption",
        "client",
        "fernet",
        "ssh",
        "hmac",
        "webhook",
    )
)
_HAVE_PASSWORDS = frozenset(
    (
        *(
            "db",
            "database",
            "user",
            "admin",
            "root",
            "smtp",
            "mail",
            "email",
            "ftp",
            "sftp",
            "ssh",
            "http",
            "proxy",
        ),
        *(
            "pg",
            "postgres",
            "postgresql",
            "mysql",
            "redis",
            "mongo",
            "rabbitmq",
            "ldap",
            "keystore",
            "basic",
            "my",
        ),
    )
)
# A name that ends with one of these may mean a secret, or the "[PAD]" of a tokenizer: its value must look random.
_DOUBTFUL_WORDS = frozenset(
    (
        "token",
        "tokens",
        "authtoken",
        "accesstoken",
        "auth",
        "authorization",
        "bearer",
        "jwt",
        "pat",
        "sas",
        "cookie",
    )
)
_DOUBTFUL_KEYS = frozenset(
    ("account", "storage", "master", "shared", "service", "subscription", "license", "session")
)

_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")
# What a run fills in, and placeholders for a value that the reader supplies.
_FILLED_IN = re.compile(
    r"\$\{[^{}]*\}|\{\{.*?\}\}|\{(?:dataset|model|dataset_dir|model_dir)\}|\$[A-Z_][A-Z0-9_]*(?![A-Za-z0-9_])",
    re.DOTALL,
)
_STANDS_FOR_ONE = re.compile(
    r"<[^<>]*>|\[[^\[\]]*\]|__\w+__|[*.xX_-]+"  # <password>, [PAD], __unknown__, ****
    r"|[a-z][a-z0-9+.-]*://\S*|arn:aws\S*"  # its location; a password in a URL is found separately
    r"|(?:str|string|text|category|object|bool|boolean|u?int\d*|float\d*|number|date|datetime\S*)"
    r"|(?:required|optional|hidden|masked|redacted|default|ignore|unknown|missing|nothing)",
    re.IGNORECASE,
)


class _Kind(Enum):
    """What a name says about its value."""

    ORDINARY = "is not a secret"
    DOUBTFUL = "may be a secret"
    SECRET = "is a secret"  # noqa: S105 - a kind of names  # nosec B105
    PASSWORD = "is a secret, and may be a number"  # noqa: S105  # nosec B105


def is_secret(name: str, value: str) -> bool:
    """Return whether a value under a name is a secret."""
    kind = _kind_of(name)
    if kind is _Kind.ORDINARY or len(value) < _SHORTEST:
        return False
    left = _FILLED_IN.sub("", value).strip()
    if len(left) < _SHORTEST:
        return False
    if _STANDS_FOR_ONE.fullmatch(left):  # such as <password>, but a password may stand in brackets as well
        return kind is not _Kind.DOUBTFUL and left[0] in "<[" and looks_random(left[1:-1])
    if _NUMBER.fullmatch(left):
        return kind is _Kind.PASSWORD
    return kind is not _Kind.DOUBTFUL or looks_random(left)


def is_filled_in(value: str) -> bool:
    """Return whether a value consists of variables, templates and placeholders only."""
    return not _FILLED_IN.sub("", value).strip()


def may_hold_secret(name: str) -> bool:
    """Return whether a name is that of a secret, or of a group of secrets."""
    return _kind_of(name) is not _Kind.ORDINARY


def looks_random(text: str) -> bool:
    """Return whether a text looks generated: letters and digits, but not a path or a sentence."""
    return (
        len(text) >= _SHORTEST_RANDOM
        and re.search(r"[A-Za-z]", text) is not None
        and re.search(r"\d", text) is not None
        and re.search(r"[\s/\\]", text) is None
    )


@lru_cache(maxsize=4096)  # a thousand configs have the same few keys
def _kind_of(name: str) -> _Kind:
    words = [word.lower() for word in _WORD.findall(name)]
    last, before = words[-1] if words else "", words[-2] if len(words) > 1 else ""
    if last in _PASSWORDS or last.endswith(("password", "passwd", "passphrase")):
        return _Kind.PASSWORD
    if last == "pass":
        is_password = not before or name.isupper() or before in _HAVE_PASSWORDS
        return _Kind.PASSWORD if is_password else _Kind.ORDINARY
    if last in _SECRET_WORDS or last.endswith(_SECRET_ENDINGS) or (last == "key" and before in _SECRET_KEYS):
        return _Kind.SECRET
    if last == "key" and before and name.isupper():  # an environment's OPENAI_KEY
        return _Kind.DOUBTFUL
    if last in _DOUBTFUL_WORDS or (last == "key" and before in _DOUBTFUL_KEYS):
        return _Kind.DOUBTFUL
    return _Kind.ORDINARY
