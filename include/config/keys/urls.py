"""URLs in configs, checked by the same reader that the operators use."""

from typing import Annotated

from include.config.keys.base import Checked, refuse
from include.urls import InvalidUrlError, parse_prefix_url, parse_source_url

URL_PATTERN = r"^([sS]3[an]?|[hH][tT][tT][pP][sS]?|arn):"


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


SourceUrl = Annotated[str, Checked(_check_source, pattern=URL_PATTERN)]
PrefixUrl = Annotated[str, Checked(_check_prefix, pattern=URL_PATTERN)]
