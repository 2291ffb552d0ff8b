"""The whole plan in repositories of other shapes than one folder with all of its history."""

from __future__ import annotations

import pytest

from include.review.compare import make_plan
from include.review.errors import NoCommonCommitError
from include.review.formats import plan_as_text

PIPELINE = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/x/{{ ds }}/\nretries: 3\n"
FILES = {"configs/x.yml": PIPELINE, "include/models/ridge.py": "def build_model():\n    return None\n"}
RETRIES = """
Risks
  medium   R060 fewer retries
           retries of a failed task go from 3 to 1: a fault that passes by itself, as throttling,
           fails the run sooner
           x, configs/x.yml:4

Pipelines
  ~ changed x: running
    configs/x.yml
      4 | retries: 3 -> 1"""


@pytest.fixture
def committed(write_files, git):
    """Make a repository of a project below a folder, and say where it is."""

    def commit(name: str, folder: str = "."):
        root = write_files(name, {f"{folder}/{path}": text for path, text in FILES.items()})
        git(root, "init", "-q", "-b", "main")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "base")
        return root

    return commit


@pytest.fixture
def edit(git):
    """Edit the pipeline of a project, and commit it."""

    def edit_pipeline(root, folder="."):
        file = root / folder / "configs/x.yml"
        file.write_text(file.read_text().replace("retries: 3", "retries: 1"))
        git(root, "commit", "-q", "-a", "-m", "change")

    return edit_pipeline


def plan(root, base, head=None):
    """Write the plan without its second line, which names commits."""
    made = make_plan(root, base=base, head=head, environment="local", day=None)
    lines = plan_as_text(made, width=100, color=False).split("\n")
    return "\n".join([lines[0], *lines[2:]])


def test_a_shallow_clone_that_has_both_commits(committed, edit, git, tmp_path):
    origin = committed("origin")
    git(origin, "checkout", "-q", "-b", "change")
    edit(origin)
    git(tmp_path, "clone", "-q", "--depth", "2", "--branch", "change", f"file://{origin}", "clone")
    assert plan(tmp_path / "clone", "HEAD~1") == f"Plan: 1 pipeline changes, 1 medium risk\n{RETRIES}"


def test_a_shallow_clone_without_the_commit_that_the_change_was_made_on(committed, edit, git, tmp_path):
    origin = committed("origin")
    git(origin, "checkout", "-q", "-b", "change")
    edit(origin)
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-single-branch", f"file://{origin}", "clone")
    with pytest.raises(NoCommonCommitError) as raised:
        make_plan(tmp_path / "clone", base="origin/main", head="origin/change", environment="local", day=None)
    assert "fetch" in str(raised.value)


def test_configs_in_a_submodule(committed, write_files, git, tmp_path):
    configs = write_files("team", {"x.yml": PIPELINE})
    git(configs, "init", "-q", "-b", "main")
    git(configs, "add", "-A")
    git(configs, "commit", "-q", "-m", "base")
    root = write_files("project", {"include/models/ridge.py": FILES["include/models/ridge.py"]})
    git(root, "init", "-q", "-b", "main")
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(configs), "configs")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
    (root / "configs/x.yml").write_text(PIPELINE.replace("retries: 3", "retries: 1"))
    git(root / "configs", "commit", "-q", "-a", "-m", "change")
    git(root, "commit", "-q", "-a", "-m", "change")
    expected = f"Plan: 1 pipeline changes, 1 medium risk\n{RETRIES}"
    assert plan(root, "HEAD~1") == expected
    assert plan(root, "HEAD~1", "HEAD") == expected


@pytest.mark.parametrize("folder", ["ml pipelines", "données/équipe d'été"])
def test_a_project_in_a_folder_with_spaces_and_unicode(committed, edit, git, folder):
    root = committed("origin", folder)
    git(root, "checkout", "-q", "-b", "change")
    edit(root, folder)
    assert plan(root / folder, "main") == f"Plan: 1 pipeline changes, 1 medium risk\n{RETRIES}"
