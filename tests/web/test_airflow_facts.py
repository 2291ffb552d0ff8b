"""Airflow's web server and database are as the one package that knows them expects."""

from __future__ import annotations

import inspect
from pathlib import Path

import airflow
import pytest
from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager
from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse
from airflow.serialization.serialized_objects import DagSerialization

from refinery.project import find_project
from refinery.rendering.loader import load_dags
from refinery.web import airflow_facts
from refinery.web.airflow_facts.outputs import find_outputs
from refinery.web.mount import external_views, fastapi_apps

UI = Path(airflow.__file__).parent / "ui" / "dist"


@pytest.fixture(scope="module")
def ui_code():
    return "".join(file.read_text(errors="replace") for file in (UI / "assets").glob("index-*.js"))


@pytest.mark.parametrize("view", external_views(), ids=lambda view: view["destination"])
def test_airflow_takes_each_view(view):
    assert ExternalViewResponse(**view).destination == view["destination"]


def test_ids_are_sound_where_airflow_3_1_inserts_them_as_they_are():
    assert [view["href"] for view in external_views() if "{RUN_ID}" in view["href"].partition("?")[2]] == []


@pytest.mark.parametrize(
    "text",
    [
        "external_views",
        "{DAG_ID}",
        "{RUN_ID}",
        "{TASK_ID}",
        "nav_top_level",
        # What lets the pages run their script, send forms and read the theme.
        "allow-scripts allow-same-origin allow-forms",
        # Where the theme is: the class of the page, by next-themes, and the names of its colors.
        "`class`",
        "--chakra",
    ],
)
def test_airflows_ui_still_does_what_the_pages_need(ui_code, text):
    assert text in ui_code


def test_relative_addresses_count_from_airflows_base():
    assert "<base href=" in (UI / "index.html").read_text()


@pytest.mark.parametrize(
    ("base_url", "below"),
    [
        ("", ""),
        ("/", ""),
        ("http://host:8080", ""),
        ("http://host/", ""),
        ("https://host/team/airflow", "/team/airflow"),
        ("https://host/team/airflow/", "/team/airflow"),
    ],
)
def test_addresses_are_below_airflows_path(monkeypatch, base_url, below):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    assert airflow_facts.pages_url() == f"{below}/refinery"
    assert airflow_facts.ui_url("dags/churn") == f"{below}/dags/churn"
    assert airflow_facts.ui_url("") == f"{below}/"


def test_the_application_is_declared_as_airflow_mounts_it():
    [declared] = fastapi_apps()
    assert set(declared) == {"app", "url_prefix", "name"}


def test_the_auth_manager_is_asked_in_its_words():
    asked = inspect.signature(BaseAuthManager.is_authorized_dag).parameters
    assert {"method", "user", "access_entity", "details"} <= set(asked)
    assert {"user", "method"} <= set(inspect.signature(BaseAuthManager.get_authorized_dag_ids).parameters)


def test_a_serialized_dag_names_the_output_before_it_is_rendered(project):
    dag = load_dags(find_project(project))["petrol_consumption"]
    [output] = find_outputs(DagSerialization.to_dict(dag))
    assert output.prefix == "s3://models/petrol_consumption/{{ ds }}/"
    assert output.connection == "aws_default"
    assert (output.task_id, output.group) == ("upload_model", "")
