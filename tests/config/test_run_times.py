"""The next run as `refinery list` tells it is the one that Airflow's own timetable plans."""

from __future__ import annotations

import datetime as dt

import pendulum
import pytest
from airflow.timetables.base import TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable

from include.config import load_pipeline
from include.config.run_times import describe_schedule, find_next_run

SOON = dt.datetime(2026, 5, 13, 10, 20, 30, tzinfo=dt.UTC)
PRESETS = {"@hourly": "0 * * * *", "@quarterly": "0 0 1 */3 *"}


@pytest.fixture
def config(tmp_path):
    def make(more=""):
        folder = tmp_path / "configs"
        folder.mkdir(exist_ok=True)
        text = f"source: s3://data/x.csv\nmodel: m\noutput: s3://models/{{{{ ds }}}}/\n{more}"
        (folder / "p.yml").write_text(text)
        return load_pipeline(folder, "p").config

    return make


@pytest.mark.parametrize(
    "schedule",
    [
        "0 12 * * *",
        "*/20 * * * *",
        "30 6 * * MON",
        "0 0 31 * *",
        "0 0 29 2 *",
        "@hourly",
        "@daily",
        "@weekly",
        "@monthly",
        "@quarterly",
        "@yearly",
    ],
)
@pytest.mark.parametrize("timezone", ["UTC", "Europe/Paris", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize(
    "now",
    [
        SOON,
        dt.datetime(2026, 3, 29, 0, 30, 1, tzinfo=dt.UTC),  # an hour before Paris skips one
        dt.datetime(2026, 10, 24, 22, 30, 1, tzinfo=dt.UTC),  # the night in which Paris repeats one
        dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
    ],
)
def test_it_is_the_one_that_airflow_plans(config, schedule, timezone, now):
    planned = CronTriggerTimetable(PRESETS.get(schedule, schedule), timezone=timezone).next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=pendulum.instance(now), latest=None, catchup=True),
    )
    found = find_next_run(config(f'schedule: "{schedule}"\ntimezone: {timezone}\n'), now)
    assert found == planned.logical_date


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("start_date: 2027-01-01\n", dt.datetime(2027, 1, 1, tzinfo=dt.UTC)),
        ("end_date: 2026-05-14\n", dt.datetime(2026, 5, 14, tzinfo=dt.UTC)),
        ("end_date: 2026-05-13\n", None),
        ("start_date: 2027-01-01\ntimezone: Asia/Tokyo\n", dt.datetime(2026, 12, 31, 15, tzinfo=dt.UTC)),
    ],
)
def test_it_lies_between_the_first_and_the_last_day(config, more, expected):
    assert find_next_run(config(f'schedule: "@daily"\n{more}'), SOON) == expected


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", "when triggered"),
        ('schedule: "@once"\n', "@once"),
        ('schedule: "@continuous"\n', "@continuous"),
        ("schedule: {every: 6h}\n", "every 6h"),
        ("schedule: {assets: s3://models/a/}\n", "after s3://models/a/"),
        ("schedule: {assets: [s3://models/a/, s3://models/b/], match: any}\n", "after any of 2 assets"),
    ],
)
def test_where_no_clock_tells_it_the_schedule_says_so(config, more, words):
    assert (describe_schedule(config(more)), find_next_run(config(more), SOON)) == (words, None)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('schedule: "@daily"\n', "@daily"),
        ("schedule: 0 6 * * *\ntimezone: Europe/Paris\n", "0 6 * * * Europe/Paris"),
    ],
)
def test_a_clock_is_told_with_its_timezone(config, more, words):
    assert describe_schedule(config(more)) == words
