from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest


@pytest.fixture(autouse=True)
def configs(refinery):
    refinery.write(
        "configs/churn.yml",
        "source: s3://datasets/churn.csv\nmodel: sklearn.linear_model.Ridge\noutput: s3://models/churn/{{ ds }}/\n"
        'schedule: "@yearly"\ntags: [a]\n',
    )
    refinery.write(
        "configs/team_a/sales.yml",
        "source: [s3://datasets/a.csv, s3://datasets/b.csv]\nmodel: random_forest\noutput: s3://models/sales/{{ ds }}/\n",
    )


def test_a_pipe_gets_a_line_for_each_pipeline(refinery):
    done = refinery("list")
    header, churn, sales = done.stdout.splitlines()

    assert header.split("  ")[0] == "pipeline"
    assert churn.split() == [
        *("churn", "@yearly"),
        *_new_year().split(),
        *("sklearn.linear_model.Ridge", "s3://datasets/churn.csv", "s3://models/churn/{{", "ds", "}}/"),
    ]
    assert (
        "team_a.sales  when triggered  -  " in " ".join(sales.split()).replace(" ", "  ")
        or "when triggered" in sales
    )
    assert sales.index("s3://datasets/a.csv s3://datasets/b.csv") == churn.index("s3://datasets/churn.csv")
    assert done.returncode == 0


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_gets_what_fits_it(refinery, columns):
    status, shown = refinery.in_terminal("list", columns=columns)
    plain = shown
    for code in ("1", "2", "0"):
        plain = plain.replace(f"\033[{code}m", "")
    lines = plain.splitlines()

    assert status == 0
    assert lines[0].split("  ")[-1] == "model"
    assert lines[2:4] == ["  s3://datasets/churn.csv", "  s3://models/churn/{{ ds }}/"]
    assert max(map(len, lines)) <= columns


def test_json(refinery):
    churn, sales = json.loads(refinery("list", "--json").stdout)
    assert churn == {
        "dag_id": "churn",
        "config": "configs/churn.yml",
        "schedule": "@yearly",
        "next_run": datetime.fromisoformat(f"{_new_year()}Z").isoformat(),
        "model": "sklearn.linear_model.Ridge",
        "source": ["s3://datasets/churn.csv"],
        "output": "s3://models/churn/{{ ds }}/",
        "tags": ["a"],
    }
    assert (sales["dag_id"], sales["next_run"], sales["tags"]) == ("team_a.sales", None, ["team_a"])


def test_configs_with_errors_are_left_out_and_that_is_shown(refinery):
    refinery.write("configs/bad.yml", "sorce: x\n")
    done = refinery("list", "--json")
    assert [pipeline["dag_id"] for pipeline in json.loads(done.stdout)] == ["churn", "team_a.sales"]
    assert done.stderr == "Configs with errors are left out; show them with: refinery validate\n"


@pytest.mark.parametrize("called_as", ["./refinery", "/srv/pipelines/refinery"])
def test_a_hint_starts_with_the_command_as_it_was_called(refinery, called_as):
    refinery.write("configs/bad.yml", "sorce: x\n")
    assert refinery("list", REFINERY_CALLED_AS=called_as).stderr.endswith(f": {called_as} validate\n")


def test_without_configs_the_table_is_empty(refinery):
    for file in (refinery.root / "configs").rglob("*.yml"):
        file.unlink()
    assert refinery("list").stdout.split()[0] == "pipeline"
    assert json.loads(refinery("list", "--json").stdout) == []


def test_airflow_is_not_imported(refinery):
    assert "airflow" not in refinery.modules("list")


def _new_year() -> str:
    return f"{datetime.now(UTC).year + 1}-01-01 00:00"
