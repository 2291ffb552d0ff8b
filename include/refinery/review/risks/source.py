"""Risks of where data comes from and by whose credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from refinery.config import fill_params
from refinery.review.risks.check import risk
from refinery.review.risks.finding import Pair, asset_of
from refinery.spec.urls import HttpUrl, S3Url, parse_source_url
from refinery.wording import list_names

# Options of the source that decide which values a file's text stands for.
_READING = (
    *("separator", "decimal", "thousands", "encoding", "quote", "header"),
    *("null_values", "default_nulls", "dates", "numbers"),
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config import Pipeline
    from refinery.review.risks.finding import Finding, Review


@risk(
    "R050",
    "medium",
    "source is in another place",
    meaning="Data comes from another bucket or host. A URL does not name the owner of a bucket: it may be another account.",
    remedy="Find out who owns it and who may write to it.",
)
def source_elsewhere(review: Review) -> Iterator[Finding]:
    """Find sources in another bucket or on another host."""
    for pair in review.pairs:
        before, after = (_urls(one) for one in pair)
        owners = {_owner(url) for url in before}
        if new := [url for url in after if _owner(url) not in owners]:
            sentence = (
                f"data comes from {_owner(new[0])} instead of {', '.join(sorted(owners))}: the URL does not show its owner, "
                f"its contents, or who may change it{_reader(pair.after, new[0])}"
            )
            yield pair.finding(sentence, "source", "url")


@risk(
    "R051",
    "low",
    "source is in another region",
    meaning="The URLs before and after name different AWS regions.",
    remedy="Check the cost, and whether the data may leave its region.",
)
def source_in_another_region(review: Review) -> Iterator[Finding]:
    """Find sources in another AWS region."""
    for pair in review.pairs:
        before, after = (_regions(_urls(one)) for one in pair)
        if before and after and not after <= before:
            sentence = (
                f"data is read from {', '.join(sorted(after))} instead of {', '.join(sorted(before))}: transfers between "
                "regions cost money and time, and data may have to stay where it is"
            )
            yield pair.finding(sentence, "source", "url")


@risk(
    "R052",
    "high",
    "source comes over plain http",
    meaning="Anyone on the network path can read and change the dataset.",
    remedy="Write https://, or put the dataset on S3.",
)
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
            yield Pair(before or after, after).finding(sentence, "source", "url")


@risk(
    "R053",
    "medium",
    "connection changes",
    meaning="The source or the output uses other credentials, which must be in Airflow before the next run.",
    remedy="Create the connection first, and check its permissions.",
)
def connection_changes(review: Review) -> Iterator[Finding]:
    """Find other credentials for the source or the output."""
    for pair in review.pairs:
        for key, verb in (("source", "read"), ("output", "write")):
            before, after = (getattr(one.config, key) for one in pair)
            if before.connection != after.connection:
                place = asset_of(pair.after) + "/" if key == "output" else _owner(_urls(pair.after)[0])
                sentence = (
                    f'"{after.connection}" must be in Airflow and be allowed to {verb} {place}; until now it is '
                    f'"{before.connection}"'
                )
                yield pair.finding(sentence, key, "connection")


@risk(
    "R054",
    "medium",
    "dataset is read differently",
    meaning="An option of `source` that decides how text becomes values changes, such as `separator`, `decimal` or `encoding`. A wrong one may "
    "change numbers without an error.",
    remedy="Run `refinery profile` on the dataset with the new options.",
)
def read_differently(review: Review) -> Iterator[Finding]:
    """Find datasets whose text is read by other rules."""
    for pair in review.pairs:
        before, after = (one.config.source for one in pair)
        changed = [key for key in _READING if getattr(before, key) != getattr(after, key)]
        if changed:
            sentence = f"the same file gives other values, or other columns: {list_names(changed)} {'changes' if len(changed) == 1 else 'change'}"
            yield pair.finding(sentence, "source", changed[0])


@risk(
    "R055",
    "medium",
    "another dataset",
    meaning="The model is trained on other files of the same bucket or host.",
    remedy="Compare the two datasets with `refinery profile`, or try the change with `refinery plan --try`.",
)
def other_dataset(review: Review) -> Iterator[Finding]:
    """Find sources that name other files in the place where they were."""
    for pair in review.pairs:
        before, after = (_urls(one) for one in pair)
        is_elsewhere = {_owner(url) for url in after} - {_owner(url) for url in before}
        if {*map(str, before)} != {*map(str, after)} and not is_elsewhere:
            names = [" and ".join(_texts(one)) for one in pair]
            sentence = f"models learn from {names[1]} instead of {names[0]}"
            yield pair.finding(sentence, "source", "url")


def _urls(pipeline: Pipeline) -> list[S3Url | HttpUrl]:
    return [parse_source_url(url) for url in _texts(pipeline)]


def _texts(pipeline: Pipeline) -> list[str]:
    """Return the sources with the defaults of params; templates of the run's date stay as they are written."""
    config = pipeline.config
    fixed = {name: param for name, param in config.params.items() if not param.is_run_date}
    return list(fill_params(config.source.url, fixed))


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
