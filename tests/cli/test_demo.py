"""`refinery demo` before it starts Airflow, and what it prints of runs."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from refinery.cli.demo import _print_errors, _print_hint, _print_results, _print_warnings, _progress
from refinery.local.demo import STEPS, PipelineRun

URL = "s3://models/diabetes_progression/2026-01-31/"
METRICS = {"mae": 46.17, "mse": 3425.0, "rmse": 58.52, "r2": 0.3322}
NO_BUCKET = (
    'upload_model: The bucket "risk-models" of s3://risk-models/x/manifest.json does not exist. Check its name. '
    "(endpoint {endpoint}; NoSuchBucket: The specified bucket does not exist)"
)


@pytest.fixture
def run() -> PipelineRun:
    steps = dict.fromkeys(STEPS, "success")
    return PipelineRun("diabetes_progression", "success", steps, 13.4, METRICS, URL)


def printed(width, show, *arguments) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    show(console, *arguments)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            "def build_model()\n    return 1\n",
            "include/models/mine.py is not valid Python: expected ':' on line 1",
        ),
        (
            "def make_model():\n    return 1\n",
            "include/models/mine.py must define exactly one of build_model, train, fit",
        ),
    ],
)
def test_a_module_that_airflow_would_refuse_is_reported_before_airflow_starts(refinery, module, message):
    refinery.write("configs/churn.yml")
    refinery.write("configs/mine.yml", refinery.read("configs/churn.yml").replace("random_forest", "mine"))
    refinery.write("include/models/mine.py", module)

    done = refinery("demo", "mine", "churn")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"configs/mine.yml:2:8: model: {message}")


def test_the_steps_fit_into_a_terminal_of_80_columns(run):
    lines = printed(80, Console.print, _progress([run]))
    assert lines[0].split() == ["pipeline", *STEPS]
    assert lines[1].split() == ["diabetes_progression", "✓", "✓", "✓", "✓"]
    assert len(lines) == 2


def test_results_are_a_table_where_it_fits(run):
    assert printed(100, _print_results, [run]) == [
        "pipeline              state    seconds  metrics, and the model",
        "diabetes_progression  success     13.4  mae 46.17  mse 3425  rmse 58.52  r2 0.3322",
        f"                                        {URL}",
    ]


def test_a_narrow_terminal_breaks_no_url(run):
    assert printed(80, _print_results, [run]) == [
        "diabetes_progression  success  13.4 s",
        "  mae 46.17  mse 3425  rmse 58.52  r2 0.3322",
        f"  {URL}",
    ]


def test_warnings_and_the_baseline_stand_next_to_the_metrics(run):
    useless = replace(
        run,
        metrics={"accuracy": 0.62},
        baseline={"accuracy": 0.67},
        warnings=(
            "No better than always predicting the most frequent class: accuracy 0.62 (baseline 0.67).",
            "No held-out row is of class '[red]'.",
        ),
    )
    assert printed(80, _print_results, [useless]) == [
        "diabetes_progression  success, 2 warnings  13.4 s",
        "  accuracy 0.62",
        "  baseline: accuracy 0.67",
        f"  {URL}",
    ]
    assert printed(80, _print_warnings, [run, useless]) == [
        "",
        "diabetes_progression: read this before you use the model",
        "  - No better than always predicting the most frequent class: accuracy 0.62",
        "  (baseline 0.67).",
        "  - No held-out row is of class '[red]'.",
    ]


def test_what_training_judged_reaches_the_run(run):
    judgement = {"baseline": {"mae": 60.5}, "warnings": ["Only 4 rows were held out."]}
    step = {"event": "step", "step": "train_model", "state": "success", "returned": METRICS}

    run.apply(step | {"judgement": judgement})

    assert (run.baseline, run.warnings) == ({"mae": 60.5}, ("Only 4 rows were held out.",))


@pytest.mark.parametrize(
    ("endpoint", "is_embedded"), [("http://127.0.0.1:4258", True), ("https://s3.example.com", False)]
)
def test_a_missing_bucket_of_the_embedded_server_is_reported_as_a_folder_to_make(endpoint, is_embedded):
    run = PipelineRun("churn", "failed", error=NO_BUCKET.format(endpoint=endpoint))
    lines = printed(80, _print_errors, [run])
    hint = "Buckets are folders here; create this one with: mkdir -p .local/s3/risk-models"
    assert (hint in lines) == is_embedded


@pytest.mark.parametrize(("params", "model"), [({}, "diabetes_progression"), ({"region": "eu"}, URL)])
def test_the_hint_names_the_model_of_the_run(run, params, model):
    (*_, hint) = printed(120, _print_hint, [run], {run.dag_id: params})

    assert hint.endswith(f"card {model}")
