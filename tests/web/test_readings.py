"""What was read from S3 is used again, a page waits only so long, and failures do not pile up."""

from __future__ import annotations

import threading
import time

import pytest

from refinery.errors import RefineryError
from refinery.web.readings import Readings


@pytest.fixture
def calls():
    return []


def loading(calls, value):
    def load(former):
        calls.append(former)
        if isinstance(value, Exception):
            raise value
        return value

    return load


def test_a_fresh_value_is_not_read_again(calls):
    readings = Readings(fresh_for=60)
    for _ in range(3):
        assert readings.read({"a": loading(calls, 7)}, patience=5)["a"].value == 7
    assert calls == [None]


def test_an_old_value_is_shown_while_it_is_read_again_from_the_former(calls):
    readings = Readings(fresh_for=0)
    readings.read({"a": loading(calls, 1)}, patience=5)
    shown = readings.read({"a": loading(calls, 2)}, patience=5)["a"].value
    assert shown in (1, 2)
    assert readings.read({"a": loading(calls, 3)}, patience=5, fresh=True)["a"].value in (2, 3)
    assert calls[:2] == [None, 1]


def test_a_page_does_not_wait_longer_than_its_patience():
    readings = Readings(fresh_for=60)
    release = threading.Event()
    started = time.monotonic()
    reading = readings.read({"slow": lambda _: release.wait(10)}, patience=0.1)["slow"]
    assert reading.is_pending
    assert time.monotonic() - started < 5
    release.set()


@pytest.mark.parametrize(
    ("error", "text"), [(RefineryError("S3 is gone."), "S3 is gone."), (ValueError("odd"), "ValueError: odd")]
)
def test_a_failure_is_told_and_not_repeated_soon(calls, error, text):
    readings = Readings(fresh_for=60)
    for _ in range(3):
        reading = readings.read({"a": loading(calls, error)}, patience=5)["a"]
        assert (reading.value, reading.problem, reading.is_pending) == (None, text, False)
    assert len(calls) == 1


def test_only_so_many_values_are_kept(calls):
    readings = Readings(fresh_for=60, most=2)
    for key in ("a", "b", "c", "a"):
        readings.read({key: loading(calls, key)}, patience=5)
    assert len(calls) == 4


def test_those_that_were_not_used_for_longest_make_room_for_long_ones(calls):
    readings = Readings(fresh_for=60, most_letters=1_000)
    for key in "abc":
        readings.read({key: loading(calls, key * 400)}, patience=5)
    readings.read({"c": loading(calls, "not read")}, patience=5)
    assert len(calls) == 3
    readings.read({"a": loading(calls, "read again")}, patience=5)
    assert len(calls) == 4


def test_one_that_is_longer_than_all_may_be_is_shown_all_the_same(calls):
    readings = Readings(fresh_for=60, most_letters=1_000)
    assert readings.read({"a": loading(calls, "a" * 2_000)}, patience=5)["a"].value == "a" * 2_000
