"""Who sees what: each page asks for Airflow's login, and for the user's permission on the DAG."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from refinery.web.guards import make_token
from tests.web.conftest import HOSTILE, PIPELINES, SECRET_KEY, days_ago

pytestmark = pytest.mark.slow

MODELS = "/refinery/models"


PAGES = [
    "",
    "/runs/scheduled__2026-01-01",
    "/runs/scheduled__2026-01-01?task_id=upload_model",
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


@pytest.fixture(params=["cookie", "token"])
def as_user(site, request):
    """Return what shows the server who asks: a browser's cookie, or the token that a program sends."""

    def as_user(user):
        token = site.session(user).cookies["_token"]
        if request.param == "cookie":
            return {"cookies": {"_token": token}, "headers": {"Sec-Fetch-Site": "same-origin"}}
        return {"headers": {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "same-origin"}}

    return as_user


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("user", ["churn_viewer", "churn_editor", "stranger"])
def test_a_dag_that_a_user_may_not_read_is_refused_whether_there_or_not(site, as_user, user, path):
    answers = [
        site.get(None, f"/refinery/dags/{dag}{path}", **as_user(user)) for dag in ("team_a.prices", "nothing")
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert "mae" not in answers[0].text


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    ("user", "dag"),
    [
        ("churn_viewer", "churn"),
        ("reader", "churn"),
        ("churn_viewer", "team_a.prices"),
        ("churn_editor", "team_a.prices"),
    ],
)
def test_who_may_not_edit_a_dag_may_not_change_its_latest_model(site, as_user, user, dag, path):
    form = {
        "version": days_ago(3),
        "reason": "because",
        "proof": make_token(SECRET_KEY, site.user_id(user), dag),
    }
    answer = site.post(None, f"/refinery/dags/{dag}{path}", data=form, **as_user(user))
    assert answer.status_code == 403
    assert "This form" not in answer.text  # it is the right that is missing


@pytest.mark.parametrize("path", FORMS)
def test_nobody_may_change_a_model(site, path):
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert site.post(None, f"/refinery/dags/churn{path}", data={}, headers=headers).status_code == 401


def test_a_forged_cookie_is_refused(site):
    answer = site.get(None, MODELS, cookies={"_token": site.token("root")[:-4] + "AAAA"})
    assert answer.status_code in (401, 403)


@pytest.mark.parametrize("user", ["root", "reader"])
def test_who_may_read_all_dags_sees_all_models(site, user):
    page = site.get(user, MODELS).text
    assert f"{len(PIPELINES)} pipelines" in page
    assert "team_a.prices" in page


@pytest.mark.parametrize("user", ["churn_viewer", "churn_editor"])
def test_who_may_read_one_dag_sees_its_models_only(site, as_user, user):
    page = site.get(None, MODELS, **as_user(user)).text
    assert "1 pipeline\n" in page
    assert "churn" in page
    assert "team_a" not in page


def test_airflow_lists_the_pages_for_those_who_may_read_its_plugins(site):
    plugins = "/api/v2/plugins"
    assert [site.get(user, plugins).status_code for user in ("churn_viewer", "reader")] == [200, 403]


def test_who_may_read_no_dag_sees_no_model(site):
    page = site.get("stranger", MODELS).text
    assert "0 pipelines" in page
    assert "churn" not in page


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
