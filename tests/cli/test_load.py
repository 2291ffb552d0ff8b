"""``refinery load``: what is said where a model, a file or a server is not what it should be."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from refinery.training import ClassModel, TrainingSpec, train

if TYPE_CHECKING:
    from pathlib import Path

DATASET = "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv"


@pytest.fixture
def model(project, tmp_path) -> Path:
    """A trained model in a folder."""
    spec = TrainingSpec(model=ClassModel("sklearn.linear_model.Ridge"), models_dir=tmp_path)
    train(spec, project / DATASET, tmp_path / "model", provenance={})
    return tmp_path / "model"


def test_predictions_go_to_the_terminal_or_to_a_file(refinery, model, tmp_path):
    shown = refinery("load", str(model), "--predict", DATASET)
    written = refinery("load", str(model), "--predict", DATASET, "--out", str(tmp_path / "p.csv"))

    assert (tmp_path / "p.csv").read_text() == shown.stdout
    assert len(shown.stdout.splitlines()) == 49
    assert written.stdout == ""


def test_a_model_of_other_versions_is_loaded_where_that_is_allowed_and_the_note_is_no_output(refinery, model):
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["environment"]["python"] = "3.9.1"
    (model / "manifest.json").write_text(json.dumps(manifest))

    refused = refinery("load", str(model))
    allowed = refinery("load", str(model), "--predict", DATASET, "--allow-other-versions")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "it was made with Python 3.9.1, and this environment has Python 3." in refused.stderr
    assert "--allow-other-versions" in refused.stderr
    assert allowed.stderr.startswith(f"Note: {model}: it was made with Python 3.9.1")
    assert len(allowed.stdout.splitlines()) == 49


@pytest.mark.parametrize(
    ("out", "problem"),
    [
        ("nowhere/p.csv", "nowhere/p.csv cannot be written: "),
        ("include", "include cannot be written: Is a directory."),
    ],
)
def test_a_file_that_cannot_be_written_is_named(refinery, model, out, problem):
    done = refinery("load", str(model), "--predict", DATASET, "--out", out)
    assert done.returncode == 1
    assert done.stderr.startswith(problem)


@pytest.mark.parametrize(
    ("file", "problem"), [("include", "is a directory"), ("nothing.csv", "does not exist")]
)
def test_a_dataset_that_is_no_file_is_named(refinery, model, file, problem):
    done = refinery("load", str(model), "--predict", file, COLUMNS="200")
    assert done.returncode == 2
    assert f"'{file}' {problem}" in done.stderr


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ("{", "its manifest.json is damaged: "),
        ("[]", "its manifest.json is not a JSON object"),
        ("{}", "its manifest.json names no model.pkl"),
        ('{"files": []}', "its manifest.json is damaged: files is not a JSON object"),
        ('{"files": {}, "metrics": []}', "its manifest.json is damaged: metrics is not a JSON object"),
    ],
)
def test_a_damaged_manifest_is_reported(refinery, model, manifest, problem):
    (model / "manifest.json").write_text(manifest)
    done = refinery("load", str(model))
    assert done.returncode == 1
    assert problem in done.stderr


@pytest.mark.parametrize("rest", [{}, {"metrics": None, "provenance": None}, {"provenance": {"run": None}}])
def test_a_manifest_of_another_writer_describes_what_it_can(refinery, model, rest):
    sha256 = hashlib.sha256((model / "model.pkl").read_bytes()).hexdigest()
    (model / "manifest.json").write_text(json.dumps({"files": {"model.pkl": {"sha256": sha256}}, **rest}))
    described = refinery("load", str(model)).stdout
    assert "Ridge(" in described
    assert sha256 in described


def test_a_server_whose_name_nobody_knows_is_reported_at_once_and_without_logs(refinery, tmp_path):
    connection = {
        "conn_type": "aws",
        "extra": {"endpoint_url": "http://s3.invalid", "region_name": "us-east-1"},
    }
    done = refinery(
        "load",
        "s3://nope/x/",
        AIRFLOW_HOME=os.environ["AIRFLOW_HOME"],
        AIRFLOW_CONN_AWS_DEFAULT=json.dumps(connection),
    )
    assert done.returncode == 1
    (message,) = (done.stdout + done.stderr).splitlines()
    assert message.startswith("The server of s3://nope/x/ cannot be reached.")
    assert "the name s3.invalid does not resolve" in message


@pytest.mark.parametrize("port", ["0", "-1", "99999"])
def test_a_port_that_is_none_is_reported(refinery, port):
    done = refinery("up", "--port", port, COLUMNS="120")
    assert done.returncode == 2
    assert "Invalid value for '--port'" in done.stderr
