"""`refinery plan` on the command line: its formats and its exit status."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest


@pytest.fixture
def git(refinery):
    def run(*arguments):
        identity = {
            f"GIT_{who}_{what}": "a@example.com"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        command = ["git", "-C", refinery.root, *arguments]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **identity})

    run("init", "-q", "-b", "main")
    (refinery.root / ".git" / "info" / "exclude").write_text("__pycache__/\n")
    refinery.write("configs/churn.yml")
    run("add", "-A")
    run("commit", "-q", "-m", "first")
    yield run
    shutil.rmtree(refinery.root / ".git")  # the project is that of other tests, too


def test_a_change_is_shown_in_every_format(refinery, git):
    refinery.write("configs/churn.yml", refinery.read("configs/churn.yml") + "retries: 7\n")
    assert "retries: 2 (default) -> 7" in refinery("plan").stdout
    assert refinery("plan", "--format", "markdown").stdout.startswith("### Refinery plan: 1 pipeline changes")
    made = json.loads(refinery("plan", "--format", "json").stdout)
    assert [change["dag_id"] for change in made["pipelines"]] == ["churn"]
    assert refinery("plan", "--format", "github").returncode == 0


def test_every_environment_is_planned(refinery, git):
    refinery.write("configs/environments/prod.yml", "defaults: {retries: 3}\n")
    git("add", "-A")
    git("commit", "-q", "-m", "prod")
    refinery.write("configs/environments/prod.yml", "defaults: {retries: 0}\n")
    shown = refinery("plan").stdout
    assert "environments local, prod" in shown
    assert "R060 fewer retries in prod" in shown
    made = json.loads(refinery("plan", "--format", "json").stdout)
    assert (made["environment"], made["environments"]) == ("local, prod", ["local", "prod"])
    assert made["pipelines"][0]["environments"] == made["risks"][0]["environments"] == ["prod"]
    assert "fewer retries" not in refinery("plan", "--env", "local").stdout


def test_a_misspelt_parameter_of_a_class_is_an_error_as_in_validate(refinery, git):
    model = "{class: sklearn.linear_model.Ridge, params: {alfa: 1}}"
    text = refinery.read("configs/churn.yml").replace("random_forest", model)
    refinery.write("configs/churn.yml", text)
    planned, validated = (refinery(command, "--format", "github") for command in ("plan", "validate"))
    assert 'Ridge takes no parameter "alfa"' in planned.stdout
    assert (planned.stdout, planned.returncode) == (validated.stdout, validated.returncode)


def test_the_date_decides_which_objects_are_shown(refinery, git):
    refinery.write("configs/sales.yml")
    made = json.loads(refinery("plan", "--format", "json", "--date", "2026-02-28").stdout)
    assert made["date"] == "2026-02-28"
    assert "s3://models/sales/2026-02-28/model.pkl" in made["pipelines"][0]["after"]["objects"]


def test_broken_configs_end_with_status_1(refinery, git):
    refinery.write("configs/churn.yml", "modle: x\n")
    done = refinery("plan", "--format", "github")
    assert (done.returncode, "configs/churn.yml" in done.stdout) == (1, True)


def test_what_cannot_be_compared_ends_with_status_2(refinery, git):
    done = refinery("plan", "--base", "mian")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'git does not know the revision "mian"; did you mean "main"?' in done.stderr


LOOSER = "retries: 1\n"
ACCEPTED = "# refinery: allow R060 because the source is steady\nretries: 1\n"


@pytest.mark.parametrize(
    ("text", "fail_on", "status"),
    [
        (LOOSER, None, 0),
        (LOOSER, "high", 0),
        (LOOSER, "medium", 1),
        (LOOSER, "low", 1),
        (ACCEPTED, "low", 0),
    ],
)
def test_risks_that_nobody_accepted_end_with_the_status_that_is_asked_for(
    refinery, git, text, fail_on, status
):
    refinery.write("configs/churn.yml", refinery.read("configs/churn.yml") + text)
    done = refinery("plan", *(("--fail-on", fail_on) if fail_on else ()))
    assert ("R060 fewer retries" in done.stdout, done.returncode) == (True, status)


def test_thresholds_that_cannot_be_read_end_with_status_2(refinery, git):
    file = refinery.write("pyproject.toml", "[tool.refinery.plan]\nmatrix_sise = 3\n")
    done = refinery("plan")
    file.unlink()
    assert (done.returncode, done.stdout) == (2, "")
    assert "pyproject.toml: tool.refinery.plan.matrix_sise: unknown key; did you mean" in done.stderr


def test_no_airflow_is_imported(refinery, git):
    modules = refinery.modules("plan")
    assert not {"airflow", "boto3", "pandas", "sklearn", "numpy", "pyarrow"} & modules


def test_code_of_a_fork_is_refused(refinery, git, monkeypatch):
    for name, value in {"CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8"}.items():
        monkeypatch.setenv(name, value)
    refused = refinery("plan", "--base", "main", "--try", "--code")
    assert refused.returncode == 2
    assert "the merge request comes from another project" in refused.stderr
    assert refinery("plan", "--base", "main", "--code").returncode == 2
