"""What the last runs say of a change, in sentences."""

from __future__ import annotations

import pytest

from refinery.review import Backtest, Cost
from refinery.review.formats.evidence import say_backtest, say_cost, say_total


@pytest.mark.parametrize(
    ("backtest", "said"),
    [
        (
            Backtest("a", "r2 >= 0.5", (0.4, 0.6, 0.5), ("2026-01-02",)),
            "r2 >= 0.5 would have rejected 1 of the last 3 promoted models, the last on 2026-01-02  ▁█▅",
        ),
        (
            Backtest("a", "r2 >= 0.9", (0.5, 0.5), ("2026-01-02", "2026-01-01")),
            "r2 >= 0.9 would have rejected 2 of the last 2 promoted models, all of them  ▁▁",
        ),
        (
            Backtest("a", "r2 >= 0.1", (0.5,), (), 5, 3),
            "r2 >= 0.1 would have rejected none of the last promoted model; of the last 5 rejected models, 3 would have met it",
        ),
        (Backtest("a", "mae <= 3"), "mae <= 3: no promoted model records it"),
        (
            Backtest("a", "columns.age.min: 18", (20.0, 16.0), ("2026-01-02",), datasets=30),
            "columns.age.min: 18 would have refused 1 of the last 30 datasets, the last on 2026-01-02  █▁",
        ),
        (
            Backtest("a", "columns.age.min: 18", (20.0,), datasets=30, undecided=2),
            "columns.age.min: 18 would have refused none of the last 30 datasets; the manifests of 2 do not decide it",
        ),
        (
            Backtest("a", "columns.id.unique: true", datasets=30, undecided=30),
            "columns.id.unique: true: the manifests of the last 30 datasets do not decide it",
        ),
        (Backtest("a", "rows >= 9", datasets=0), "rows >= 9: no run has left a manifest yet"),
        (
            Backtest("a", problem="s3://m/ does not exist."),
            "the last runs cannot be read: s3://m/ does not exist.",
        ),
    ],
)
def test_a_backtest(backtest, said):
    assert say_backtest(backtest) == said


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (
            Cost("a", 1.0, 30.4, 12, 120.0, 3 << 29),
            (
                "1 -> 30 trainings a month, 2 CPU minutes each (the median of the last 12 runs): "
                "2 CPU minutes -> 1.01 CPU hours a month; up to 1.5 GiB of memory"
            ),
        ),
        (
            Cost("a", 0.0, 0.25, 1, 7200.0),
            "0 -> 0.25 trainings a month, 2 CPU hours each (the last run): 0 CPU seconds -> 30 CPU minutes a month",
        ),
        (
            Cost("a", 30.0, 30.0, 3, 4.0, fits_before=1, fits_after=301, cpu_seconds_after=1204.0),
            (
                "30 trainings a month, each fits up to 1 -> 301 models, 4 CPU seconds -> about 20.1 CPU minutes each (the median "
                "of the last 3 runs): 2 CPU minutes -> 10 CPU hours a month"
            ),
        ),
        (
            Cost("a", None, None, fits_before=1, fits_after=301),
            (
                "an unknown number of trainings a month, each fits up to 1 -> 301 models; no run says yet what one takes"
            ),
        ),
        (Cost("a", 0.0, 2.0), "0 -> 2 trainings a month; no run says yet what one takes"),
        (
            Cost("a", 30.0, None, 3, 5.0),
            "30 -> an unknown number of trainings a month, 5 CPU seconds each (the median of the last 3 runs)",
        ),
        (
            Cost("a", 1.0, 2.0, problem="S3 cannot be reached."),
            "1 -> 2 trainings a month; the last runs cannot be read: S3 cannot be reached.",
        ),
    ],
)
def test_a_cost(cost, said):
    assert say_cost(cost) == said


def test_the_total_counts_those_that_are_known():
    known = [Cost("a", 1.0, 2.0, 3, 60.0), Cost("b", 2.0, 0.0, 3, 60.0)]
    assert say_total(known) == "together 3 CPU minutes -> 2 CPU minutes a month"
    assert say_total([*known, Cost("c", 0.0, 1.0)]).endswith("a month, without c")
    assert say_total(known[:1]) is None
