"""Risks of where data comes from and by whose credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from include.review.risks.finding import Pair, asset_of
from include.urls import HttpUrl, S3Url, parse_source_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config import Pipeline
    from include.review.risks.finding import Finding, Review


def source_elsewhere(review: Review) -> Iterator[Finding]:
    """Find sources in another bucket, on another host, or in another region."""
    for pair in review.pairs:
        before, after = (_urls(one) for one in pair)
        owners = {_owner(url) for url in before}
        new = [url for url in after if _owner(url) not in owners]
        if new:
            sentence = (
                f"data comes from {_owner(new[0])} instead of {', '.join(sorted(owners))}: its owner, its contents and who may "
                f"change it are not known from the URL{_reader(pair.after, new[0])}"
            )
            yield pair.finding("R050", sentence, "source", "url")
        regions, new_regions = _regions(before), _regions(after)
        if regions and new_regions and not new_regions <= regions:
            sentence = (
                f"data is read from {', '.join(sorted(new_regions))} instead of {', '.join(sorted(regions))}: transfers between "
                "regions cost money and time, and data may have to stay where it is"
            )
            yield pair.finding("R051", sentence, "source", "url")


def source_over_http(review: Review) -> Iterator[Finding]:
    """Find sources that come without encryption."""
    for change in review.changes:
        before, after = change.base, change.head
        if after is None:
            continue
        known = _plain_hosts(before) if before else set()
        if new := sorted(_plain_hosts(after) - known):
            sentence = (
                f"anyone between {new[0]} and the worker can read and change what the model learns from"
            )
            yield Pair(before or after, after).finding("R052", sentence, "source", "url")


def connection_changes(review: Review) -> Iterator[Finding]:
    """Find other credentials for the source or the output."""
    for pair in review.pairs:
        for key, verb in (("source", "read"), ("output", "write")):
            before, after = (getattr(one.config, key) for one in pair)
            if before.connection != after.connection:
                place = asset_of(pair.after) + "/" if key == "output" else _owner(_urls(pair.after)[0])
                sentence = (
                    f'"{after.connection}" must be in Airflow and be allowed to {verb} {place}; so far it is '
                    f'"{before.connection}"'
                )
                yield pair.finding("R053", sentence, key, "connection")


def _urls(pipeline: Pipeline) -> list[S3Url | HttpUrl]:
    return [parse_source_url(url) for url in pipeline.config.source.url]


def _owner(url: S3Url | HttpUrl) -> str:
    return f"s3://{url.bucket}" if isinstance(url, S3Url) else urlsplit(url.url).netloc


def _reader(pipeline: Pipeline, url: S3Url | HttpUrl) -> str:
    return (
        f'; "{pipeline.config.source.connection}" must be allowed to read it'
        if isinstance(url, S3Url)
        else ""
    )


def _regions(urls: list[S3Url | HttpUrl]) -> set[str]:
    return {url.region for url in urls if isinstance(url, S3Url) and url.region}


def _plain_hosts(pipeline: Pipeline) -> set[str]:
    return {
        urlsplit(url.url).netloc
        for url in _urls(pipeline)
        if isinstance(url, HttpUrl) and urlsplit(url.url).scheme == "http"
    }
