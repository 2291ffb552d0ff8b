"""Ranges and choices, as configs write them."""

from __future__ import annotations

import re

import pytest

from refinery.spec.search import Choices, Range, describe_space, parse_space


@pytest.mark.parametrize(
    ("written", "space", "words"),
    [
        ("15..255", Range(15, 255), "whole numbers from 15 to 255"),
        ("15..255 log", Range(15, 255, log=True), "whole numbers from 15 to 255, by orders of magnitude"),
        ("-5..5", Range(-5, 5), "whole numbers from -5 to 5"),
        ("0.01..0.3 log", Range(0.01, 0.3, log=True), "numbers from 0.01 to 0.3, by orders of magnitude"),
        (
            " 1e-4 .. 1  log ",
            Range(1e-4, 1.0, log=True),
            "numbers from 0.0001 to 1.0, by orders of magnitude",
        ),
        ("0..1.0", Range(0.0, 1.0), "numbers from 0.0 to 1.0"),
        ([3, 5, None], Choices((3, 5, None)), "one of 3, 5, null"),
        ([True, "auto", 0.5], Choices((True, "auto", 0.5)), "one of true, auto, 0.5"),
        ([1, True, 1.0], Choices((1, True, 1.0)), "one of 1, true, 1.0"),
    ],
)
def test_a_space_is_read_and_described(written, space, words):
    found = parse_space(written)
    assert found == space
    assert type(getattr(found, "low", None)) is type(getattr(space, "low", None))
    assert describe_space(written) == words


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("10..1", "begins with 10, which is not below its end, 1"),
        ("1..1", "begins with 1, which is not below its end, 1"),
        ("0..10 log", "is log, so it must begin above 0, not with 0"),
        ("-1.5..10 log", "is log, so it must begin above 0, not with -1.5"),
        ("1...5", '"1...5" is not a range; write a range such as'),
        ("1..5 linear", "is not a range"),
        ("auto", '"auto" is not a range'),
        ("1..1e999", "must lie between"),
        ("1..99999999999999999999", "must lie between"),
        ("{{ ds }}..5", "is not a range"),
        ([1], "has fewer than two choices; a fixed value goes under params"),
        ([], "has fewer than two choices"),
        ([1, 2, 1], "has the choice 1 twice"),
        ([None, None], "has the choice null twice"),
        ([[1], 2], "has a choice that is a list or a mapping"),
        ([float("nan"), 1.0], "which is not a finite number"),
        (5, "5 is a fixed value; move it to params"),
        (None, "None is a fixed value"),
        ({"low": 1}, "is a fixed value"),
    ],
)
def test_what_is_no_space_is_refused(written, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_space(written)
