"""The whole plan in repositories of other shapes than one folder with all of its history."""

from __future__ import annotations

import re

import pytest

from refinery.review.compare import make_plan
from refinery.review.errors import ReviewError
from refinery.review.formats import plan_as_github, plan_as_json, plan_as_markdown, plan_as_text

PIPELINE = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/x/{{ ds }}/\nretries: 3\n"
FILES = {"configs/x.yml": PIPELINE, "include/models/ridge.py": "def build_model():\n    return None\n"}
RETRIES = """
1 medium risk
  medium   R060 fewer retries
           retries of a failed task go from 3 to 1: a temporary fault, such as throttling, fails the
           run sooner
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
    assert plan(tmp_path / "clone", "HEAD~1") == f"Plan: 1 medium risk; 1 pipeline changes\n{RETRIES}"


def test_a_shallow_clone_without_the_commit_that_the_change_was_made_on(committed, edit, git, tmp_path):
    origin = committed("origin")
    git(origin, "checkout", "-q", "-b", "change")
    edit(origin)
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-single-branch", f"file://{origin}", "clone")
    with pytest.raises(ReviewError) as raised:
        make_plan(tmp_path / "clone", base="origin/main", head="origin/change", environment="local", day=None)
    assert "fetch" in str(raised.value)


def test_a_clone_without_the_contents_of_files_fetches_those_of_the_base(committed, edit, git, tmp_path):
    origin = committed("origin")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "checkout", "-q", "-b", "change")
    edit(origin)
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--branch", "change", f"file://{origin}", "clone")
    assert plan(tmp_path / "clone", "HEAD~1") == f"Plan: 1 medium risk; 1 pipeline changes\n{RETRIES}"


def test_a_default_branch_of_another_name_is_the_usual_base(committed, edit, git, tmp_path):
    origin = committed("origin")
    git(origin, "branch", "-m", "trunk")
    git(tmp_path, "clone", "-q", f"file://{origin}", "clone")
    edit(tmp_path / "clone")
    made = make_plan(tmp_path / "clone", base=None, head=None, environment=None, day=None)
    assert (made.base.name, made.notes, len(made.pipelines)) == ("origin/trunk", (), 1)


def test_the_commit_where_a_change_left_its_base_is_named_as_such(committed, edit, git):
    root = committed("project")
    git(root, "checkout", "-q", "-b", "change")
    edit(root)
    fork, head = (
        make_plan(root, base=base, head=None, environment=None, day=None) for base in ("main", "HEAD")
    )
    assert "main (" in plan_as_text(fork)
    git(root, "checkout", "-q", "main")
    git(root, "commit", "-q", "--allow-empty", "-m", "meanwhile")
    git(root, "checkout", "-q", "change")
    made = make_plan(root, base="main", head=None, environment=None, day=None)
    assert made.base.commit == fork.base.commit != head.base.commit
    assert f"main at the fork point {made.base.commit[:7]}" in plan_as_text(made)
    assert f"main at the fork point {made.base.commit[:7]}" in plan_as_markdown(made)


def test_annotations_name_files_from_the_repositorys_own_folder(committed, git):
    root = committed("project", "ml/churn")
    file = root / "ml/churn/configs/x.yml"
    file.write_text(f"{file.read_text().replace('retries: 3', 'retries: 1')}poool: x\n")
    errors = plan_as_github(make_plan(root / "ml/churn", base="main", head=None, environment=None, day=None))
    assert errors.startswith("::error file=ml/churn/configs/x.yml,line=5,")
    file.write_text(file.read_text().replace("poool: x\n", ""))
    risks = plan_as_github(make_plan(root / "ml/churn", base="main", head=None, environment=None, day=None))
    assert risks.startswith("::warning file=ml/churn/configs/x.yml,line=4,title=R060")


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
    expected = f"Plan: 1 medium risk; 1 pipeline changes\n{RETRIES}"
    assert plan(root, "HEAD~1") == expected
    assert plan(root, "HEAD~1", "HEAD") == expected


@pytest.mark.parametrize("folder", ["ml pipelines", "données/équipe d'été"])
def test_a_project_in_a_folder_with_spaces_and_unicode(committed, edit, git, folder):
    root = committed("origin", folder)
    git(root, "checkout", "-q", "-b", "change")
    edit(root, folder)
    assert plan(root / folder, "main") == f"Plan: 1 medium risk; 1 pipeline changes\n{RETRIES}"


@pytest.mark.parametrize("head", [None, "HEAD"], ids=["working tree", "commit"])
def test_configs_behind_a_link(committed, git, head):
    root = committed("project")
    (root / "configs").rename(root / "elsewhere")
    (root / "configs").symlink_to("elsewhere")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "link")
    with pytest.raises(ReviewError, match=re.escape('"configs" is a symbolic link')):
        make_plan(root, base="HEAD~1", head=head, environment="local", day=None)


def test_configs_that_were_behind_a_link_so_far(committed, git):
    root = committed("project")
    (root / "configs").rename(root / "elsewhere")
    (root / "configs").symlink_to("elsewhere")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "link")
    (root / "configs").unlink()
    (root / "elsewhere").rename(root / "configs")
    text = plan(root, "HEAD")
    assert text.startswith("Plan: 1 low risk; 1 pipeline added")
    notes = " ".join(text.partition("\nNotes\n")[2].split())
    assert "In HEAD, configs is a symbolic link, and git does not record what lies behind it" in notes
    assert "HEAD has no configs/: every pipeline is new." in notes


def test_a_revision_that_was_not_fetched(committed):
    with pytest.raises(ReviewError) as raised:
        make_plan(committed("project"), base="upstream/release", head=None, environment="local", day=None)
    assert str(raised.value) == (
        'git does not know the revision "upstream/release"; name a branch, a tag or a commit. Fetch it with: git fetch origin'
    )


@pytest.mark.parametrize("swap", [False, True], ids=["comes", "goes"])
@pytest.mark.parametrize("write", [plan_as_text, plan_as_markdown, plan_as_json, plan_as_github])
@pytest.mark.parametrize(
    "line",
    [
        "description: uses token=abcdefgh12345678",
        'tags: ["password=abcdefgh12345678"]',
        "model: {module: ridge, params: {solver: AKIAABCDEFGH12345678}}",
        "source: https://user:abcdefgh12345678@data.example.com/x.csv",
    ],
)
def test_a_secret_is_in_no_format(write_files, git, line, write, swap):
    key = line.partition(":")[0]
    kept = "".join(one for one in PIPELINE.splitlines(keepends=True) if not one.startswith(f"{key}:"))
    before, after = (f"{kept}{line}\n", PIPELINE) if swap else (PIPELINE, f"{kept}{line}\n")
    root = write_files("project", {**FILES, "configs/x.yml": before})
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
    (root / "configs/x.yml").write_text(after)
    text = write(make_plan(root, base="main", head=None, environment="local", day=None))
    assert "secret" in text
    assert "abcdefgh12345678" not in text.lower()


def test_a_files_name_cannot_add_a_line(committed):
    root = committed("origin")
    (root / "configs/y.yml:1:1: fine\n\nPlan: no pipeline changes\n.yml").write_text(PIPELINE)
    made = make_plan(root, base="main", head=None, environment="local", day=None)
    for said in (
        plan_as_text(made, width=100, color=False),
        plan_as_markdown(made),
        plan_as_github(made),
        plan_as_json(made),
    ):
        assert not [line for line in said.split("\n") if line.startswith("Plan: no")]
