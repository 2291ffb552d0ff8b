"""Added, removed and changed pipelines in a plan, and edits that affect many."""

from __future__ import annotations

import pytest

from refinery.review.plan import Graph, Place, RunTime

CHURN = """\
source: s3://data/churn.csv
model: {module: ridge, params: {alpha: 0.1}}
output: s3://models/churn/{{ ds }}/
schedule: "0 12 * * *"
timezone: Europe/Paris
"""
SALES = CHURN.replace("churn", "sales")


def sentences(change):
    return [one.sentence for one in change.changes]


def test_a_plan_of_equal_trees_is_empty(project):
    plan = project.plan()
    assert (plan.pipelines, plan.shared, plan.code, plan.unchanged) == ((), (), (), 1)


def test_comments_blanks_and_the_order_of_keys_never_matter(project):
    project.commit({"configs/churn.yml": CHURN})
    lines = CHURN.splitlines(keepends=True)
    project.lay_out({"configs/churn.yml": "# Why.\n\n" + "".join(reversed(lines))})
    plan = project.plan()
    assert (plan.pipelines, plan.unchanged) == ((), 1)


@pytest.mark.parametrize("text", [CHURN.replace("\n", "\r\n"), "\ufeff" + CHURN])
def test_line_ends_and_byte_order_marks_do_not_matter(project, text):
    project.commit({"configs/churn.yml": CHURN})
    project.lay_out({"configs/churn.yml": text})
    assert project.plan().pipelines == ()


def test_a_change_is_described_with_its_place_and_its_consequences(project):
    project.commit({"configs/churn.yml": CHURN})
    project.lay_out(
        {"configs/churn.yml": CHURN.replace("0.1", "0.5").replace("models/", "models/v2/").replace("12", "2")}
    )
    (change,) = project.plan().pipelines
    assert (change.kind, change.dag_id, change.path) == ("changed", "churn", "configs/churn.yml")
    assert [(one.topic, one.sentence, one.place) for one in change.changes] == [
        ("params", "model.params.alpha: 0.1 -> 0.5", Place("configs/churn.yml", 2)),
        (
            "output",
            "output.url: s3://models/churn/{{ ds }}/ -> s3://models/v2/churn/{{ ds }}/",
            Place("configs/churn.yml", 3),
        ),
        ("schedule", "schedule: 0 12 * * * -> 0 2 * * *", Place("configs/churn.yml", 4)),
    ]
    assert change.tasks_changed == (
        ("train_model", ("model", "prefix", "series")),
        ("upload_model", ("outlets", "prefix", "series")),
    )
    assert change.before.objects == tuple(
        f"s3://models/churn/{name}"
        for name in (
            "2026-01-31/card.html",
            "2026-01-31/card.md",
            "2026-01-31/manifest.json",
            "2026-01-31/model.pkl",
            "latest.json",
        )
    )
    assert change.after.objects[-1] == "s3://models/v2/churn/latest.json"
    assert change.before.runs[0] == RunTime("2026-01-31 11:00", "2026-01-31 12:00 CET")
    assert change.after.runs[0] == RunTime("2026-01-31 01:00", "2026-01-31 02:00 CET")
    assert len(change.left_behind) == 1
    assert "s3://models/churn/{{ ds }}/ stay" in change.left_behind[0]


def test_changed_spaces_and_settings_of_a_search_are_described(project):
    model = "model: {class: sklearn.linear_model.Ridge, search: {alpha: 1..10, tol: [0.1, 0.2]}}\n"
    rest = "source: s3://datasets/churn.csv\noutput: s3://models/churn/{{ ds }}/\n"
    project.commit({"configs/churn.yml": f"{rest}{model}search: {{trials: 20}}\n"})
    changed = model.replace("1..10", "1..1000 log").replace("0.2]", "0.3], max_iter: 5..9")
    project.lay_out({"configs/churn.yml": f"{rest}{changed}search: {{trials: 60}}\n"})
    (change,) = project.plan().pipelines
    assert [(one.topic, one.sentence) for one in change.changes] == [
        (
            "params",
            "model.search.alpha: whole numbers from 1 to 10 -> whole numbers from 1 to 1000, by orders of magnitude (wider)",
        ),
        ("params", "model.search.tol: + 0.3, - 0.2"),
        ("params", "model.search.max_iter: not set -> whole numbers from 5 to 9"),
        ("model", "search.trials: 20 -> 60"),
    ]


def test_an_added_pipeline_brings_its_values_and_tasks(project):
    project.lay_out({"configs/risk/sales.yml": SALES + "wait_for: true\n"})
    plan = project.plan()
    (change,) = plan.pipelines
    assert (change.kind, change.dag_id, change.before, plan.unchanged) == ("added", "risk.sales", None, 1)
    assert "model.params.alpha: 0.1" in sentences(change)
    assert change.after.graph == Graph(
        ("wait_for_dataset", "download_dataset", "train_model", "upload_model", "clean_up"),
        (
            ("wait_for_dataset", "download_dataset"),
            ("download_dataset", "train_model"),
            ("train_model", "upload_model"),
            ("upload_model", "clean_up"),
        ),
    )


def test_a_removed_pipeline_leaves_its_models_and_its_history(project):
    project.lay_out({"configs/churn.yml": None})
    (change,) = project.plan().pipelines
    assert (change.kind, change.dag_id, change.after) == ("removed", "churn", None)
    models, history = change.left_behind
    assert "s3://models/churn/{{ ds }}/" in models
    assert "airflow dags delete churn" in history


def test_an_edit_of_the_defaults_is_one_change_with_all_its_pipelines(project):
    project.commit({"configs/defaults.yml": "retries: 3\n", "configs/sales.yml": SALES})
    project.lay_out({"configs/defaults.yml": "# More.\nretries: 5\n"})
    plan = project.plan()
    (shared,) = plan.shared
    assert (shared.change.sentence, shared.pipelines) == ("retries: 3 -> 5", ("churn", "sales"))
    assert shared.change.place == Place("configs/defaults.yml", 2)
    assert [sentences(change) for change in plan.pipelines] == [["retries: 3 -> 5"]] * 2


def test_a_default_that_a_pipeline_overrides_does_not_reach_it(project):
    project.commit({"configs/defaults.yml": "retries: 3\n", "configs/sales.yml": SALES + "retries: 1\n"})
    project.lay_out({"configs/defaults.yml": "retries: 5\n"})
    plan = project.plan()
    assert [change.dag_id for change in plan.pipelines] == ["churn"]
    assert plan.shared == ()


def test_a_variable_of_the_environment_is_one_change_wherever_it_is_used(project):
    files = {
        f"configs/{name}.yml": SALES.replace("s3://models/sales", f"s3://${{bucket}}/{name}")
        for name in ("a", "b")
    }
    project.commit(
        {**files, "configs/environments/prod.yml": "vars:\n  bucket: old\n", "configs/churn.yml": None}
    )
    project.lay_out({"configs/environments/prod.yml": "vars:\n  bucket: new\n"})
    plan = project.plan(environment="prod")
    (shared,) = plan.shared
    assert (shared.change.sentence, shared.pipelines) == ("vars.bucket: old -> new", ("a", "b"))
    assert shared.change.place == Place("configs/environments/prod.yml", 2)
    assert sentences(plan.pipelines[0]) == ["output.url: s3://old/a/{{ ds }}/ -> s3://new/a/{{ ds }}/"]


def test_a_line_of_a_matrix_is_one_change_for_all_that_it_makes(project):
    text = SALES.replace("sales/", "${matrix.region}/") + "matrix: {region: [us, eu]}\n"
    project.commit({"configs/sales.yml": text})
    project.lay_out({"configs/sales.yml": text.replace("models/", "models/v2/")})
    (shared,) = project.plan().shared
    assert shared.pipelines == ("sales__eu", "sales__us")
    assert shared.change.place == Place("configs/sales.yml", 3)
    assert "${matrix.region}" in shared.change.sentence


def test_a_config_that_breaks_is_not_removed(project):
    project.lay_out({"configs/churn.yml": CHURN.replace("model", "modle")})
    plan = project.plan()
    assert plan.pipelines == ()
    assert [problem.code for problem in plan.head_problems if problem.severity == "error"]
    assert plan.notes == ("Not compared, since their configs have errors after the change: churn.",)


def test_both_sides_broken_are_reported_and_nothing_is_compared(project):
    project.commit({"configs/churn.yml": "modle: x\n"})
    project.lay_out({"configs/churn.yml": "modle: y\n"})
    plan = project.plan()
    assert (plan.pipelines, bool(plan.base_problems), bool(plan.head_problems)) == ((), True, True)
