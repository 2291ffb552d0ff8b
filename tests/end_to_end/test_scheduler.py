"""A real Airflow with its scheduler, dag-processor and API server: what users meet after ``make up``."""

from __future__ import annotations

import json
import socket
import time
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from refinery.local.object_store import ObjectStore
from refinery.local.rest_api import RestApi, RestApiError
from refinery.local.stack import running_stack

pytestmark = pytest.mark.slow

BROKEN = {
    "no_source": "model: random_forest\noutput: s3://models/x/{{ ds }}/\n",
    "no_model": "source: s3://datasets/x.csv\noutput: s3://models/x/{{ ds }}/\n",
    "misspelt_key": "sorce: s3://datasets/x.csv\nmodel: random_forest\noutput: s3://models/x/{{ ds }}/\n",
    "wrong_type": "source: s3://datasets/x.csv\nmodel: random_forest\noutput: s3://models/x/{{ ds }}/\nretries: many\n",
    "no_yaml": "source: [s3://datasets/x.csv\n",
    "list_at_the_top": "- source\n- model\n",
    "bad_cron": "source: s3://datasets/x.csv\nmodel: random_forest\noutput: s3://models/x/{{ ds }}/\nschedule: '61 * * * *'\n",
    "no_bucket": "source: s3://\nmodel: random_forest\noutput: s3://models/y/{{ ds }}/\n",
}
FOLLOWER = """
source: s3://datasets/wine_cultivar.csv
model: wine_classifier
output: s3://models/follower/{{ ds }}/
schedule: {assets: [s3://models/petrol_consumption/]}
"""
CHOSEN = """
params: {name: {type: text, choices: [wine_cultivar, diabetes], default: wine_cultivar}, depth: {type: integer, min: 1, default: 3}}
source: s3://datasets/{{ params.name }}.csv
model: {class: sklearn.tree.DecisionTreeClassifier, params: {max_depth: "{{ params.depth }}"}}
output: s3://models/chosen/{{ params.name }}/{{ params.depth }}/{{ ds }}/
card: false
"""
HEALTHY = ("petrol_consumption", "diabetes_progression", "wine_cultivar", "follower", "chosen")


@pytest.fixture(scope="module")
def airflow(copy_project, copy_database, tmp_path_factory):
    """Airflow over a copy of the project with eight broken configs among the good ones."""
    copy = copy_project(tmp_path_factory.mktemp("stack") / "project")
    for name, text in BROKEN.items():
        (copy / "configs" / f"{name}.yml").write_text(text)
    (copy / "configs" / "follower.yml").write_text(FOLLOWER)
    (copy / "configs" / "chosen.yml").write_text(CHOSEN)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = copy / ".local" / "airflow"
    copy_database(home)
    with running_stack(copy, home=home, port=port) as stack, ObjectStore(copy) as store:
        api = RestApi(stack.url)
        for dag_id in HEALTHY:
            api.unpause(dag_id)
        yield SimpleNamespace(api=api, s3=store.client(), home=home, project=copy)


def model_dates(airflow, name):
    listed = airflow.s3.list_objects_v2(Bucket="models", Prefix=f"{name}/", Delimiter="/")
    return [prefix["Prefix"].split("/")[1] for prefix in listed.get("CommonPrefixes", [])]


def test_a_triggered_run_leaves_a_model_under_its_date(airflow, score_in_a_fresh_process, tmp_path):
    run_id = airflow.api.trigger("petrol_consumption", logical_date="2026-01-31T00:00:00+00:00")
    run = airflow.api.wait("petrol_consumption", run_id)

    assert run["state"] == "success"
    prefix = "petrol_consumption/2026-01-31/"
    airflow.s3.download_file("models", prefix + "model.pkl", str(tmp_path / "model.pkl"))
    manifest = json.load(airflow.s3.get_object(Bucket="models", Key=prefix + "manifest.json")["Body"])
    dataset = airflow.project / "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv"
    scores = score_in_a_fresh_process(tmp_path / "model.pkl", dataset)
    assert scores == pytest.approx({name: manifest["metrics"][name] for name in scores})
    assert manifest["provenance"]["run"]["run_id"] == run_id
    links = airflow.api.call(
        "GET", f"dags/petrol_consumption/dagRuns/{quote(run_id)}/taskInstances/train_model/links"
    )["extra_links"]
    assert links["Model card"].endswith(f"/dags/petrol_consumption/runs/{quote(run_id)}/plugin/run-model")
    assert (
        "Preloaded Refinery for tasks" in (airflow.home / "logs" / "components" / "scheduler.log").read_text()
    )


def test_a_pipeline_that_follows_a_model_runs_when_there_is_a_new_one(airflow):
    deadline = time.monotonic() + 300
    while not model_dates(airflow, "follower") and time.monotonic() < deadline:
        time.sleep(0.5)

    run, *_ = airflow.api.call("GET", "dags/follower/dagRuns")["dag_runs"]
    assert run["run_type"] == "asset_triggered"
    assert run["logical_date"] is None
    assert model_dates(airflow, "follower") == [run["run_after"][:10]]


def test_the_event_of_a_new_model_tells_where_it_is_and_how_good(airflow):
    events = airflow.api.call("GET", "assets/events?source_dag_id=petrol_consumption")["asset_events"]
    extras = {event["extra"]["prefix"]: event["extra"]["metrics"] for event in events}

    assert {event["uri"] for event in events} == {"s3://models/petrol_consumption"}
    assert extras["s3://models/petrol_consumption/2026-01-31/"]["mae"] == pytest.approx(48.339, abs=5e-4)


def test_the_form_asks_for_the_params_of_a_run_and_its_values_reach_the_model(airflow):
    """A run without a logical date goes by the day it was triggered."""
    form = airflow.api.call("GET", "dags/chosen/details")["params"]
    assert form["name"]["value"] == "wine_cultivar"
    assert form["name"]["schema"] == {"type": "string", "enum": ["wine_cultivar", "diabetes"]}
    assert form["depth"]["schema"] == {"type": "integer", "minimum": 1}
    with pytest.raises(RestApiError, match="400"):
        airflow.api.trigger("chosen", logical_date=None, conf={"name": "../wine_cultivar"})

    run = airflow.api.wait("chosen", airflow.api.trigger("chosen", logical_date=None, conf={"depth": 2}))
    assert run["state"] == "success"
    assert run["logical_date"] is None
    prefix = "chosen/wine_cultivar/2/"
    key = f"{prefix}{run['run_after'][:10]}/manifest.json"
    manifest = json.load(airflow.s3.get_object(Bucket="models", Key=key)["Body"])
    assert manifest["params"]["max_depth"] == 2
    assert manifest["provenance"]["params"] == {"name": "wine_cultivar", "depth": 2}
    assert airflow.s3.get_object(Bucket="models", Key=f"{prefix}latest.json")


def test_each_broken_config_is_named_in_the_import_errors_and_hides_no_other(airflow):
    errors = airflow.api.call("GET", "importErrors")["import_errors"]

    assert [error["filename"] for error in errors] == ["report_broken_configs.py"]
    for name in BROKEN:
        assert f"configs/{name}.yml:" in errors[0]["stack_trace"]
    dags = airflow.api.call("GET", "dags")["dags"]
    assert {dag["dag_id"] for dag in dags} == set(HEALTHY)
    assert not any(dag["has_import_errors"] or dag["is_stale"] for dag in dags)


def test_no_local_file_outlives_its_run(airflow):
    deadline = time.monotonic() + 30
    while (
        any(path.is_file() for path in (airflow.home / "workspace").rglob("*"))
        and time.monotonic() < deadline
    ):
        time.sleep(0.5)
    assert [path for path in (airflow.home / "workspace").rglob("*") if path.is_file()] == []
