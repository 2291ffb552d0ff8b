"""The workflow files themselves: their form, what they may do, and whom they trust."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from refinery.review import versions

PROJECT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
TEMPLATES = PROJECT / "include/refinery/scaffold/files/github/workflows"


def read(file: Path) -> dict:
    return yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # "on" is a key, not a boolean


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def each_workflow(trigger: str = "") -> pytest.MarkDecorator:
    """Run a test for every workflow, or for those that an event starts."""
    files = [file for file in WORKFLOWS if not trigger or trigger in read(file)["on"]]
    return pytest.mark.parametrize("file", files, ids=lambda file: file.stem)


def test_they_follow_githubs_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    files = [*WORKFLOWS, *TEMPLATES.glob("*.yml")]
    checked = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_zizmor_finds_no_weakness_in_them():
    """It knows how workflows are attacked: injection, untrusted triggers, credentials left behind, moving versions."""
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [
        zizmor,
        "--offline",
        "--persona",
        "pedantic",
        "--no-progress",
        WORKFLOWS[0].parent,
        *TEMPLATES.glob("*.yml"),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@each_workflow()
def test_actions_are_pinned_by_hash_with_the_version_next_to_it(file):
    used = re.findall(r"^ +(?:- )?uses: (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_an_action_has_one_version_everywhere():
    used = {
        line for file in WORKFLOWS for line in re.findall(r"uses: (.*)", file.read_text(encoding="utf-8"))
    }
    assert len({action.partition("@")[0] for action in used}) == len(used)


@each_workflow()
def test_jobs_have_an_end_and_no_rights_but_their_own(file):
    workflow = read(file)
    assert workflow["permissions"] == {}
    assert "concurrency" in workflow
    for job in workflow["jobs"].values():
        assert int(job["timeout-minutes"]) <= 90
        assert job["permissions"]


@each_workflow("pull_request")
def test_what_a_pull_request_can_run_has_no_secret_and_writes_nothing(file):
    text = file.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "github.token" not in text
    assert [job["permissions"] for job in read(file)["jobs"].values()] == [{"contents": "read"}]


@each_workflow("workflow_run")
def test_what_may_write_checks_out_the_default_branch_alone_and_runs_nothing_else(file):
    workflow = read(file)
    (checkout,) = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert not {"ref", "repository"} & set(checkout["with"])
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    assert commands == ['PYTHONPATH=include python3 -m refinery.sticky_comment github "$RUNNER_TEMP/review"']


@each_workflow()
def test_no_workflow_is_started_with_rights_by_a_pull_request(file):
    assert "pull_request_target" not in read(file)["on"]


@each_workflow()
def test_commands_take_what_others_wrote_from_variables_alone(file):
    """An expression in a command is replaced before the shell reads it: a branch's name could be a command."""
    for step in steps(read(file)):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("name", ["review.yml", "review-comment.yml"])
def test_a_new_project_gets_workflows_that_the_same_events_start_for_the_same_checks(name):
    """Its steps differ: it installs Refinery where this project has it."""
    ours, theirs = read(WORKFLOWS[0].with_name(name)), read(TEMPLATES / name)
    parts = ("on", "permissions", "concurrency")
    assert [ours[part] for part in parts] == [theirs[part] for part in parts]
    ((ours, theirs),) = zip(ours["jobs"].values(), theirs["jobs"].values(), strict=True)
    parts = ("name", "if", "permissions")
    assert [ours.get(part) for part in parts] == [theirs.get(part) for part in parts]


def test_a_new_projects_review_plans_what_this_projects_does_which_the_tests_play():
    ours, theirs = (steps(read(folder / "review.yml")) for folder in (WORKFLOWS[0].parent, TEMPLATES))
    assert (ours[0], ours[-1]) == (theirs[0], theirs[-1])  # the checkout, and the artifact
    plan, their_plan = (next(step for step in each if step.get("name") == "Plan") for each in (ours, theirs))
    assert plan["env"].items() <= their_plan["env"].items()
    commands = plan["run"].replace("./refinery", "refinery")
    assert their_plan["run"].endswith(commands)


def watched_by_github() -> set[str]:
    (command,) = re.findall(
        r"git diff --stat (.*?)\n +cat ", (PROJECT / ".github/workflows/review.yml").read_text(), re.DOTALL
    )
    return set(command.split())


def watched_by_gitlab() -> set[str]:
    (listed,) = re.findall(r"changes:\s+\[([^\]]*)\]", (PROJECT / "docs/ci.md").read_text())
    return {path.strip().removesuffix("/**/*") for path in listed.split(",")}


def watched_by_the_hook() -> set[str]:
    (repository,) = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    (files,) = [hook["files"] for hook in repository["hooks"] if hook["id"] == "plan"]
    paths = [*(f"{folder}x" for folder in versions._FOLDERS), *versions._FILES]
    return {path.removesuffix("/x") for path in paths if re.search(files, path)}


@pytest.mark.parametrize("watched", [watched_by_github, watched_by_gitlab, watched_by_the_hook])
def test_what_a_plan_tells_of_is_what_starts_one(watched):
    """An image's new version alone is reviewed, too."""
    assert {*(folder.rstrip("/") for folder in versions._FOLDERS), *versions._FILES} <= watched()
