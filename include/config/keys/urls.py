"""URLs in configs, checked by the same reader that the operators use."""

from __future__ import annotations

from include.config.keys.base import checked, refuse
from include.urls import InvalidUrlError, parse_prefix_url, parse_source_url


def _check_source(text: str) -> None:
    try:
        parse_source_url(text)
    except InvalidUrlError as error:
        refuse(str(error).rstrip("."))


def _check_prefix(text: str) -> None:
    try:
        parse_prefix_url(text)
    except InvalidUrlError as error:
        refuse(str(error).rstrip("."))


SourceUrl = checked(_check_source, pattern=r"^([sS]3[an]?|https?|arn):")
PrefixUrl = checked(_check_prefix, pattern=r"^([sS]3[an]?|https?|arn):")
