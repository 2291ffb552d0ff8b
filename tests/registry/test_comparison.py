"""Two models side by side."""

from __future__ import annotations

import pytest

from refinery.registry import compare

FIRST = {
    "metrics": {"mae": 50.0, "r2": 0.0, "old": 1.0},
    "params": {"depth": 3, "criterion": "mae", "grid": [1, 2], "weight": {"__pairs__": [[0, 1], [1, 5]]}},
    "model": {"name": "forest", "module_sha256": "a"},
    "data": {"rows": 48, "target": {"name": "y"}, "features": [{"name": "a"}]},
    "environment": {"python": "3.12.1", "libraries": {"numpy": "2.4"}},
    "provenance": {"config": {"text": "a: 1\nb: 2\n"}, "dataset": {"url": "s3://d/x.csv", "sha256": "1"}},
}
SECOND = {
    "metrics": {"mae": 45.0, "r2": 0.5},
    "params": {"depth": 5, "criterion": "mae", "grid": [1, 2], "weight": {"0": 1, "1": 5}},
    "model": {"name": "forest", "module_sha256": "b"},
    "data": {"rows": 50, "target": {"name": "y"}, "features": [{"name": "a"}, {"name": "b"}]},
    "environment": {"python": "3.12.1", "libraries": {"numpy": "2.5"}},
    "provenance": {"config": {"text": "a: 1\nb: 3\n"}, "dataset": {"url": "s3://d/x.csv", "sha256": "2"}},
}


@pytest.fixture
def values():
    sections = compare(FIRST, SECOND).sections
    return {f"{section}.{value.name}": value for section, found in sections.items() for value in found}


@pytest.mark.parametrize(
    ("name", "first", "second", "delta"),
    [
        ("metrics.mae", 50.0, 45.0, -5.0),
        ("metrics.old", 1.0, None, None),
        ("params.depth", 3, 5, 2.0),
        ("params.criterion", "mae", "mae", None),
        ("params.grid", "[1, 2]", "[1, 2]", None),
        ("params.weight", "{0: 1, 1: 5}", '{"0": 1, "1": 5}', None),
        ("model.module sha256", "a", "b", None),
        ("data.rows", 48, 50, 2.0),
        ("data.features", 1, 2, 1.0),
        ("data.sha256", "1", "2", None),
        ("environment.numpy", "2.4", "2.5", None),
    ],
)
def test_each_fact_of_both(values, name, first, second, delta):
    value = values[name]
    assert (value.first, value.second, value.delta) == (first, second, delta)
    assert value.differs == (first != second)


def test_the_classes_that_metrics_are_of_are_reported():
    first, second = ({"evaluation": {"positive_class": name}} for name in (False, "fraud"))
    (value,) = compare(first, second).sections["data"]
    assert (value.name, value.first, value.second, value.delta) == ("positive class", "False", "fraud", None)


def test_a_delta_is_also_a_share_of_the_first(values):
    assert values["metrics.mae"].relative_delta == pytest.approx(-0.1)
    assert values["metrics.r2"].relative_delta is None


def test_the_config_is_a_diff():
    assert "-b: 2\n+b: 3" in compare(FIRST, SECOND).config_diff
    assert compare(FIRST, FIRST).config_diff == ""


def test_manifests_that_say_little_are_compared_all_the_same():
    found = compare({}, {"provenance": {"config": None}})
    assert not any(found.sections.values())
