"""What holds of any two versions of a project."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.effort import effort

# Values of some keys, all right in themselves, so that any choice of them is a config.
VALUES = {
    "description": st.sampled_from(["A model.", "Another: model", "Größe"]),
    "model": st.sampled_from(
        ["ridge", "sklearn.linear_model.Ridge", {"module": "ridge", "params": {"alpha": 1}}]
    ),
    "target": st.sampled_from(["y", 0, -1]),
    "features": st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True),
    "schedule": st.sampled_from(
        ["@daily", "0 12 * * *", {"every": "6h"}, {"assets": ["s3://models/other/"]}]
    ),
    "timezone": st.sampled_from(["UTC", "Europe/Paris", "America/New_York"]),
    "catchup": st.booleans(),
    "retries": st.integers(0, 5),
    "tags": st.lists(st.sampled_from(["x", "y"]), unique=True),
    "require": st.sampled_from([{"r2": {"min": 0.1}}, {"r2": {"min": 0.5}, "mae": {"max": 3}}]),
    "wait_for": st.sampled_from([True, False, {"timeout": "2h"}]),
    "expect": st.sampled_from([{"rows": {"min": 3}}, {"columns": {"a": {"type": "number", "min": 0}}}]),
}
configs = st.fixed_dictionaries({"model": VALUES.pop("model")}, optional=VALUES)
projects = st.dictionaries(st.sampled_from(["a", "b", "team/c", "team/d"]), configs, max_size=4)


def files_of(pipelines, *, order=None):
    """Write a project's configs, in an order of keys and with comments where a seed for them is given."""
    files = {"configs/kept.yml": write("kept", {"model": "ridge"}, None)}
    files |= {f"configs/{name}.yml": write(name, values, order) for name, values in pipelines.items()}
    return files


def write(name, values, order):
    keys = {"source": f"s3://data/{name}.csv", "output": f"s3://models/{name}/{{{{ ds }}}}/", **values}
    names = list(keys)
    if order is not None:
        random.Random(order).shuffle(names)
    texts = (yaml.safe_dump({one: keys[one]}, allow_unicode=True) for one in names)
    return ("" if order is None else "# A comment.\n\n").join(texts)


@pytest.fixture(scope="module")
def versions(versioned_project):
    """Commit a version of the project, and return its commit."""

    def commit(files):
        versioned_project.git("rm", "-rqf", "--ignore-unmatch", "configs")
        return versioned_project.commit(files)

    return commit


@settings(max_examples=effort(15, 200), deadline=None, suppress_health_check=list(HealthCheck))
@given(before=projects, after=projects)
def test_there_and_back_swaps_what_comes_and_goes(versioned_project, versions, before, after):
    there = plan_between(versioned_project, versions, files_of(before), files_of(after))
    back = plan_between(versioned_project, versions, files_of(after), files_of(before))
    assert [swapped(change) for change in back] == [outline(change) for change in there]


@settings(max_examples=effort(10, 200), deadline=None, suppress_health_check=list(HealthCheck))
@given(pipelines=projects, order=st.integers())
def test_the_order_of_keys_and_comments_never_matters(versioned_project, versions, pipelines, order):
    after = files_of(pipelines, order=order)
    assert plan_between(versioned_project, versions, files_of(pipelines), after) == []


@settings(max_examples=effort(10, 200), deadline=None, suppress_health_check=list(HealthCheck))
@given(before=projects, after=projects)
def test_the_same_versions_give_the_same_plan(versioned_project, versions, before, after):
    base, head = versions(files_of(before)), versions(files_of(after))
    assert versioned_project.plan(base, head) == versioned_project.plan(base, head)


def plan_between(project, versions, before, after):
    base, head = versions(before), versions(after)
    plan = project.plan(base, head)
    assert not plan.base_problems
    assert not plan.head_problems
    assert plan.unchanged + len(plan.pipelines) == len({*before, *after}) - sum(
        change.kind == "renamed" for change in plan.pipelines
    )
    return sorted(
        plan.pipelines, key=lambda change: sorted(filter(None, (change.dag_id, change.previous_id)))
    )


def outline(change):
    """Say what a change is, but for what only one direction has."""
    values = sorted((one.key, str(one.before), str(one.after)) for one in change.changes)
    return (
        change.kind,
        change.previous_id or change.dag_id,
        change.dag_id,
        values,
        change.before,
        change.after,
    )


def swapped(change):
    """Say the same of the change back."""
    kinds = {"added": "removed", "removed": "added"}
    back = replace(
        change,
        kind=kinds.get(change.kind, change.kind),
        changes=tuple(replace(one, before=one.after, after=one.before) for one in change.changes),
        before=change.after,
        after=change.before,
        dag_id=change.previous_id or change.dag_id,
        previous_id=change.dag_id if change.previous_id else None,
    )
    return outline(back)
