from __future__ import annotations

import json

import pytest


@pytest.fixture(autouse=True)
def configs(refinery):
    refinery.write("configs/defaults.yml", "owner: risk\ntags: [all]\n")
    refinery.write("configs/environments/prod.yml", "vars: {bucket: prod-models}\ndefaults: {retries: 5}\n")
    refinery.write(
        "configs/team_a/churn.yml",
        "source: s3://datasets/churn.csv\nmodel: random_forest\noutput: s3://${bucket}/churn/{{ ds }}/\n",
    )
    refinery.write(
        "configs/demand.yml",
        "source: s3://datasets/demand.csv\nmodel: random_forest\noutput: s3://models/${matrix.region}/{{ ds }}/\n"
        "matrix: {region: [us, eu]}\n",
    )


@pytest.mark.parametrize(
    ("key", "value", "origin"),
    [
        ("source.url", '["s3://datasets/churn.csv"]', "configs/team_a/churn.yml:1"),
        (
            "output.url",
            "s3://prod-models/churn/{{ ds }}/",
            "configs/team_a/churn.yml:3, ${bucket} from configs/environments/prod.yml:1",
        ),
        ("owner", "risk", "configs/defaults.yml:1"),
        ("retries", "5", "configs/environments/prod.yml:2"),
        ("retry_delay", "1m", "default"),
        ("queue", "null", "default"),
        ("tags", '["all", "team_a"]', "configs/defaults.yml:2, folder"),
    ],
)
def test_each_value_is_reported_with_its_origin(refinery, key, value, origin):
    done = refinery("explain", "team_a.churn", "--env", "prod")
    (line,) = (line for line in done.stdout.splitlines() if line.startswith(f"{key} "))
    assert line.removeprefix(key).strip().startswith(f"{origin}  ")
    assert line.endswith(f"  {value}")


def test_a_pipe_gets_a_line_for_each_value(refinery):
    lines = refinery("explain", "team_a.churn", "--env", "prod").stdout.splitlines()
    assert lines[0].split() == ["key", "from", "value"]
    assert {line[lines[0].index("value") - 2 :][:3].count(" ") for line in lines} == {2}
    assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_gets_what_fits_it(refinery, columns):
    status, shown = refinery.in_terminal(
        "explain", "team_a.churn", "--env", "prod", columns=columns, NO_COLOR="1"
    )
    assert status == 0
    assert "team_a" in shown
    plain = shown.replace("\033[1m", "").replace("\033[2m", "").replace("\033[0m", "")
    assert max(len(line) for line in plain.splitlines()) <= columns


def test_json(refinery):
    document = json.loads(refinery("explain", "team_a.churn", "--env", "prod", "--json").stdout)
    assert {key: document[key] for key in ("dag_id", "config", "environment")} == {
        "dag_id": "team_a.churn",
        "config": "configs/team_a/churn.yml",
        "environment": "prod",
    }
    assert {"key": "retries", "value": 5, "origin": "configs/environments/prod.yml:2"} in document["values"]


def test_a_pipeline_of_a_matrix(refinery):
    shown = refinery("explain", "demand__eu", "--env", "prod").stdout
    assert "matrix.region" in shown
    assert "s3://models/eu/{{ ds }}/" in shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("team_a.chrun", 'There is no pipeline "team_a.chrun"; did you mean "team_a.churn"?\n'),
        ("churn", 'There is no pipeline "churn"; did you mean "team_a.churn"?\n'),
        ("demand", 'There is no pipeline "demand"; choose from demand__eu, demand__us\n'),
        ("xyz", 'There is no pipeline "xyz"; choose from demand__eu, demand__us, team_a.churn\n'),
    ],
)
def test_an_unknown_name_is_an_error_that_offers_the_nearest(refinery, name, message):
    done = refinery("explain", name, "--env", "prod")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


def test_a_broken_config_is_an_error_with_its_place(refinery):
    done = refinery("explain", "team_a.churn")
    assert done.returncode == 1
    assert 'configs/team_a/churn.yml:3:14: output: "bucket" is not declared' in done.stderr
