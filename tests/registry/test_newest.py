"""The newest models of a long series, and latest.json that did not change, cost few requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from refinery.registry import (
    ModelSeries,
    RegistryError,
    list_newest,
    promote_if_newer,
    read_latest_again,
    versions,
)

LAST = datetime(2026, 6, 30, tzinfo=UTC)
DAYS = [f"{LAST - timedelta(days=days):%Y-%m-%d}" for days in range(30)]


@pytest.fixture
def long_series(client, put_model, series, monkeypatch):
    for day in DAYS:
        put_model(client, day)
    monkeypatch.setattr(versions, "_ONE_REQUEST", 20)  # as if there were thousands
    return series


def test_only_the_newest_of_a_long_series_are_listed(client, long_series):
    listing = list_newest(long_series, 5, until=LAST, client=client)
    assert [version.name for version in listing.versions] == DAYS[:9]  # a week and a day are enough for five


def test_all_are_listed_where_more_are_wanted_than_dates_hold(client, long_series):
    listing = list_newest(long_series, 100, until=LAST, client=client)
    assert [version.name for version in listing.versions] == DAYS


def test_more_objects_than_a_page_can_list_are_refused(client, long_series):
    assert list_newest(long_series, 5, until=LAST, client=client, limit=25).versions
    with pytest.raises(RegistryError, match="more than 25 objects among which the newest models may be"):
        list_newest(long_series, 100, until=LAST, client=client, limit=25)


@pytest.mark.parametrize(
    ("output", "key"),
    [
        ("s3://models/churn/{{ ds }}/", "churn/2026-06-30"),
        ("s3://models/churn/dt={{ ds_nodash }}/x/", "churn/dt=20260630"),
        ("s3://models/churn/{{ ts_nodash }}/", "churn/20260630T000000"),
        ("s3://models/churn/{{ params.region }}/{{ ds }}/", ""),
        ("s3://models/churn/", ""),
    ],
)
def test_where_the_keys_from_a_moment_on_begin(output, key):
    assert ModelSeries.of_output(output).key_from(LAST) == key


def test_an_unchanged_latest_json_is_not_read_again(client, put_model, series, count_requests):
    promote_if_newer(series, put_model(client, DAYS[1]), by="a run", client=client)
    first = read_latest_again(series, None, client=client)
    made = count_requests(client)
    assert read_latest_again(series, first, client=client) is first
    assert made == ["HEAD"]
    promote_if_newer(series, put_model(client, DAYS[0]), by="a run", client=client)
    assert read_latest_again(series, first, client=client).latest.prefix.endswith(f"{DAYS[0]}/")
