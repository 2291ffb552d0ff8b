"""Renamed pipelines are recognised: moved files, with small edits, and renamed values of a matrix."""

from __future__ import annotations

import pytest

CHURN = """\
description: Which customers leave, from a month of their calls.
source: s3://data/churn.csv
model: {module: ridge, params: {alpha: 0.1}}
output: s3://models/churn/{{ ds }}/
schedule: "0 12 * * *"
target: churned
"""
MATRIX = """\
description: Demand of a region.
source: s3://data/${matrix.region}.csv
model: {module: ridge, params: {alpha: 0.1}}
output: s3://models/demand/${matrix.region}/{{ ds }}/
matrix: {region: [us, eu]}
"""


def kinds(plan):
    return [(change.kind, change.previous_id, change.dag_id) for change in plan.pipelines]


@pytest.fixture
def churn(project):
    project.commit({"configs/churn.yml": CHURN})
    return project


def test_a_moved_config_is_renamed_and_its_history_stays_behind(churn):
    churn.lay_out({"configs/churn.yml": None, "configs/risk/leavers.yml": CHURN})
    plan = churn.plan()
    assert kinds(plan) == [("renamed", "churn", "risk.leavers")]
    (change,) = plan.pipelines
    # The folder's name is a tag; nothing else changes.
    assert [one.key for one in change.changes] == ["tags"]
    (left,) = change.left_behind  # its models are gone on with
    assert "risk.leavers is a new DAG to Airflow, without history" in left


def test_a_moved_and_edited_config_is_renamed_and_its_edits_are_reported(churn):
    text = CHURN.replace("models/churn", "models/leavers").replace("0.1", "0.5")
    churn.lay_out({"configs/churn.yml": None, "configs/leavers.yml": text})
    (change,) = churn.plan().pipelines
    assert (change.kind, change.previous_id) == ("renamed", "churn")
    assert [one.key for one in change.changes] == ["model.params.alpha", "output.url"]
    assert len(change.left_behind) == 2


def test_another_pipeline_in_the_place_of_a_removed_one_is_no_rename(churn):
    text = CHURN.replace("churn", "wine").replace(
        "Which customers leave, from a month of their calls", "Wine"
    )
    churn.lay_out({"configs/churn.yml": None, "configs/wine.yml": text})
    assert kinds(churn.plan()) == [("removed", None, "churn"), ("added", None, "wine")]


def test_what_two_share_by_the_defaults_makes_them_no_more_alike(churn):
    churn.commit(
        {
            "configs/defaults.yml": "retries: 5\nowner: risk\ntimezone: Europe/Paris\nqueue: large\npool: gpu\npriority: 3\n"
        }
    )
    text = "source: s3://data/wine.csv\nmodel: ridge\noutput: s3://models/wine/{{ ds }}/\n"
    churn.lay_out({"configs/churn.yml": None, "configs/wine.yml": text})
    assert [kind for kind, *_ in kinds(churn.plan())] == ["removed", "added"]


def test_a_renamed_value_of_a_matrix_renames_its_pipeline(project):
    project.commit({"configs/churn.yml": None, "configs/demand.yml": MATRIX})
    project.lay_out({"configs/demand.yml": MATRIX.replace("eu", "emea")})
    assert kinds(project.plan()) == [("renamed", "demand__eu", "demand__emea")]


def test_values_of_a_matrix_that_could_be_either_are_removed_and_added(project):
    project.commit({"configs/churn.yml": None, "configs/demand.yml": MATRIX})
    project.lay_out({"configs/demand.yml": MATRIX.replace("us, eu", "north, south")})
    assert sorted(kind for kind, *_ in kinds(project.plan())) == ["added", "added", "removed", "removed"]


def test_the_pipelines_of_a_moved_matrix_are_renamed_each_to_its_own(project):
    project.commit({"configs/churn.yml": None, "configs/demand.yml": MATRIX})
    project.lay_out({"configs/demand.yml": None, "configs/sales.yml": MATRIX})
    assert kinds(project.plan()) == [
        ("renamed", "demand__eu", "sales__eu"),
        ("renamed", "demand__us", "sales__us"),
    ]


def test_there_and_back_is_swapped(churn):
    churn.git("checkout", "-qb", "change")
    after = churn.commit(
        {
            "configs/churn.yml": None,
            "configs/leavers.yml": CHURN.replace("0.1", "0.5"),
            "configs/new.yml": CHURN.replace("churn", "new").replace("Which", "Some"),
        }
    )
    churn.git("checkout", "-q", "--detach", "main")
    churn.git("checkout", "-q", after, "--", "configs")
    churn.git("rm", "-qf", "configs/churn.yml")
    there = churn.plan("main")
    assert kinds(there) == [("renamed", "churn", "leavers"), ("added", None, "new")]
    assert kinds(churn.plan("main", "change")) == kinds(there)
