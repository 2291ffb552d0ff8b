"""Asset URIs: plain ones as they always were, all others apart from one another."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from airflow.sdk import Asset
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refinery.rendering.assets import make_asset
from refinery.spec.asset_uris import asset_uri
from refinery.spec.urls import InvalidUrlError, parse_prefix_url, parse_source_url

PLAIN_PREFIXES = {
    "s3://models/churn/{{ ds }}/": "s3://models/churn",
    "s3://models/{{ ds }}/churn/": "s3://models",
    "s3://models/churn/": "s3://models/churn",
    "s3://models/churn": "s3://models/churn",
    "s3://models/": "s3://models",
    "s3://models": "s3://models",
    "s3://models/team a/v1.2/{{ ds }}": "s3://models/team a/v1.2",
    "s3a://models/a//b/{{ ds }}/": "s3://models/a//b",
    "https://models.s3.eu-west-3.amazonaws.com/churn/{{ ds }}/": "s3://models/churn",
}
PLAIN_SOURCES = {
    "s3://data/wine.csv": "s3://data/wine.csv",
    "s3://data/day={{ ds }}/wine.csv": "s3://data",
    "s3://data/2026/*.csv": "s3://data/2026",
    "s3://data/a(1)/b+c;d@e=f&g,h.csv": "s3://data/a(1)/b+c;d@e=f&g,h.csv",
    "https://example.com": "https://example.com",
    "https://example.com/a%20b.csv": "https://example.com/a%20b.csv",
    "https://example.com/a.csv?v=1&w=2": "https://example.com/a.csv?v=1&w=2",
    "https://example.com/{{ ds }}/a.csv": "https://example.com",
}
ODD_SOURCES = {
    "s3://data/données.csv": "s3://data/donn%C3%A9es.csv",
    "s3://data/report #1.csv": "s3://data/report %231.csv",
    "s3://data/what?.csv": "s3://data/what%3F.csv",
    "s3://data/donn%C3%A9es.csv": "s3://data/donn%25C3%25A9es.csv",
    "https://example.com/a.csv?w=2&v=1": "x-https://example.com/a.csv%3Fw=2&v=1",
    "https://example.com/a.csv#top": "x-https://example.com/a.csv%23top",
    "https://example.com/données.csv": "x-https://example.com/donn%C3%A9es.csv",
    "https://example.com/a/": "x-https://example.com/a/",
    "https://example.com/a.csv?day={{ ds }}": "https://example.com/a.csv",
}
# Two places that Airflow's own normalization, or a careless encoding, would make one.
PAIRS_OF_PREFIXES = [
    ("s3://models/a/", "s3://models/a//"),
    ("s3://models/a//", "s3://models/a///"),
    ("s3://models/", "s3://models//"),
    ("s3://models//", "s3://models///"),
    ("s3://models/{{ ds }}/", "s3://models//{{ ds }}/"),
    ("s3://models/a/{{ ds }}/", "s3://models/a//{{ ds }}/"),
    ("s3://models/a//", "s3://models/a/%2F/"),
    ("s3://models/é/", "s3://models/%C3%A9/"),
    ("s3://models/é/", "s3://models/e\u0301/"),  # composed and decomposed
    ("s3://models/a", "s3://models/A"),
    ("s3://models/a", "s3://Models/a"),
    ("s3://models/a/./b", "s3://models/a/b"),
    ("s3://models/a/../b", "s3://models/b"),
    ("s3://models/a b", "s3://models/a+b"),
    ("s3://models/a%20b", "s3://models/a b"),
    ("s3://models/a#1", "s3://models/a#2"),
    ("s3://models/a?1", "s3://models/a?2"),
    ("s3://models/a?x=1&y=2", "s3://models/a?y=2&x=1"),
    ("s3://models/a%23", "s3://models/a#"),
    ("s3://models/a;x", "s3://models/a"),
    ("s3://models/a ", "s3://models/a"),
]
PAIRS_OF_SOURCES = [
    ("https://example.com", "https://example.com/"),
    ("https://example.com/a", "https://example.com/a/"),
    ("https://example.com/a", "https://example.com/a?"),
    ("https://example.com/a", "https://example.com/a#"),
    ("https://example.com/a?x=1&y=2", "https://example.com/a?y=2&x=1"),
    ("https://example.com/a?x=1", "https://example.com/a%3Fx=1"),
    ("https://example.com/a?x=", "https://example.com/a"),
    ("https://example.com/a?x=%20", "https://example.com/a?x=+"),
    ("https://example.com/a#1", "https://example.com/a#2"),
    ("https://example.com/é", "https://example.com/%C3%A9"),
    ("https://example.com/a", "HTTPS://example.com/a"),
    ("https://example.com/a", "https://EXAMPLE.com/a"),
    ("https://example.com/a", "http://example.com/a"),
    ("https://example.com/a.csv?day={{ ds }}", "https://example.com/b.csv?day={{ ds }}"),
    ("s3://data/report #1.csv", "s3://data/report #2.csv"),
]


def uri_of_prefix(text):
    return asset_uri(parse_prefix_url(text))


def uri_of_source(text):
    return asset_uri(parse_source_url(text))


@pytest.mark.parametrize(("text", "uri"), PLAIN_PREFIXES.items())
def test_a_plain_output_keeps_the_uri_that_it_always_had(text, uri):
    assert uri_of_prefix(text) == uri


@pytest.mark.parametrize(("text", "uri"), {**PLAIN_SOURCES, **ODD_SOURCES}.items())
def test_a_source_has_a_uri_that_can_be_read(text, uri):
    assert uri_of_source(text) == uri


@pytest.mark.parametrize(("one", "other"), PAIRS_OF_PREFIXES)
def test_two_outputs_have_two_uris(one, other):
    # A space at the end of a URL is refused, and one before a slash is part of the key.
    assert airflow_identity(uri_of_prefix(f"{one}/x")).isdisjoint(
        airflow_identity(uri_of_prefix(f"{other}/x"))
    )
    if one == one.strip() and other == other.strip():
        assert airflow_identity(uri_of_prefix(one)).isdisjoint(airflow_identity(uri_of_prefix(other)))


@pytest.mark.parametrize(("one", "other"), PAIRS_OF_SOURCES)
def test_two_sources_have_two_uris(one, other):
    assert airflow_identity(uri_of_source(one)).isdisjoint(airflow_identity(uri_of_source(other)))


def airflow_identity(uri):
    """Return the name and the URI of an asset: Airflow wants each of them to be unique."""
    asset = make_asset(uri)
    return {asset.name, asset.uri}


@pytest.mark.parametrize("text", [*PLAIN_PREFIXES, *(one for pair in PAIRS_OF_PREFIXES for one in pair)])
def test_who_waits_for_an_output_names_the_asset_that_its_pipeline_writes(text):
    if "{{" not in text and text == text.strip():
        assert uri_of_prefix(f"{text.rstrip('/')}/{{{{ ds }}}}/") == uri_of_prefix(text.rstrip("/"))
        assert uri_of_prefix(f"{text}/{{{{ ds }}}}/x") == uri_of_prefix(f"{text}/")


keys = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)
odd_keys = st.text(st.sampled_from("aA/%#?.2F3é é=&;+\\~"), min_size=1, max_size=8)


def parsed(parse, text):
    try:
        return parse(text)
    except (InvalidUrlError, ValueError):
        return None


@settings(deadline=None)
@given(one=keys | odd_keys, other=keys | odd_keys)
@example("a/", "a//")
def test_any_two_keys_have_two_uris_that_airflow_takes_as_they_are(one, other):
    urls = {url for key in (one, other) if (url := parsed(parse_prefix_url, f"s3://models/{key}"))}
    uris = {asset_uri(url) for url in urls}
    assert len(uris) == len(urls)
    for uri in uris:
        assert uri.isascii()
        assert make_asset(uri) == Asset(uri)
        assert make_asset(uri).uri == (uri if urlsplit(uri).path else f"{uri}/")


@settings(deadline=None)
@given(one=odd_keys, other=odd_keys)
def test_any_two_web_addresses_have_two_uris_that_airflow_takes_as_they_are(one, other):
    texts = {f"https://example.com/{part}" for part in (one, other)}
    urls = {url for text in texts if (url := parsed(parse_source_url, text))}
    identities = [airflow_identity(asset_uri(url)) for url in urls]
    assert sum(map(len, identities)) == len(set().union(*identities))
    for url in urls:
        uri = asset_uri(url)
        assert uri.isascii()
        assert make_asset(uri) == Asset(uri)
