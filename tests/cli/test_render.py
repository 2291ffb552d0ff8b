from __future__ import annotations

import pytest

from refinery.config import load_pipeline
from refinery.rendering.diagram import mermaid_diagram
from refinery.rendering.text import dag_factory_json, dag_factory_yaml


@pytest.mark.parametrize(
    ("arguments", "write"),
    [
        ([], dag_factory_yaml),
        (["--format", "dag-factory"], dag_factory_yaml),
        (["--format", "json"], dag_factory_json),
        (["--format", "mermaid"], mermaid_diagram),
    ],
)
def test_it_prints_the_text_and_nothing_else(refinery, arguments, write):
    refinery.write("configs/team_a/churn.yml")
    done = refinery("render", "team_a.churn", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == write(load_pipeline(refinery.root / "configs", "team_a.churn"))


def test_the_environment_is_resolved(refinery):
    refinery.write("configs/environments/prod.yml", "vars: {bucket: prod-models}\n")
    refinery.write(
        "configs/x.yml", "source: s3://data/x.csv\nmodel: random_forest\noutput: s3://${bucket}/{{ ds }}/\n"
    )
    assert "prefix: s3://prod-models/{{ ds }}/\n" in refinery("render", "x", "--env", "prod").stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chrun", 'did you mean "churn"?'),
        ("default", 'The pipeline "default" cannot be written for plain dag-factory'),
    ],
)
def test_what_cannot_be_written_is_an_error(refinery, name, message):
    refinery.write("configs/churn.yml")
    refinery.write("configs/default.yml")
    done = refinery("render", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr


def test_airflow_is_not_imported(refinery):
    refinery.write("configs/churn.yml")
    assert "airflow" not in refinery.modules("render", "churn")
