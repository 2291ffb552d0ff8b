"""The sections of the card, which are left out if there is nothing to show."""

from __future__ import annotations

from dataclasses import asdict, replace

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from refinery.card.trend import follow_metrics
from refinery.training import profile_table

SECTIONS = {
    "Warnings": ("warnings", "Only 10 rows are held out."),
    "Metrics": ("metrics", "44.12"),
    "Gates": ("gates", "at most 50"),
    "Data": ("data", "left out: names the rows"),
    "Split and evaluation": ("split", "train rows"),
    "Params": ("params", "n_estimators"),
    "Preparation of the data": ("preprocess", "missing values"),
    "Config as written": ("provenance", "model: sklearn.linear_model.Ridge"),
    "Provenance": ("provenance", "5" * 40),
    "Libraries": ("environment", "1.9.1"),
}


@pytest.fixture
def write(write):
    """Write a card without figures, which take most of its time."""
    return lambda case: write(replace(case, held_out=None))


@pytest.mark.parametrize("heading", SECTIONS)
def test_each_section_says_what_the_manifest_says(write, regression, heading):
    page = write(regression)
    assert heading in page.headings
    assert SECTIONS[heading][1] in page.text


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_that_the_manifest_lacks_is_left_out(write, regression, heading):
    emptied = {
        "Data": {"data": None, "source": None, "provenance": None},
        "Split and evaluation": {"split": None, "seeds": None, "evaluation": None},
        "Preparation of the data": {"preprocess": None, "expect": None},
        "Provenance": dict.fromkeys(
            ("provenance", "files", "environment", "format", "duration_seconds", "model")
        ),
    }.get(heading, {SECTIONS[heading][0]: None})
    without = replace(regression, table_profile=None).with_manifest(**emptied)
    assert heading not in write(without).headings


def test_the_params_of_the_run_are_shown(write, regression):
    provenance = {**regression.manifest["provenance"], "params": {"region": "eu", "alpha": 0.5, "full": True}}
    text = write(regression.with_manifest(provenance=provenance)).text
    assert "run with region=eu, alpha=0.5, full=true" in text
    assert "param of this run: region eu param of this run: alpha 0.5 param of this run: full true" in text


def test_rounds_calibration_and_threshold_are_shown(write, regression):
    folds = {"folds": 5, "rows": 353}
    page = write(
        regression.with_manifest(
            fit={"early_stopping": {"rounds": 50, "share": 0.1, "rows": 36, "used": 120, "of": 2000}},
            evaluation={
                "task": "classification",
                "calibration": {"method": "isotonic", **folds},
                "threshold": {"value": 0.31, "maximize": "f1", "score": 0.8125, **folds},
            },
        )
    )
    assert (
        "rounds 120 of 2,000, by 36 rows set aside of those to learn from (early stopping after 50 rounds)"
        in page.text
    )
    assert "calibration isotonic, by 5 folds of the training rows" in page.text
    assert "threshold 0.31, the best for f1 (0.8125) by 5 folds of the training rows" in page.text
    fixed = regression.with_manifest(evaluation={"task": "classification", "threshold": {"value": 0.3}})
    assert "threshold 0.3 " in write(fixed).text


def test_the_head_tells_which_model_from_when_and_from_what(write, regression):
    text = write(regression).text
    assert "team.measured" in text
    assert "measured_model, 2026-01-31; trained 2026-01-31 12:00 UTC" in text
    assert "442 rows of s3://datasets/measured.csv, 89 held out; target from 10 features" in text


@pytest.mark.parametrize(
    ("gate", "passed", "status"),
    [
        ("passed", (True, True), "Passed all 2 gates"),
        ("warned", (True, False), "Promoted although 1 of 2 gates failed"),
        ("rejected", (False, False), "Not promoted: 2 of 2 gates failed"),
        (None, (), "No gates"),
    ],
)
def test_the_verdict_follows_from_the_gates(write, regression, gate, passed, status):
    gates = [{"metric": "mae", "kind": "max", "required": 50, "passed": each} for each in passed]
    assert status in write(regression.with_manifest(gates=gates, gate=gate)).text


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        ({"mae": 3, "r2": 0.6}, "No gates; better than the baseline"),
        ({"mae": 3, "r2": 0.4}, "No gates; better than the baseline by 1 of 2 metrics"),
        ({"mae": 4, "r2": 0.50000001}, "No gates; no better than the baseline"),
    ],
)
def test_without_gates_the_verdict_follows_from_the_baseline(write, regression, metrics, status):
    baseline = {"mae": 4, "r2": 0.5}
    page = write(
        regression.with_manifest(gates=None, gate=None, metrics=metrics, baseline=baseline, warnings=[])
    )
    assert status in [text.strip() for text in page.texts]


@pytest.mark.parametrize(
    ("metrics", "warnings", "tone", "status"),
    [
        ({"mae": 3, "r2": 0.6}, [], "good", "Passed its gate"),
        ({"mae": 3, "r2": 0.4}, [], "warn", "Passed its gate; better than the baseline by 1 of 2 metrics"),
        ({"mae": 5, "r2": 0.4}, [], "warn", "Passed its gate; no better than the baseline"),
        ({"mae": 3, "r2": 0.6}, ["Look."], "warn", "Passed its gate; see the warning"),
        (
            {"mae": 5, "r2": 0.4},
            ["A", "B"],
            "warn",
            "Passed its gate; no better than the baseline; see the 2 warnings",
        ),
    ],
)
def test_a_passed_gate_praises_no_model_that_is_doubtful(
    write, regression, *, metrics, warnings, tone, status
):
    gates = [{"metric": "mae", "kind": "max", "required": 50, "passed": True}]
    case = regression.with_manifest(
        gates=gates, gate="passed", metrics=metrics, baseline={"mae": 4, "r2": 0.5}, warnings=warnings
    )
    assert f'<p class="status {tone}">{status}</p>' in write(case).path.read_text()


def test_a_table_says_what_became_of_each_column(write, regression):
    data = regression.manifest["data"] | {
        "prepared": {"age": "read as dates (%d/%m/%Y), scaled", "sex": "<b>encoded</b>"},
        "left_out": {"id\n| x": "named in drop"},
    }
    text = write(regression.with_manifest(data=data)).text
    assert "age feature float64 read as dates (%d/%m/%Y), scaled" in text
    assert "<b>encoded</b>" in text
    assert "id | x left out named in drop" in text


def test_without_metrics_the_verdict_is_that_the_model_was_not_measured(write, metrics_only):
    text = write(
        metrics_only.with_manifest(metrics={}, warnings=["Not measured: train returned no metrics."])
    ).text
    assert (
        "trained 2026-01-31 12:00 UTC Not measured Provenance Warnings Not measured: train returned no metrics."
        in text
    )


def test_a_script_s_head_tells_its_dataset(write, metrics_only):
    dataset = {"dataset": {"url": "s3://datasets/legacy.csv"}}
    text = write(metrics_only.with_manifest(provenance=dataset)).text
    assert "trained 2026-01-31 12:00 UTC s3://datasets/legacy.csv No gates" in text
    assert "Reported by the model's own code." in text


def test_metrics_tell_which_way_is_better(write, regression):
    assert "Lower is better for mae, higher for the others." in write(regression).text
    evaluation = {"lower_is_better": []}
    assert "Higher is better." in write(regression.with_manifest(evaluation=evaluation)).text


def test_metrics_of_one_definition_are_reported_together(write, binary):
    definitions = {"f1": "of class 1", "accuracy": "share of rows", "roc_auc": "of class 1"}
    metrics = dict.fromkeys(definitions, 0.9)
    text = write(binary.with_manifest(metrics=metrics, evaluation={"definitions": definitions})).text
    assert "f1, roc_auc: of class 1." in text


@pytest.mark.parametrize(("positive", "shown"), [("fraud", "fraud"), (0, "0"), (False, "False")])
def test_the_positive_class_is_named(write, binary, positive, shown):
    evaluation = {"task": "classification", "positive_class": positive}
    assert f"positive class {shown} " in write(binary.with_manifest(evaluation=evaluation)).text


def test_earlier_values_of_another_class_are_not_followed():
    versions = [
        {"metrics": {"f1": value, "accuracy": 0.9}, "evaluation": {"definitions": {"f1": f"of class {name}"}}}
        for value, name in ((0.99, "legitimate"), (0.4, "fraud"), (0.5, "fraud"))
    ]
    f1, accuracy = follow_metrics(versions[-1], versions[:-1])
    assert asdict(f1)["values"] == (None, 0.4, 0.5)
    assert asdict(accuracy)["values"] == (0.9, 0.9, 0.9)


def test_a_difference_that_no_one_sees_is_none(write, regression):
    case = regression.with_manifest(metrics={"f1": 0.99601}, baseline={"f1": 0.99602}, spread=None)
    assert "f1 0.996 0.996 the same" in write(case).text


def test_gates_show_what_was_required_measured_and_by_how_much(write, regression):
    text = write(regression).text
    assert "mae passed at most 50 44.12 5.875 mae is 44.125, at most 50 is required" in text
    assert "r2 failed no worse than the latest: 0.5 0.4375 -0.0625" in text


def test_a_gate_without_a_measured_value_says_none(write, regression):
    gates = [
        {"metric": "auc", "kind": "min", "required": 0.9, "measured": None, "margin": None, "passed": False}
    ]
    assert "auc failed at least 0.9 none" in write(regression.with_manifest(gates=gates)).text


def test_a_gate_of_the_first_model_ever_requires_no_value(write, regression):
    gates = [
        {"metric": "mae", "kind": "no_worse_than_latest", "required": None, "measured": 5, "passed": True}
    ]
    assert "mae passed no worse than the latest 5" in write(regression.with_manifest(gates=gates)).text


def test_metrics_stand_next_to_the_baseline_with_their_spread(write, regression):
    text = write(regression).text
    assert "mae 44.12 \u00b1 1.625 60.5 better" in text
    assert "r2 0.4375 0.5 worse" in text
    assert "r2: share of the variance." in text


@pytest.mark.parametrize(
    ("metric", "pair", "said"),
    [
        ("max_error", (3, 4), "better"),
        ("log_loss", (3, 2), "worse"),
        ("d2_log_loss_score", (0.2, 0.1), "better"),
        ("f1", (0.4, 0.4), "the same"),
    ],
)
def test_metrics_are_better_when_smaller_where_the_manifest_says_so(write, regression, metric, pair, said):
    value, baseline = pair
    case = regression.with_manifest(
        metrics={metric: value},
        baseline={metric: baseline},
        spread=None,
        evaluation={"lower_is_better": ["max_error", "log_loss"]},
    )
    assert f"{metric} {value} {baseline} {said}" in write(case).text


def test_a_model_without_predecessors_says_so(write, regression):
    page = write(regression)
    assert "No earlier promoted model to compare with." in page.text
    assert "Trend" not in page.text


def test_the_trend_shows_the_last_five_promoted_models_in_order(write, regression):
    earlier = [
        {"metrics": {"mae": 40 + day}, "provenance": {"run": {"logical_date": f"2026-01-{day:02d}T00:00:00"}}}
        for day in (6, 1, 3, 2, 5, 4, 7)
    ]
    page = write(replace(regression, history=tuple(earlier)))
    assert "2026-01-03 2026-01-04 2026-01-05 2026-01-06 2026-01-07" in page.text
    assert "43 44 45 46 47" in page.text
    assert "2026-01-02" not in page.text
    assert any("mae 43, 44, 45, 46, 47, 44.12; r2" in label for label in page.values("aria-label"))


def test_metrics_alone_make_a_card(write, metrics_only):
    page = write(metrics_only)
    assert page.headings == ["legacy", "Metrics", "Provenance"]
    assert "accuracy 0.9375" in page.text
    assert "svg" not in [tag for tag, _ in page.tags]


def test_an_empty_manifest_makes_a_card(write, metrics_only):
    assert write(replace(metrics_only, manifest={})).headings == ["model"]


def test_columns_show_nulls_ranges_and_frequent_values(write, multi_class):
    text = write(multi_class).text
    assert "alcohol float64 0 11.03 13 14.83" in text
    assert "target target str 0 3 different: Grignolino (40%), Barolo (33%), Barbera (27%)" in text


def test_nulls_have_a_share_and_values_that_hardly_repeat_are_not_listed(write, make_case):
    texts = ["the same"] * 2 + [f"text {at}" for at in range(1998)]
    table = pd.DataFrame({"text": texts, "gaps": [None] * 500 + [1.0] * 1500, "y": range(2000)})
    profile = profile_table(table, "y")
    text = write(
        replace(make_case(table[["y"]].assign(x=1.0), "y", LinearRegression()), table_profile=profile)
    ).text
    assert "gaps float64 500 (25%)" in text
    assert "1,999 different gaps" in text


def test_what_is_dropped_is_shown_once(write, regression):
    text = write(regression.with_manifest(source={"drop": ["row_id"], "dates": ["sold_at"]})).text
    assert "left out: names the rows row_id" in text
    assert "read with dates sold_at" in text
    assert "read with drop" not in text


def test_the_files_stand_with_size_and_hash(write, regression):
    assert f"model.pkl 722 kB {'2' * 64}" in write(regression).text
