"""A DAG's tab: versions, comparison, card, and the change of the latest model."""

from __future__ import annotations

import html
import json
import re
import time

import pytest

from tests.web.conftest import BELOW, CARD, days_ago

pytestmark = pytest.mark.slow

CHURN = "/refinery/dags/churn"
OURS = {"Sec-Fetch-Site": "same-origin"}


def token(site, user):
    found = re.search(r'name="proof" value="([^"]+)"', site.get(user, CHURN).text)
    return html.unescape(found[1]) if found else None


def latest(site):
    body = site.client().get_object(Bucket="models", Key="churn/latest.json")["Body"]
    return json.loads(body.read())


def test_every_version_is_listed_with_what_became_of_it(site):
    page = site.get("churn_viewer", CHURN).text
    found = r'<th scope="row">(?:<a[^>]*>)?([\d-]+)\W.*?<span class="state \w+">([^<]+)'
    rows = re.findall(found, page, re.DOTALL)
    assert [name for name, _ in rows] == [days_ago(days) for days in range(6)]
    assert [status for _, status in rows] == ["Rejected", "Latest", *["Superseded"] * 4]
    assert "mae is 12, and at most 10 is required: missed by 2." in page
    assert 'class="bound max"' in page


@pytest.mark.parametrize(
    ("metric", "keys"),
    [("mae", ["latest", "superseded", "rejected", "bound"]), ("r2", ["latest", "superseded", "rejected"])],
)
def test_the_trends_key_explains_what_is_drawn(site, metric, keys):
    page = site.get("churn_viewer", f"{CHURN}?metric={metric}").text
    assert re.findall(r'class="key (\w+)"', page) == keys


def test_who_may_only_read_sees_no_form(site):
    assert token(site, "churn_viewer") is None
    assert "Roll back" not in site.get("churn_viewer", CHURN).text


def test_two_versions_side_by_side(site):
    page = site.get("reader", f"{CHURN}/compare?v={days_ago(1)}/&v={days_ago(2)}/").text
    assert "5.2" in page
    assert "5.1" in page
    assert f"-source: s3://datasets/{days_ago(2)}.csv" in page
    assert f"+source: s3://datasets/{days_ago(1)}.csv" in page


@pytest.mark.parametrize("query", ["", f"v={days_ago(1)}/", "&".join([f"v={days_ago(1)}/"] * 3)])
def test_only_two_are_compared(site, query):
    assert site.get("reader", f"{CHURN}/compare?{query}").status_code == 400


def test_a_manifest_is_the_file_as_text(site):
    page = site.get("churn_viewer", f"{CHURN}?v={days_ago(2)}/").text
    link = f"{CHURN}/manifest?v={days_ago(2)}/"
    assert f'href="{BELOW}{link}"' in page
    answer = site.get("churn_viewer", link)
    assert answer.content == manifest_file(site, days_ago(2))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


def manifest_file(site, date):
    return site.client().get_object(Bucket="models", Key=f"churn/{date}/manifest.json")["Body"].read()


def test_a_card_is_a_document_that_runs_nothing(site):
    answer = site.get("churn_viewer", f"{CHURN}/card?v={days_ago(1)}/")
    assert answer.content == CARD
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    "place",
    ["", "../team_a/prices/2026-01-01/", "latest.json", "2026-01-01", "%2e%2e/", "2026-13-45/rejected/a/b/"],
)
def test_only_places_of_this_pipelines_models_are_read(site, place):
    answer = site.get("root", f"{CHURN}/card?v={place}")
    assert answer.status_code == 404
    assert "no such model" in answer.text


def test_a_model_without_a_card_says_so(site):
    answer = site.get("root", f"/refinery/dags/team_a.prices/card?v={days_ago(1)}/")
    assert answer.status_code == 502
    assert "has no card" in answer.text


def test_a_dag_without_a_model_says_so(site):
    assert "No model has been promoted yet" in site.get("root", "/refinery/dags/team_a.empty").text


def test_garbage_is_told_beside_what_can_be_read(site):
    page = site.get("root", "/refinery/dags/team_a.garbage").text
    assert "latest.json is damaged" in page
    assert page.count(">Not readable<") == 3
    assert "&#39;high&#39;, not a number" in page
    assert "<script>" not in page.partition("<body>")[2]


def test_an_s3_that_cannot_be_reached_is_told_and_hides_no_other(site):
    page = site.get("root", "/refinery/models").text
    for _ in range(20):
        if "data-pending" not in page:
            break
        time.sleep(0.5)
        page = site.get("root", "/refinery/models").text
    assert "cannot be reached" in page
    assert "endpoint http://127.0.0.1:9)" in page  # and none of the paths there
    assert "secret" not in page
    assert "<strong>5.1</strong>" in page
    assert "cannot be reached" in site.get("root", "/refinery/dags/team_a.away").text


def test_a_dag_that_is_not_ours_says_so(site):
    answer = site.get("root", "/refinery/dags/somebody_elses")
    assert answer.status_code == 404
    assert "no pipeline of Refinery" in answer.text


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, {}),
        ({"Sec-Fetch-Site": "same-site"}, {}),
        ({"Origin": "https://evil.example"}, {}),
        ({}, {}),
        (OURS, {"proof": ""}),
        (OURS, {"proof": "forged"}),
    ],
)
def test_a_form_that_another_site_sends_changes_nothing(site, headers, form):
    before = latest(site)
    sent = {"version": days_ago(3), "reason": "x", "proof": token(site, "churn_editor")} | form
    assert site.post("churn_editor", f"{CHURN}/promote", data=sent, headers=headers).status_code == 403
    assert latest(site) == before


def test_a_token_of_another_user_changes_nothing(site):
    sent = {"version": days_ago(3), "reason": "x", "proof": token(site, "root")}
    assert site.post("churn_editor", f"{CHURN}/promote", data=sent, headers=OURS).status_code == 403


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_change_needs_a_reason(site, reason):
    sent = {"version": days_ago(3), "reason": reason, "proof": token(site, "churn_editor")}
    assert site.post("churn_editor", f"{CHURN}/promote", data=sent, headers=OURS).status_code in (400, 422)
    assert latest(site)["action"] == "upload"


@pytest.mark.usefixtures("kept_latest")
def test_an_editor_promotes_and_rolls_back_with_a_reason(site):
    form = {"proof": token(site, "churn_editor")}
    promoted = site.post(
        "churn_editor",
        f"{CHURN}/promote",
        data=form | {"version": days_ago(3), "reason": "the newest <drifts>"},
        headers=OURS,
    )
    assert promoted.status_code == 303
    assert promoted.headers["location"] == f"{BELOW}{CHURN}?done=promoted"
    stored = latest(site)
    assert stored["prefix"] == f"s3://models/churn/{days_ago(3)}/"
    assert (stored["action"], stored["reason"]) == ("promote", "the newest <drifts>")
    assert stored["promoted_by"] == "churn_editor (Airflow)"
    page = site.get("churn_editor", f"{CHURN}?done=promoted").text
    assert "the newest &lt;drifts&gt;" in page
    assert "is now the latest model" in page

    rolled_back = site.post(
        "churn_editor", f"{CHURN}/rollback", data=form | {"reason": "better"}, headers={"Origin": site.url}
    )
    assert rolled_back.status_code == 303
    assert latest(site)["prefix"] == f"s3://models/churn/{days_ago(1)}/"


def test_a_model_that_is_not_there_is_not_promoted(site):
    before = latest(site)
    form = {"proof": token(site, "churn_editor"), "version": "2001-01-01", "reason": "x"}
    answer = site.post("churn_editor", f"{CHURN}/promote", data=form, headers=OURS)
    assert answer.status_code == 502
    assert "holds no model" in answer.text
    assert latest(site) == before
