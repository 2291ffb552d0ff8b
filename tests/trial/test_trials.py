"""Trained before and after on real data from a real S3 server."""

from __future__ import annotations

import pandas as pd
import pytest

from refinery.config import load_pipeline
from refinery.training import TrainingSpec, train
from refinery.trial import run_trials

CONFIG = """\
source: s3://datasets/{{ ds }}.csv
output: s3://models/line/{{ ds }}/
"""
BEFORE = f"{CONFIG}model: line\n"
AFTER = f"{CONFIG}model: {{module: line, params: {{alpha: 500}}}}\n"


def run(reviewed, before, after, rows=None):
    plan = reviewed.plan(reviewed.change("line", before, after))
    (trial,) = run_trials(plan, reviewed.context(rows), lambda _: None)
    return trial


def test_metrics_before_and_after_are_of_the_same_rows(reviewed):
    trial = run(reviewed, BEFORE, f"{BEFORE}description: x\n")
    assert trial.before.metrics == trial.after.metrics
    worse = run(reviewed, BEFORE, AFTER)
    assert worse.before == trial.before
    assert dict(worse.before.metrics)["r2"] > 0.99 > dict(worse.after.metrics)["r2"]
    assert (worse.rows, worse.note, worse.before.gate) == (None, None, None)


def test_what_trains_the_same_is_trained_once(reviewed):
    module, notes = reviewed.root / "models" / "line.py", reviewed.root / "trained.txt"
    note = f"    open({str(notes)!r}, 'a').write('trained ')\n    return"
    module.write_text(module.read_text().replace("    return", note))
    trial = run(reviewed, BEFORE, f"{BEFORE}retries: 9\nschedule: '@daily'\n")
    assert trial.before == trial.after
    assert notes.read_text() == "trained "
    run(reviewed, BEFORE, BEFORE.replace("models/line", "models/moved"))
    assert notes.read_text() == "trained " * 3


def test_a_sample_is_the_same_on_both_sides(reviewed):
    trial = run(reviewed, BEFORE, f"{BEFORE}retries: 5\n", rows=50)
    assert trial.rows == 50
    assert trial.before.metrics == trial.after.metrics
    assert trial.before.metrics != run(reviewed, BEFORE, BEFORE).before.metrics


def stored_keys(client):
    return [item["Key"] for item in client.list_objects_v2(Bucket="models").get("Contents", [])]


def test_gates_say_their_verdict_and_upload_nothing(reviewed):
    gates = "require: {r2: {min: 0.9}, mae: {max: 1000}}\n"
    before = stored_keys(reviewed.client)
    trial = run(reviewed, BEFORE + gates, AFTER + gates)
    assert (trial.before.gate, trial.after.gate) == ("passed", "rejected")
    assert {one.metric: one.passed for one in trial.after.gates} == {"r2": False, "mae": True}
    assert "at least 0.9 is required" in trial.after.gates[0].sentence
    assert dict(trial.after.metrics)["r2"] < 0.9
    assert stored_keys(reviewed.client) == before


def test_a_gate_against_the_latest_model_asks_s3(reviewed):
    trial = run(reviewed, None, f"{BEFORE}require: {{r2: {{no_worse_than_latest: 0.1}}}}\n")
    assert "there is no promoted model to compare with yet" in trial.after.gates[0].sentence
    assert trial.before is None


@pytest.mark.parametrize(
    ("before", "after", "side", "words"),
    [
        (BEFORE, BEFORE.replace("line\n", "gone\n"), "after", "gone"),
        (BEFORE.replace("line\n", "gone\n"), BEFORE, "before", "gone"),
        (BEFORE, f"{BEFORE}target: why\n", "after", "why"),
        (BEFORE, AFTER.replace("alpha", "alhpa"), "after", "alhpa"),
        (BEFORE, f"{BEFORE}expect: {{columns: {{a: {{max: 0}}}}}}\n", "after", "max"),
    ],
    ids=[
        "module missing after",
        "module missing before",
        "no such column",
        "no such parameter",
        "contract broken",
    ],
)
def test_what_fails_is_reported_and_the_other_side_is_trained(before, after, side, words, reviewed):
    trial = run(reviewed, before, after)
    failed, trained = (trial.after, trial.before) if side == "after" else (trial.before, trial.after)
    assert words in failed.problem
    assert failed.metrics == ()
    assert trained.problem is None
    assert dict(trained.metrics)["r2"] > 0.99


def test_one_failure_keeps_no_other_pipeline_from_its_trial(reviewed):
    missing = BEFORE.replace("{{ ds }}.csv", "missing.csv")
    plan = reviewed.plan(reviewed.change("bad", None, missing), reviewed.change("good", None, BEFORE))
    told = []
    bad, good = run_trials(plan, reviewed.context(), told.append)
    assert "missing.csv" in bad.after.problem
    assert good.after.metrics
    assert told == ["bad", "good"]


def test_a_fit_batch_by_batch_is_tried_batch_by_batch(reviewed, tmp_path):
    sgd = BEFORE.replace("line\n", "sklearn.linear_model.SGDRegressor\n")
    batches = f"{sgd}fit: {{mode: incremental, batch_rows: 100}}\n"
    trial = run(reviewed, sgd, batches)
    config = load_pipeline(reviewed.root / "after" / "configs", "line").config
    reviewed.client.download_file("datasets", "2026-01-31.csv", str(tmp_path / "line.csv"))
    spec = TrainingSpec.from_dict(config.training, reviewed.root / "models")
    assert spec.batch_rows == 100
    trained = train(spec, tmp_path / "line.csv", tmp_path / "model", provenance={})
    assert dict(trial.after.metrics) == trained.metrics
    assert trial.after.metrics != trial.before.metrics


def test_another_source_is_noted(reviewed):
    reviewed.upload("other.csv", pd.DataFrame({"a": range(60), "b": 1, "y": range(60)}))
    trial = run(reviewed, BEFORE, BEFORE.replace("{{ ds }}.csv", "other.csv"), rows=50)
    assert "different datasets" in trial.note
    assert trial.before.metrics != trial.after.metrics


def test_another_positive_class_is_measured_and_noted(reviewed):
    kinds = pd.DataFrame({"a": range(200), "y": ["fraud" if at % 10 == 0 else "fine" for at in range(200)]})
    reviewed.upload("kinds.csv", kinds)
    before = BEFORE.replace("{{ ds }}.csv", "kinds.csv").replace("line\n", "sklearn.dummy.DummyClassifier\n")
    trial = run(reviewed, before, f"{before}evaluate: {{positive_class: fine}}\n")
    assert (dict(trial.before.metrics)["f1"], dict(trial.after.metrics)["f1"] > 0.9) == (0, True)
    assert trial.note.startswith("Metrics of one class, such as f1, are not comparable")


def test_the_contract_counts_no_rows_of_a_sample(reviewed):
    config = f"{BEFORE}expect: {{rows: {{min: 300}}, columns: {{a: {{type: number}}}}}}\n"
    assert run(reviewed, None, config, rows=50).after.problem is None
    stricter = config.replace("300", "500")
    assert "500" in run(reviewed, None, stricter).after.problem


def test_what_a_model_prints_is_no_part_of_the_plan(reviewed, capfd):
    run(reviewed, BEFORE, AFTER)
    assert capfd.readouterr().out == ""


def test_a_search_is_tried_with_a_few_trials(reviewed):
    model = "model: {class: sklearn.linear_model.Ridge, search: {alpha: 0.1..10.0 log}}\n"
    trial = run(reviewed, BEFORE, f"{CONFIG}{model}search: {{trials: 5000, folds: 2}}\n")
    assert trial.after.problem is None
    assert dict(trial.after.metrics)["r2"] > 0.9
    assert "A search was tried with 5 trials" in trial.note
