"""A plan whose base has moved: what only the merge of both sides shows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from refinery.review import plan_as_github
from refinery.review.risks import KINDS
from tests.review.comparison.conftest import config

CHURN = config("churn")
RETRIES = config("churn", "retries: 3\n")
MOVED = "main has 1 commit that this change was not made on; they are not part of the plan."
SHARED = {"configs/alpha.yml": config("shared")}
READER = config("reader").replace('"0 12 * * *"', "{assets: [s3://models/churn/]}")


@pytest.fixture
def meet(project):
    """Commit files on main, others on a branch made before them, and plan the branch, or the working tree on it."""

    def plan(ours, theirs, *, before=None, head="change"):
        project.commit(before or {})
        project.git("checkout", "-q", "-b", "change")
        if head:
            project.commit(ours)
        project.git("checkout", "-q", "main")
        tip = project.commit(theirs)
        project.git("checkout", "-q", "change")
        if not head:
            project.lay_out(ours)
        return project.plan("main", head), tip[:7]

    return plan


def codes(plan):
    return [one.code for one in plan.risks if one.severity == "high"]


@pytest.mark.parametrize("head", ["change", None], ids=["commit", "working tree"])
@pytest.mark.parametrize(("ours", "theirs"), [("alpha", "beta"), ("beta", "alpha")])
def test_two_configs_that_write_one_prefix_are_both_named(meet, ours, theirs, head):
    plan, tip = meet(
        {f"configs/{ours}.yml": config("shared")}, {f"configs/{theirs}.yml": config("shared")}, head=head
    )
    (risk,) = [one for one in plan.risks if one.severity == "high"]
    assert (risk.code, risk.pipelines, risk.place.path) == ("R046", (ours,), f"configs/{ours}.yml")
    assert f"merged into main as it is now ({tip}), configs/{ours}.yml:3 is wrong" in risk.sentence
    assert f"is also the output of {theirs} (configs/{theirs}.yml)" in risk.sentence
    assert (plan.head_problems, plan.notes[0]) == ((), MOVED)
    assert f"::error file=configs/{ours}.yml,line=3,title=R046 merge has errors::" in plan_as_github(plan)


def test_two_files_of_one_dag_id_are_both_named(meet):
    plan, _ = meet({"configs/sales.yml": config("sales")}, {"configs/sales.yaml": config("other")})
    (risk,) = [one for one in plan.risks if one.code == "R046"]
    assert "configs/sales.yml:1 is wrong: replaces sales.yaml, which existed before" in risk.sentence


def test_schedules_that_are_a_circle_together(meet):
    before = {f"configs/{name}.yml": config(name) for name in ("a", "b")}

    def waits(name, other):
        text = config(name).replace('"0 12 * * *"', f"{{assets: [s3://models/{other}/]}}")
        return {f"configs/{name}.yml": text}

    plan, _ = meet(waits("a", "b"), waits("b", "a"), before=before)
    assert "R046" in codes(plan)


def test_a_risk_that_only_the_merge_has(meet):
    """One side starts to wait for what the other removes."""
    plan, tip = meet(
        {"configs/reader.yml": READER}, {"configs/churn.yml": None, "configs/x.yml": config("x")}
    )
    (risk,) = [one for one in plan.risks if one.code == "R033"]
    assert risk.sentence.startswith(
        f"merged into main as it is now ({tip}): no pipeline of the project writes"
    )


def test_pipelines_that_the_change_newly_reaches_or_no_longer_changes_are_named(meet):
    before = {"configs/defaults.yml": "retries: 3\n"}
    theirs = {"configs/new.yml": config("new"), "configs/churn.yml": config("churn", "retries: 5\n")}
    plan, tip = meet({"configs/defaults.yml": "retries: 2\n"}, theirs, before=before)
    assert [one.dag_id for one in plan.pipelines] == ["churn"]
    assert plan.notes == (
        MOVED,
        f"Merging into main as it is now ({tip}) changes these pipelines otherwise than shown here: churn, new.",
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"configs/a.yml": config("a")}, {"configs/b.yml": config("b")}),
        ({"configs/a.yml": config("a")}, {"README.md": "A note.\n"}),
        (
            {"configs/a.yml": config("a"), "README.md": "1\n"},
            {"configs/b.yml": config("b"), "README.md": "2\n"},
        ),
        ({"configs/a.yml": config("a")}, {"configs/b.yml": "sourse: x\n"}),
        ({"configs/churn.yml": RETRIES}, {"configs/churn.yml": f"description: Churn\n{CHURN}"}),
    ],
    ids=["apart", "no config", "conflict elsewhere", "an error of the base alone", "two edits of one file"],
)
def test_what_fits_adds_nothing(meet, ours, theirs):
    plan, _ = meet(ours, theirs)
    assert (codes(plan), plan.notes) == ([], (MOVED,))


def test_a_conflict_is_a_note(meet):
    plan, tip = meet({"configs/churn.yml": RETRIES}, {"configs/churn.yml": config("churn", "retries: 4\n")})
    assert [one.dag_id for one in plan.pipelines] == ["churn"]
    assert plan.notes == (
        MOVED,
        f"What merging into main as it is now ({tip}) gives was not checked: the two are in conflict in configs/churn.yml.",
    )


def test_a_git_that_cannot_merge_without_a_checkout_is_a_note(meet, tmp_path, monkeypatch):
    """An old git prints how `merge-tree` was called then, and ends with status 129."""
    old = tmp_path / "bin/git"
    old.parent.mkdir()
    asks = f'case "$*" in *--write-tree*) exit 129;; esac\nexec {shutil.which("git")} "$@"\n'
    old.write_text(f"#!/bin/sh\n{asks}")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    plan, tip = meet(SHARED, {"configs/beta.yml": config("shared")})
    assert (codes(plan), plan.notes[1]) == (
        [],
        f"What merging into main as it is now ({tip}) gives was not checked: that takes git 2.38 or newer.",
    )


@pytest.mark.parametrize("head", ["change", None], ids=["commit", "working tree"])
def test_the_repository_does_not_change(project, meet, head):
    meet(SHARED, {"configs/beta.yml": config("shared")}, head=head)
    project.git("status")  # which renews the index
    files = {path: path.read_bytes() for path in Path(project.root).rglob("*") if path.is_file()}
    assert codes(project.plan("main", head)) == ["R046"]
    assert {path: path.read_bytes() for path in Path(project.root).rglob("*") if path.is_file()} == files


def test_the_working_tree_of_a_linked_worktree_in_a_folder_with_a_colon(project, meet, tmp_path):
    meet(SHARED, {"configs/beta.yml": config("shared")})
    project.git("checkout", "-q", "main")
    linked = type(project)(tmp_path / 'a:b "c"')
    project.git("worktree", "add", "-q", str(linked.root), "change")
    linked.lay_out({"configs/gamma.yml": config("gamma")})
    assert codes(linked.plan()) == ["R046"]


def test_a_project_sets_how_bad_it_is(meet):
    off = {"pyproject.toml": '[tool.refinery.plan]\nseverity = {R046 = "low"}\n'}
    plan, _ = meet(SHARED, {"configs/beta.yml": config("shared")}, before=off)
    assert [one.severity for one in plan.risks if one.code == "R046"] == ["low"]
    assert KINDS["R046"].severity == "high"
