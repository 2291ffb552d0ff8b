"""URLs in configs, checked by the parser that the operators use."""

from typing import Annotated

from refinery.config.models.base import Checked, refuse
from refinery.spec.asset_uris import MAX_ASSET_URI_LENGTH, asset_uri
from refinery.spec.urls import HttpUrl, InvalidUrlError, S3Url, parse_prefix_url, parse_source_url

URL_PATTERN = r"^([sS]3[an]?|[hH][tT][tT][pP][sS]?|arn):"


def _check_source(text: str) -> None:
    try:
        url = parse_source_url(text)
    except InvalidUrlError as error:
        refuse(str(error).rstrip("."))
    _check_asset(url)


def _check_prefix(text: str) -> S3Url:
    try:
        return parse_prefix_url(text)
    except InvalidUrlError as error:
        refuse(str(error).rstrip("."))


def _check_asset_prefix(text: str) -> None:
    _check_asset(_check_prefix(text))


def _check_asset(url: S3Url | HttpUrl) -> None:
    length = len(asset_uri(url))
    if length > MAX_ASSET_URI_LENGTH:
        refuse(
            f"makes an asset URI of {length:,} characters (escaped characters count three times), but Airflow's database allows "
            f"{MAX_ASSET_URI_LENGTH:,}; use a shorter URL"
        )


SourceUrl = Annotated[str, Checked(_check_source, pattern=URL_PATTERN)]
PrefixUrl = Annotated[str, Checked(_check_prefix, pattern=URL_PATTERN)]
AssetPrefixUrl = Annotated[str, Checked(_check_asset_prefix, pattern=URL_PATTERN)]
