"""Who sees what: each page asks for Airflow's login, and for the user's permission on the DAG."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from tests.web.conftest import HOSTILE, PIPELINES, days_ago

pytestmark = pytest.mark.slow

MODELS = "/refinery/models"


PAGES = [
    "",
    "/run?run_id=scheduled__2026-01-01",
    f"/card?v={days_ago(1)}/",
    f"/manifest?v={days_ago(1)}/",
    "/run/manifest?run_id=scheduled__2026-01-01",
    f"/compare?v={days_ago(1)}/&v={days_ago(2)}/",
]
FORMS = ["/promote", "/rollback"]


@pytest.mark.parametrize(
    "path",
    [
        MODELS,
        "/refinery/static/pages.css",
        "/refinery/static/icon.svg",
        *(f"/refinery/dags/churn{page}" for page in PAGES),
    ],
)
def test_nobody_is_asked_to_log_in(site, path):
    answer = site.get(None, path)
    assert answer.status_code == 401
    assert "churn" not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_dag_that_a_user_may_not_read_is_refused_whether_there_or_not(site, path):
    answers = [
        site.get("churn_viewer", f"/refinery/dags/{dag}{path}") for dag in ("team_a.prices", "nothing")
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert "mae" not in answers[0].text


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(("user", "status"), [(None, 401), ("churn_viewer", 403), ("reader", 403)])
def test_who_may_not_edit_a_dag_may_not_change_its_latest_model(site, user, status, path):
    headers = {"Sec-Fetch-Site": "same-origin"}
    form = {"version": days_ago(3), "reason": "because", "proof": ""}
    assert site.post(user, f"/refinery/dags/churn{path}", data=form, headers=headers).status_code == status


def test_an_editor_of_one_dag_may_not_change_another(site):
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = site.post(
        "churn_editor", "/refinery/dags/team_a.prices/rollback", data={"reason": "x"}, headers=headers
    )
    assert answer.status_code == 403


def test_a_forged_cookie_is_refused(site):
    answer = site.get(None, MODELS, cookies={"_token": site.token("root")[:-4] + "AAAA"})
    assert answer.status_code in (401, 403)


def test_a_token_in_the_header_logs_in_as_with_the_rest_of_airflow(site):
    headers = {"Authorization": f"Bearer {site.token('churn_viewer')}"}
    assert "churn" in site.get(None, MODELS, headers=headers).text


@pytest.mark.parametrize("user", ["root", "reader"])
def test_who_may_read_all_dags_sees_all_models(site, user):
    page = site.get(user, MODELS).text
    assert f"{len(PIPELINES)} pipelines" in page
    assert "team_a.prices" in page


def test_who_may_read_one_dag_sees_its_models_only(site):
    page = site.get("churn_viewer", MODELS).text
    assert "1 pipeline\n" in page
    assert "churn" in page
    assert "team_a" not in page


def test_what_users_wrote_is_text(site):
    page = site.get("root", MODELS).text
    assert HOSTILE not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_answers_are_kept_from_other_sites_and_from_caches(site):
    headers = site.get("root", MODELS).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_broken_config_is_shown_and_a_deleted_one_is_not(site):
    with contextlib.closing(sqlite3.connect(site.home / "airflow.db", timeout=30)) as database:
        with database:
            database.execute("UPDATE dag SET is_stale = 1 WHERE dag_id LIKE 'team_a.%'")
            error = "RefineryError: configs/team_a/empty.yml:5:1: modle: unknown key"
            database.execute("INSERT INTO import_error (filename, stacktrace) VALUES ('x.py', ?)", (error,))
        page = site.get("root", MODELS).text
        with database:
            database.execute("UPDATE dag SET is_stale = 0")
            database.execute("DELETE FROM import_error")
    assert "2 pipelines" in page
    assert ">Config broken<" in page
    assert "team_a.empty" in page
