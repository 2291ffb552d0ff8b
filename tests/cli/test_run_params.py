"""`--param NAME=VALUE`: what a person may name, and which series of models that chooses."""

from __future__ import annotations

import pytest
import typer

from refinery.cli.run_params import UnsetParamError, find_version, read_params, require_params, series_of
from refinery.config import load_pipeline
from refinery.errors import RefineryError
from refinery.spec.urls import parse_prefix_url

CONFIG = """
params:
  region: {type: text}
  as_of: {type: date}
  share: {type: number, min: 0, max: 1, default: 0.5}
  full: {type: boolean, default: false}
source: s3://data/{{ params.region }}/{{ params.share }}/{{ params.full }}/{{ params.as_of }}.csv
model: sklearn.linear_model.Ridge
output: s3://models/p/region={{ params.region }}/{{ params.share }}/{{ params.full }}/{{ params.as_of }}/
"""


@pytest.fixture
def pipeline(tmp_path):
    (tmp_path / "p.yml").write_text(CONFIG)
    return load_pipeline(tmp_path, "p")


def test_values_are_read_by_their_types(pipeline):
    given = ["region=eu", "share=1", "full=TRUE", "as_of=2026-01-31"]
    expected = {"region": "eu", "share": 1.0, "full": True, "as_of": "2026-01-31"}
    assert read_params(given, [pipeline]) == {"p": expected}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("region", "has no value; write NAME=VALUE"),
        ("regio=eu", 'did you mean "region"'),
        ("region=../x", "cannot be part of an S3 key"),
        ("share=2", "must be at most 1"),
        ("share=many", 'expected a number; found "many"'),
        ("share=nan", "expected a number"),
        ("full=1", "expected true or false"),
        ("as_of=yesterday", "expected a date, such as 2026-01-31"),
    ],
)
def test_what_the_config_does_not_allow_is_refused(pipeline, given, problem):
    with pytest.raises(typer.BadParameter, match=problem):
        read_params([given], [pipeline])


def test_a_run_needs_each_param_that_has_no_default(pipeline):
    with pytest.raises(RefineryError, match="p needs a value for region; add --param region=VALUE"):
        require_params([pipeline], read_params([], [pipeline]))
    require_params([pipeline], read_params(["region=eu"], [pipeline]))


def test_the_params_choose_a_series_whose_versions_are_dates(pipeline):
    with pytest.raises(UnsetParamError, match="add --param region=VALUE"):
        series_of(pipeline)
    series = series_of(pipeline, {"region": "eu"})
    assert str(series.latest_url) == "s3://models/p/region=eu/0.5/false/latest.json"
    assert series.is_dated
    assert not series.may_hold_others
    assert (
        series.version_of(parse_prefix_url("s3://models/p/region=eu/0.5/false/2026-01-31/")) == "2026-01-31"
    )
    assert series.version_of(parse_prefix_url("s3://models/p/region=us/0.5/false/2026-01-31/")) is None


@pytest.mark.parametrize("version", ["2026-01-31", "2026-01-31@3f2a9c1b04de"])
def test_a_url_names_the_params_of_its_series(pipeline, version):
    date, _, replaced = version.partition("@")
    prefix = f"s3://models/p/region=eu/1.0/true/{date}/" + (f"replaced/{replaced}/" if replaced else "")
    found = find_version(pipeline, parse_prefix_url(prefix))
    assert found == (version, {"region": "eu", "share": 1.0, "full": True})


@pytest.mark.parametrize(
    "place", ["region=eu/2.0/true", "region=eu/1/true", "region=e u/1.0/true", "region=eu/1.0/yes"]
)
def test_a_url_of_values_that_no_run_has_is_not_the_pipelines(pipeline, place):
    assert find_version(pipeline, parse_prefix_url(f"s3://models/p/{place}/2026-01-31/")) is None
