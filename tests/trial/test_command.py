"""`refinery plan --try --against-latest` in a new clone of the project, with its sample data."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

_WHO = ("-c", "user.name=A", "-c", "user.email=a@example.org")


@pytest.fixture
def edited(project_copy):
    """A repository of the project whose working tree changes two params."""
    git = ("git", "-C", str(project_copy))
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "configs", "include"], check=True)
    subprocess.run([*git, *_WHO, "commit", "-qm", "base"], check=True)
    config = project_copy / "configs" / "diabetes_progression.yml"
    text = config.read_text()
    config.write_text(text.replace("alpha: 0.1", "alpha: 100") + "require: {r2: {min: 0.9}}\n")
    wine = project_copy / "configs" / "wine_cultivar.yml"
    wine.write_text(
        wine.read_text().replace(
            "model: wine_classifier", "model: {module: wine_classifier, params: {test_size: 2.0}}"
        )
    )
    return project_copy


def _plan(root, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "refinery", "plan", "--base", "main", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'include'}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_plan_is_measured(edited):
    done = _plan(edited, "--try", "--rows", "300", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    diabetes, wine = document["trials"]
    assert (diabetes["dag_id"], diabetes["rows"]) == ("diabetes_progression", 300)
    assert diabetes["before"]["gate"] is None
    assert diabetes["after"]["gate"] == "rejected"
    assert diabetes["after"]["gates"][0]["metric"] == "r2"
    assert dict(diabetes["before"]["metrics"]).keys() == {"mae", "mse", "rmse", "r2"}
    assert "test_size" in wine["after"]["problem"]
    assert wine["before"]["metrics"]
    assert any("no code of the other revision runs" in note for note in document["notes"])
    assert "Training wine_cultivar" in done.stderr
    (risk,) = [one for one in document["risks"] if one["code"] == "R077"]
    assert (risk["severity"], risk["pipelines"], risk["accepted"]) == ("high", ["diabetes_progression"], None)
    assert risk["sentence"].startswith("the model that the change makes is rejected: r2 is ")
    assert "1 rejected trial" in document["summary"]


def test_a_rejected_trial_is_accepted_by_a_comment(edited):
    config = edited / "configs" / "diabetes_progression.yml"
    config.write_text(f"{config.read_text()}# refinery: allow R077 because the gate is a goal\n")
    done = _plan(edited, "--try", "--rows", "300", "--format", "json")
    (risk,) = [one for one in json.loads(done.stdout)["risks"] if one["code"] == "R077"]
    assert risk["accepted"] == "the gate is a goal"


def test_what_is_at_stake_is_looked_up_on_the_embedded_server(edited):
    (edited / ".local" / "s3" / "models").mkdir(parents=True)
    done = _plan(edited, "--against-latest", "--format", "markdown")
    assert done.returncode == 0, done.stderr
    assert "- `diabetes_progression`: no model was promoted yet" in done.stdout
