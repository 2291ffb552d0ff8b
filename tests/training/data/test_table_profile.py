"""A table at a glance."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from refinery.spec.table_profile import Distribution, RecordedProfile
from refinery.training import profile_table


def column(values, dtype=None):
    return profile_table(pd.DataFrame({"a": pd.Series(values, dtype=dtype)})).columns[0]


@pytest.mark.parametrize(
    ("values", "dtype", "nulls", "figures"),
    [
        ([1, 2, 6], None, 0, (1, 6, 3)),
        ([1.5, None, 2.5], None, 1, (1.5, 2.5, 2)),
        ([1, None, 5], "Int64", 1, (1, 5, 3)),
        ([1, None, 5], "int64[pyarrow]", 1, (1, 5, 3)),
    ],
)
def test_numbers_show_range_and_mean(values, dtype, nulls, figures):
    seen = column(values, dtype)
    assert (seen.nulls, seen.top) == (nulls, ())
    assert (seen.minimum, seen.maximum, seen.mean) == figures


def test_moments_show_the_first_and_the_last():
    seen = column(pd.to_datetime(["2026-01-31", "2025-12-01 06:30", None], format="ISO8601"))
    assert (seen.nulls, seen.minimum, seen.maximum) == (1, "2025-12-01 06:30:00", "2026-01-31")


@pytest.mark.parametrize(
    ("values", "distinct", "top"),
    [
        (["b", "a", "a", "b", "c", None], 3, [("a", 0.4), ("b", 0.4)]),
        ([True, False, True, True], 2, [("True", 0.75)]),
        ([[1], [1], [2]], 2, [("[1]", 2 / 3)]),
        (["each", "once"], 2, []),
        (pd.Categorical(["a", "a"], categories=["a", "b"]), 1, [("a", 1)]),
    ],
)
def test_other_values_show_the_most_frequent_that_repeat(values, distinct, top):
    seen = column(values)
    assert seen.distinct == distinct
    assert [(each.value, pytest.approx(each.share)) for each in seen.top] == top


@pytest.mark.parametrize(("different", "listed"), [(20, 20), (21, 3)])
def test_few_values_are_all_listed(different, listed):
    seen = column([f"value {at}" for at in range(different)] * 2)
    assert (seen.distinct, len(seen.top)) == (different, listed)


def test_a_column_of_nulls_shows_their_number():
    seen = column([None, None])
    assert (seen.nulls, seen.minimum, seen.distinct) == (2, None, None)


def test_an_empty_table_has_no_figures():
    profile = profile_table(pd.DataFrame({"a": [], "b": []}), "b")
    assert (profile.rows, profile.distribution) == (0, None)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["no", "yes", "no"], ("no", "yes")),
        ([3, 1, 1, 2, 2, 2], ("2", "1", "3")),
        ([True, False, False], ("False", "True")),
        ([1.0, 0.0, 1.0, None], ("1.0", "0.0")),
    ],
)
def test_a_target_of_few_values_is_counted(values, shown):
    distribution = profile_table(pd.DataFrame({"a": values}), "a").distribution
    assert distribution == Distribution(distribution.counts, values=shown)


def test_a_target_of_many_numbers_is_binned():
    distribution = profile_table(pd.DataFrame({"a": np.arange(1000.0)}), "a").distribution
    assert sum(distribution.counts) == 1000
    assert (len(distribution.edges), distribution.edges[0], distribution.edges[-1]) == (21, 0, 999)


@pytest.mark.parametrize("values", [[np.inf, -np.inf], [-1.7e308, 1.7e308, 0.5], [0.5, np.nextafter(0.5, 1)]])
def test_a_target_that_no_bins_fit_has_no_distribution(values):
    assert profile_table(pd.DataFrame({"a": values}), "a").distribution is None


def test_rare_classes_are_counted_together():
    classes = [f"class {at}" for at in range(30) for _ in range(30 - at)]
    distribution = profile_table(pd.DataFrame({"a": classes}), "a").distribution
    assert len(distribution.values) == 20
    assert distribution.others == sum(range(1, 11))


def test_a_large_table_is_sampled_but_its_nulls_and_ranges_are_exact():
    values = np.zeros(1_000_001)
    values[777_777], values[3] = 9, np.nan
    profile = profile_table(pd.DataFrame({"a": values, "b": ["x"] * len(values)}), "b")
    assert profile.sampled_rows == 47_620
    assert (profile.columns[0].nulls, profile.columns[0].maximum) == (1, 9)
    assert profile.distribution.counts == (47_620,)


def test_a_table_of_the_sample_s_size_is_not_sampled():
    assert profile_table(pd.DataFrame({"a": range(50_000)}), "a").sampled_rows is None


def test_a_record_has_room_for_short_values_and_for_columns_of_a_usual_table():
    short, long = "x" * 40, "x" * 41
    record = RecordedProfile.of(profile_table(pd.DataFrame({"a": [short, long, "\x07"] * 2})), 6)
    assert [one.value for one in record.columns[0].top] == [short]
    assert record.columns[0].distinct == 3

    wide = pd.DataFrame({f"column {at}": np.arange(3.0) for at in range(1000)})
    record = RecordedProfile.of(profile_table(wide), 30)
    assert 100 < len(record.columns) < 300
    assert len(record.columns) + record.columns_left_out == 1000
    assert (record.rows, record.total_rows, record.counted_rows) == (3, 30, 3)
    assert len(json.dumps(record.to_dict(), indent=2)) < 50_000
