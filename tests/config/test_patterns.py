"""Patterns that no text keeps busy for ever pass; those whose time doubles with each character do not."""

from __future__ import annotations

import re
import time

import pytest

from refinery.config.models.expect import may_take_forever

# Far above what a pattern of the longest length takes to be judged.
_SECONDS = 5


@pytest.mark.parametrize(
    "pattern",
    [
        r"[a-z]+(-[a-z]+)*",
        r"(\d{1,3}\.){3}\d{1,3}",
        r"(\w+\s)*\w+",
        r"(ab)+",
        r"(a|b)*",
        r"(?:[A-Z][a-z]+ )+",
        r"(a+)?",
        r"(a+){3}",
        r"\(a+\)+",
        r"[(a+)]+",
        r"(?P<year>\d{4})-(?P<month>\d{2})",
        r"(?i:yes|no)",
        r"(?=.*\d).+",
        r"(a)\1",
        r"((a+)b)*",
        r"[^@]+@[^@]+",
        r"[]a+]+",
        "",
    ],
)
def test_a_plain_pattern_passes(pattern):
    re.compile(pattern)
    assert not may_take_forever(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+",
        r"(a*)*",
        r"(?:a+)*b",
        r"(a+){2,}",
        r"([a-z]+)*@",
        r"(\w+\s?)*",
        r"(a+|b)+",
        r"((a+))+",
        r"((a+)+)+",
        r"((?:a|b+)*)",
        r"(?P<x>\d+)+",
        r"x(a+?)+y",
        r"([)]+)*",
        r"(\)+)*",
    ],
)
def test_a_pattern_whose_time_doubles_is_refused(pattern):
    re.compile(pattern)
    assert may_take_forever(pattern)


@pytest.mark.parametrize(
    "pattern", ["(" * 250 + ")" * 250, "(a|" * 90 + "b" + ")*" * 90, "[" * 500, "a{1" * 160]
)
def test_judging_a_pattern_is_quick(pattern):
    started = time.monotonic()
    may_take_forever(pattern)
    assert time.monotonic() - started < _SECONDS
