"""A manifest is JSON that others may write: what is not of its shape is an error that names the place."""

from __future__ import annotations

import json

import pytest

from refinery.registry.errors import ModelNotFoundError
from refinery.registry.manifest import parse_manifest

WHOLE = {
    "format": "pickle",
    "model": {"name": "forest", "kind": "module"},
    "script": None,
    "files": {"model.pkl": {"size": 1, "sha256": "0"}},
    "data": {"target": {"name": "y", "dtype": "int64"}, "features": [{"name": "x", "dtype": "float64"}]},
    "metrics": {"mae": 1.5},
    "provenance": {"run": None, "config": {"path": "configs/a.yml"}, "dataset": {"url": "s3://a/b"}, "spec": {}},
    "notes": [],
    "something new": [1],
}  # fmt: skip


def test_a_manifest_of_its_shape_is_read_with_what_is_not_known():
    assert parse_manifest(json.dumps(WHOLE).encode(), "s3://models/a/") == WHOLE
    assert parse_manifest(b"{}", "s3://models/a/") == {}


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ("format", ["pickle"], "format: "),
        ("files", ["model.pkl"], "files is not a JSON object"),
        ("files", {"model.pkl": "0"}, "files.model.pkl: "),
        ("data", {"features": ["x"]}, "data.features.0: "),
        ("data", {"features": [{"dtype": "int64"}]}, "data.features.0.name: "),
        ("data", {"features": [{"name": ["x"], "dtype": "int64"}]}, "data.features.0.name: "),
        ("data", [], "data is not a JSON object"),
        ("source", "", "source is not a JSON object"),
        ("model", 0, "model: "),
        ("data", {"target": "y"}, "data.target: "),
        ("data", {"features": None}, "data.features: "),
        ("data", {"features": [{"name": "x", "categories": 3}]}, "data.features.0.categories: "),
        ("data", {"features": [], "dates": {"x": ["%Y"]}}, "data.dates.x: "),
        ("metrics", {"mae": "1.5"}, "mae is '1.5', not a number"),
        ("model", "forest", "model: "),
        ("script", "legacy.py", "script: "),
        ("notes", "all is well", "notes: "),
        ("metrics", {"mae": 10**400}, ", not a number"),
        ("provenance", {"run": "manual"}, "provenance.run: "),
        ("provenance", {"run": 0}, "provenance.run: "),
        ("provenance", {"config": ["configs/a.yml"]}, "provenance.config: "),
        ("provenance", {"dataset": "s3://a/b"}, "provenance.dataset: "),
        ("provenance", {"spec": True}, "provenance.spec: "),
    ],
)
def test_another_shape_is_refused(place, value, problem):
    with pytest.raises(ModelNotFoundError) as raised:
        parse_manifest(json.dumps({**WHOLE, place: value}).encode(), "s3://models/a/")
    assert "s3://models/a/" in str(raised.value)
    assert problem in str(raised.value)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 20_000])
def test_what_is_nested_without_end_is_refused(content):
    with pytest.raises(ModelNotFoundError, match=r"its manifest\.json is damaged"):
        parse_manifest(content.encode(), "s3://models/a/")
