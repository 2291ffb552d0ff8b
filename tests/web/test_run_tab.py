"""A run's tab: the model that it made, or why it made none."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from urllib.parse import urlencode

import pytest

from tests.web.conftest import days_ago, run_of

pytestmark = pytest.mark.slow

CHURN = "/refinery/dags/churn"
SENTENCE = "The model is rejected, it fails 1 gate: <b>mae</b> is 12."


@pytest.fixture(scope="module")
def run(site):
    """Make a run of a past day, as far as Airflow's database and logs know it."""

    def make(run_id, date, failed=None):
        site.make_run("churn", run_id, date)
        with contextlib.closing(sqlite3.connect(site.home / "airflow.db", timeout=30)) as database, database:
            database.execute(
                "UPDATE dag_run SET state = ? WHERE run_id = ?", ("failed" if failed else "success", run_id)
            )
            database.execute(
                "UPDATE task_instance SET try_number = 1, state = 'failed' WHERE run_id = ? AND task_id = ?",
                (run_id, failed),
            )
        if failed:
            folder = site.home / "logs" / "dag_id=churn" / f"run_id={run_id}" / f"task_id={failed}"
            folder.mkdir(parents=True)
            line = {"timestamp": f"{date}T03:00:00Z", "level": "error", "event": "Task failed with exception"}
            detail = {"exc_type": "AirflowFailException", "exc_value": SENTENCE, "frames": []}
            (folder / "attempt=1.log").write_text(json.dumps(line | {"error_detail": [detail]}) + "\n")
        return f"{CHURN}/runs/{run_id}"

    return make


def test_a_run_shows_its_model_beside_the_baseline_and_the_latest(site, run):
    page = site.get("churn_viewer", run(run_of(days_ago(2)), days_ago(2))).text
    assert "Model uploaded" in page
    assert "5.2" in page
    assert "better" in page
    assert f"Latest ({days_ago(1)})" in page
    assert "mae 5 is at most 10." in page
    assert f"source: s3://datasets/{days_ago(2)}.csv" in page
    assert "1" * 64 in page
    assert f"/card?v={days_ago(2)}/" in page


def test_a_task_links_the_manifest_of_its_model(site, run):
    run(run_of(days_ago(4)), days_ago(4))
    path = f"{CHURN}/run/manifest?{urlencode({'run_id': run_of(days_ago(4))})}"
    answer = site.get("churn_viewer", f"{path}&task_id=upload_model")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["provenance"]["run"]["run_id"] == run_of(days_ago(4))


def test_a_failed_run_says_why_and_what_to_do(site, run):
    path = run(f"manual__{days_ago(0)}", days_ago(0), failed="train_model")
    page = site.get("churn_viewer", path).text
    assert "Rejected" in page
    assert "&lt;b&gt;mae&lt;/b&gt; is 12." in page
    assert "clear <code>train_model</code> in this run" in page
    assert f"The latest model is still that of {days_ago(1)}" in page
    assert "mae is 12, and at most 10 is required: missed by 2." in page


def test_a_run_that_left_no_model_says_so(site, run):
    page = site.get("churn_viewer", run("manual__long_ago", days_ago(40))).text
    assert "This run left no model" in page
    answer = site.get("churn_viewer", f"{CHURN}/run/manifest?run_id=manual__long_ago")
    assert answer.status_code == 404
    assert "This run left no model" in answer.text


def test_a_run_whose_date_another_run_wrote_shows_no_model_of_that(site, run):
    page = site.get("churn_viewer", run("manual__another", days_ago(3))).text
    assert "This run left no model" in page


def test_a_run_that_is_not_there(site):
    answer = site.get("churn_viewer", f"{CHURN}/runs/none")
    assert answer.status_code == 404
    assert "no run none" in answer.text
