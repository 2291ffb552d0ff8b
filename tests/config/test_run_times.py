"""The next run as `refinery list` tells it is the one that Airflow's own timetable plans."""

from __future__ import annotations

import datetime as dt
from itertools import islice, pairwise
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pendulum
import pytest
from airflow.timetables.base import TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable

from refinery.config import load_pipeline
from refinery.config.run_times import describe_schedule, find_next_run, runs_after

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
@pytest.mark.parametrize(
    ("timezone", "now"),
    [
        ("UTC", SOON),
        ("Asia/Kolkata", SOON),
        ("America/New_York", dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC)),
        ("Europe/Paris", dt.datetime(2026, 3, 29, 0, 30, 1, tzinfo=dt.UTC)),  # an hour before Paris skips one
        ("Europe/Paris", dt.datetime(2026, 10, 24, 22, 30, 1, tzinfo=dt.UTC)),  # when Paris repeats one
    ],
)
def test_it_is_the_one_that_airflow_plans(config, schedule, timezone, now):
    planned = CronTriggerTimetable(PRESETS.get(schedule, schedule), timezone=timezone).next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=pendulum.instance(now), latest=None, catchup=True),
    )
    found = find_next_run(config(f'schedule: "{schedule}"\ntimezone: {timezone}\n'), now)
    assert found == planned.logical_date


# Clocks that change by an hour and by half of one, in spring and in autumn, at midnight and at night, during Ramadan, and not at all.
ZONES = (
    *("Africa/Cairo", "Africa/Casablanca", "America/Los_Angeles", "America/New_York", "America/Santiago", "America/Sao_Paulo"),
    *("America/St_Johns", "Asia/Kolkata", "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Sydney", "Europe/London"),
    *("Europe/Paris", "Pacific/Auckland", "Pacific/Chatham", "UTC"),
)  # fmt: skip
CRONS = (
    "0 0 * * *",
    "30 2 * * *",
    "30 1,2,3 * * *",
    "0 */2 * * *",
    "*/20 * * * *",
    "30 * * * 1",
    "0 2 * * 0",
)


def _clock_changes(zone):
    """Return the days of two years around which a zone's clock changes, and one day without a change."""
    days = [dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC) + dt.timedelta(days=number) for number in range(730)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    changes = [
        day.date() for day, one, other in zip(days, offsets, offsets[1:], strict=False) if one != other
    ]
    return [dt.date(2026, 1, 10), *changes]


def _planned(cron, zone, first, until):
    """Return the runs that Airflow's own timetable plans one after the other."""
    timetable = CronTriggerTimetable(cron, timezone=zone)
    restriction = TimeRestriction(earliest=pendulum.instance(first), latest=None, catchup=True)
    last, runs = None, []
    while not runs or runs[-1] < until:
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        last = info.data_interval
        runs.append(info.logical_date)
    return runs


@pytest.mark.parametrize("cron", CRONS)
@pytest.mark.parametrize("zone", ZONES)
def test_clock_changes_of_two_years_are_those_of_airflow(zone, cron):
    for day in _clock_changes(zone):
        begin = day - dt.timedelta(days=1)
        first = dt.datetime.combine(begin, dt.time(), ZoneInfo(zone))
        planned = _planned(cron, zone, first, first + dt.timedelta(days=3))
        clock = SimpleNamespace(schedule=cron, timezone=zone, start_date=begin, end_date=None, catchup=True)
        just_before = first - dt.timedelta(seconds=1)
        assert list(islice(runs_after(clock, just_before), len(planned))) == planned
        clock.start_date = dt.date(2025, 1, 1)
        for run, following in list(pairwise(planned))[::9]:
            assert next(runs_after(clock, run + (following - run) / 2)) == following


def test_a_time_that_comes_twice_is_one_run():
    clock = SimpleNamespace(
        schedule="30 2 * * *",
        timezone="Europe/Paris",
        start_date=dt.date(2026, 1, 1),
        end_date=None,
        catchup=True,
    )
    runs = runs_after(clock, dt.datetime(2026, 10, 24, 12, tzinfo=dt.UTC))
    assert [f"{run:%d %H:%M}" for run in islice(runs, 3)] == ["25 01:30", "26 01:30", "27 01:30"]


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
def test_a_schedule_without_a_clock_is_described(config, more, words):
    assert (describe_schedule(config(more)), find_next_run(config(more), SOON)) == (words, None)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('schedule: "@daily"\n', "@daily"),
        ("schedule: 0 6 * * *\ntimezone: Europe/Paris\n", "0 6 * * * Europe/Paris"),
    ],
)
def test_a_clock_is_described_with_its_timezone(config, more, words):
    assert describe_schedule(config(more)) == words
