"""Whether requirements.txt can be installed with the image's Airflow."""

from __future__ import annotations

import json
import re
import sys

import pytest
from packaging.requirements import Requirement

RESOLVE = [
    *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"),
    *("--dry-run", "--ignore-installed", "--only-binary", ":all:"),
]


@pytest.fixture(scope="module")
def image(project):
    """The versions of Airflow and Python in the image, as the Dockerfile says them."""
    text = (project / "Dockerfile").read_text()
    airflow = re.search(r"apache-airflow (\d+\.\d+\.\d+)", text)
    runtime = re.search(r"^FROM \S+/runtime:(\d+\.\d+)-\d+-python-(\d+\.\d+)$", text, re.MULTILINE)
    assert airflow, "the Dockerfile does not say its Airflow's version"
    assert runtime, "the Dockerfile names no runtime image of one Airflow and one Python"
    assert airflow[1].startswith(f"{runtime[1]}."), "the comment and the tag name different Airflows"
    return {"airflow": airflow[1], "python": runtime[2]}


def test_the_image_holds_the_airflow_of_the_constraints(project, image):
    assert pins(project / "constraints.txt")["apache-airflow"] == f"=={image['airflow']}"


def test_every_requirement_is_pinned_as_in_the_constraints(project):
    constraints = pins(project / "constraints.txt")
    requirements = pins(project / "requirements.txt")
    assert requirements == {name: constraints.get(name) for name in requirements}


def test_no_requirement_replaces_the_images_airflow(project):
    assert pins(project / "requirements.txt").keys().isdisjoint({"apache-airflow", "apache-airflow-core"})


@pytest.mark.thorough  # asks the package index
def test_the_requirements_resolve_next_to_the_images_airflow(project, image, lacking, run, tmp_path):
    airflow = [f"{name}=={image['airflow']}" for name in ("apache-airflow", "apache-airflow-core")]
    for_image = [
        *RESOLVE,
        "--python-version",
        image["python"],
        "--target",
        str(tmp_path / "target"),
        *airflow,
    ]
    if run([*for_image, "--no-deps"]).returncode != 0:
        lacking("pip finds no package index that has Airflow")

    report = tmp_path / "report.json"
    command = [*for_image, "--requirement", str(project / "requirements.txt"), "--report", str(report)]
    resolved = run(command)

    assert resolved.returncode == 0, resolved.stderr
    installed = {
        item["metadata"]["name"]: item["metadata"]["version"]
        for item in json.loads(report.read_text())["install"]
    }
    assert installed["apache-airflow"] == image["airflow"]


def pins(file):
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    requirements = [Requirement(line) for line in lines if line]
    return {requirement.name: str(requirement.specifier) for requirement in requirements}
