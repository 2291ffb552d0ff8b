"""Who sees what: each page asks for Airflow's login, and for the user's permission on the DAG."""

from __future__ import annotations

import pytest

from tests.web.conftest import HOSTILE

pytestmark = pytest.mark.slow

MODELS = "/refinery/models"


@pytest.mark.parametrize("path", [MODELS, "/refinery/static/pages.css", "/refinery/static/icon.svg"])
def test_nobody_is_asked_to_log_in(site, path):
    answer = site.get(None, path)
    assert answer.status_code == 401
    assert "churn" not in answer.text


def test_a_forged_cookie_is_refused(site):
    answer = site.get(None, MODELS, cookies={"_token": site.token("root")[:-4] + "AAAA"})
    assert answer.status_code in (401, 403)


def test_a_token_in_the_header_logs_in_as_with_the_rest_of_airflow(site):
    headers = {"Authorization": f"Bearer {site.token('churn_viewer')}"}
    assert "churn" in site.get(None, MODELS, headers=headers).text


@pytest.mark.parametrize("user", ["root", "reader"])
def test_who_may_read_all_dags_sees_all_models(site, user):
    page = site.get(user, MODELS).text
    assert "3 pipelines" in page
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
