"""What a model must reach: passed, failed, warned, first, unreadable, not measured, not a number."""

from __future__ import annotations

import json
import math

import pytest

from refinery.spec.errors import SpecError
from refinery.spec.training import ClassModel
from refinery.training import GateFailedError, LatestModel, needs_latest, parse_requirements
from refinery.training.errors import TrainingError
from refinery.training.evaluation.gates import check_gates

RIDGE = ClassModel("sklearn.linear_model.Ridge")
BY_ITSELF = """
    from pathlib import Path

    def train(dataset_path, model_path):
        Path(model_path).write_bytes(b"N.")
        Path(model_path).with_name("words.txt").write_text("words")
        return {"loss": float("nan"), "score": 0.7}
    """


def gates_of(manifest):
    return [(gate["metric"], gate["kind"], gate["passed"]) for gate in manifest["gates"]]


def reported_gates(error):
    return json.loads((error.report_dir / "manifest.json").read_text())["gates"]


@pytest.fixture
def rejected(train_petrol):
    """Train a model that a gate rejects; give the error."""

    def rejected(train=train_petrol, **fields):
        with pytest.raises(GateFailedError) as raised:
            train(**fields)
        assert isinstance(raised.value, TrainingError)
        assert not raised.value.retryable
        return raised.value

    return rejected


def test_a_model_that_meets_every_bound_passes_and_its_margins_are_in_the_manifest(train_petrol):
    result = train_petrol(require={"r2": {"min": 0.35}, "mae": {"max": 60, "min": 1}})

    assert gates_of(result.manifest) == [("r2", "min", True), ("mae", "min", True), ("mae", "max", True)]
    assert result.manifest["gate"] == "passed"
    gate = result.manifest["gates"][0]
    assert gate["measured"] == result.metrics["r2"]
    assert gate["margin"] == pytest.approx(result.metrics["r2"] - 0.35)
    assert gate["sentence"] == "r2 is 0.4037, and at least 0.35 is required: 0.05366 to spare."
    assert f"gate      passed: {gate['sentence']}" in result.summary


def test_without_requirements_there_is_no_gate(train_petrol):
    manifest = train_petrol().manifest

    assert (manifest["gates"], manifest["gate"]) == ([], None)


def test_a_model_that_misses_a_bound_is_rejected_with_a_sentence_for_each_failed_gate(rejected):
    error = rejected(require={"r2": {"min": 0.9}, "mae": {"max": 40}, "mse": {"max": 1e9}})

    assert str(error) == (
        "The model is rejected, it fails 2 of 3 gates: "
        "r2 is 0.4037, and at least 0.9 is required: missed by 0.4963. "
        "mae is 48.34, and at most 40 is required: missed by 8.339."
    )
    assert [gate["passed"] for gate in reported_gates(error)] == [False, False, True]


def test_a_rejected_model_leaves_a_report_and_no_model(rejected, tmp_path):
    def write_card(folder, trained):
        assert (trained.manifest["gate"], trained.manifest["files"]) == ("rejected", {})
        (folder / "card.html").write_text("card")

    error = rejected(require={"r2": {"min": 0.9}}, write_extras=write_card)

    assert error.report_dir == tmp_path / "model" / "rejected"
    assert {file.name for file in error.report_dir.iterdir()} == {"card.html", "manifest.json"}
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["rejected"]
    manifest = json.loads((error.report_dir / "manifest.json").read_text())
    assert (manifest["gate"], list(manifest["files"])) == ("rejected", ["card.html"])
    assert manifest["metrics"]["r2"] == pytest.approx(0.4037, abs=1e-4)


def test_the_next_try_removes_the_report(rejected, train_petrol, tmp_path):
    report = rejected(require={"r2": {"min": 0.9}}).report_dir

    result = train_petrol()

    assert not report.exists()
    assert list(result.manifest["files"]) == ["model.pkl"]


def test_no_file_of_a_rejected_train_function_is_in_the_report(rejected, train_module):
    error = rejected(lambda **fields: train_module(BY_ITSELF, **fields), require={"score": {"min": 0.9}})

    assert [file.name for file in error.report_dir.iterdir()] == ["manifest.json"]


def test_gate_warn_keeps_the_model_and_marks_it(train_petrol, tmp_path):
    result = train_petrol(require={"r2": {"min": 0.9}}, gate="warn")

    assert result.manifest["gate"] == "warned"
    assert "gate      FAILED: r2 is 0.4037" in result.summary
    assert (tmp_path / "model" / "model.pkl").exists()
    assert train_petrol(require={"r2": {"min": 0.1}}, gate="warn").manifest["gate"] == "passed"


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("loss", "loss has no value, and at most 1 is required: it is nan."),
        (
            "scores",
            'scores has no value, and at most 1 is required: the model was not measured by it; did you mean "score".',
        ),
    ],
)
def test_a_metric_that_is_not_a_number_or_was_not_measured_fails(rejected, train_module, metric, sentence):
    error = rejected(lambda **fields: train_module(BY_ITSELF, **fields), require={metric: {"max": 1}})

    (gate,) = reported_gates(error)
    assert gate["sentence"] == sentence
    assert (gate["measured"], gate["margin"]) == (None, None)


def test_no_gate_lets_a_number_pass_that_is_none():
    requirements = parse_requirements({"loss": {"min": 0, "max": 1, "no_worse_than_latest": 0}})

    results = check_gates(requirements, {"loss": math.nan}, {}, None)

    assert [result.passed for result in results] == [False, False, False]
    assert [result.measured for result in results] == [None, None, None]


def test_a_usual_metric_that_has_no_value_fails_with_the_reason(rejected, train_table):
    rows = "".join(f"{i % 5},{i % 3}\n" for i in range(300))

    def train(**fields):
        return train_table(f"x,y\n{rows}", model=ClassModel("sklearn.svm.SVC"), **fields)

    error = rejected(train, require={"roc_auc": {"min": 0.5, "no_worse_than_latest": 0}})

    expected = "roc_auc has no value, and at least 0.5 is required: the model gives no probabilities."
    gates = reported_gates(error)
    assert gates[0]["sentence"] == expected
    assert [gate["passed"] for gate in gates] == [False, False]


def test_a_metric_that_only_a_gate_names_is_measured(train_petrol):
    result = train_petrol(metrics=["r2"], require={"max_error": {"max": 1000}})

    assert list(result.metrics) == ["r2", "max_error"]


def test_scikit_learns_name_of_an_error_means_the_error_itself(train_petrol):
    result = train_petrol(require={"neg_mean_absolute_error": {"max": 60}})

    assert gates_of(result.manifest) == [("mean_absolute_error", "max", True)]
    assert result.manifest["gates"][0]["measured"] == result.metrics["mae"]


class TestAgainstTheLatest:
    @pytest.fixture
    def forest(self, train_petrol):
        result = train_petrol(params={"n_estimators": 20})
        return LatestModel("2026-01-30", result.model, result.manifest)

    @pytest.mark.parametrize(
        ("allowed", "passes"), [(0, False), ("1%", False), (0.02, False), ("50%", True), (100, True)]
    )
    def test_a_worse_model_passes_only_within_the_tolerance(
        self, train_petrol, rejected, forest, allowed, passes
    ):
        fields = {"model": RIDGE, "latest": forest, "require": {"mae": {"no_worse_than_latest": allowed}}}
        if not passes:
            error = rejected(**fields)
            assert reported_gates(error)[0]["margin"] < 0
            assert (
                f"(the latest model 2026-01-30 has {forest.manifest['metrics']['mae']:.4g} on the same"
                in str(error)
            )
            return
        (gate,) = train_petrol(**fields).manifest["gates"]

        assert gate["required"] > forest.manifest["metrics"]["mae"]
        assert gate["margin"] > 0

    def test_where_more_is_better_less_is_worse(self, train_petrol, rejected, forest):
        fields = {"model": RIDGE, "latest": forest}
        latest = forest.manifest["metrics"]["r2"]

        (gate,) = reported_gates(rejected(**fields, require={"r2": {"no_worse_than_latest": "10%"}}))
        assert gate["required"] == pytest.approx(latest - 0.1 * abs(latest))
        assert (
            train_petrol(**fields, require={"r2": {"no_worse_than_latest": 1}}).manifest["gate"] == "passed"
        )

    def test_the_same_model_is_no_worse_than_itself(self, train_petrol, forest):
        require = {name: {"no_worse_than_latest": 0} for name in ("mae", "r2", "max_error")}

        result = train_petrol(params={"n_estimators": 20}, latest=forest, require=require)

        assert result.manifest["gate"] == "passed"

    def test_it_is_measured_on_the_new_models_rows_not_by_its_own_figures(self, train_petrol, forest):
        boast = LatestModel("2026-01-30", forest.model, {**forest.manifest, "metrics": {"mae": 0.0}})

        result = train_petrol(latest=boast, require={"mae": {"no_worse_than_latest": "10%"}})

        assert result.manifest["gate"] == "passed"

    def test_the_first_model_ever_passes(self, train_petrol):
        (gate,) = train_petrol(require={"mae": {"no_worse_than_latest": 0}}).manifest["gates"]

        assert gate["passed"]
        assert gate["sentence"].endswith("and there is no promoted model to compare with yet.")

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            (
                {"model": None, "problem": "the file is not there"},
                "2026-01-30 cannot be loaded (the file is not there)",
            ),
            ({"model": object()}, "2026-01-30 failed on the held-out rows (AttributeError: "),
            ({"target": "price"}, '2026-01-30 predicts another target, "price"'),
            (
                {"features": ["Petrol_tax", "weather"]},
                '2026-01-30 learned from "weather" too, which the new model does not',
            ),
        ],
    )
    def test_one_that_cannot_be_judged_fails_unless_gates_only_warn(
        self, train_petrol, rejected, forest, change, problem
    ):
        data = dict(forest.manifest["data"])
        if "target" in change:
            data["target"] = {"name": change.pop("target")}
        if "features" in change:
            data["features"] = [{"name": name} for name in change.pop("features")]
        fields = {"model": forest.model, "manifest": {**forest.manifest, "data": data}} | change
        latest = LatestModel("2026-01-30", **fields)
        require = {"mae": {"no_worse_than_latest": "50%"}}

        error = rejected(latest=latest, require=require)

        assert f"mae is 48.34, and cannot be compared with the latest model's: {problem}" in str(error)
        assert train_petrol(latest=latest, require=require, gate="warn").manifest["gate"] == "warned"

    def test_a_train_function_that_judges_itself_cannot_be_compared(self, rejected, train_module, forest):
        error = rejected(
            lambda **fields: train_module(BY_ITSELF, **fields),
            latest=forest,
            require={"score": {"no_worse_than_latest": 0}},
        )

        assert (
            "cannot be compared with the latest model's: the new model's own code held out the rows"
            in str(error)
        )

    def test_a_model_that_may_have_learned_from_the_rows_is_noted(self, train_petrol, forest):
        require = {"mae": {"no_worse_than_latest": "50%"}}
        known = "The latest model may have learned from rows that are held out now"

        same = train_petrol(latest=forest, require=require).manifest
        other_seed = train_petrol(latest=forest, require=require, random_state=1, gate="warn").manifest
        other_data = train_petrol(
            latest=forest, require=require, provenance={"dataset": {"sha256": "another"}}
        ).manifest

        assert not any(note.startswith(known) for note in same["notes"])
        assert any(note.startswith(known) for note in other_seed["notes"])
        assert any(note.startswith(known) for note in other_data["notes"])


@pytest.mark.parametrize(
    ("require", "message"),
    [
        (
            {"mae": {}},
            "require.mae: has no requirement; add one of min, max, no_worse_than_latest, such as {min: 0.5}.",
        ),
        ({"mae": 60}, "require.mae: has no requirement; add one of"),
        ({"mae": {"maximum": 1}}, 'require.mae.maximum: unknown requirement; did you mean "max"?'),
        ({"mae": {"max": "60"}}, 'require.mae.max: is "60"; write a number.'),
        ({"mae": {"max": True}}, "require.mae.max: is True; write a number."),
        ({"mae": {"max": math.nan}}, "require.mae.max: is nan; write a number."),
        ({"mae": {"min": 2, "max": 1}}, "require.mae: min 2 is greater than max 1; swap them."),
        (
            {"mae": {"no_worse_than_latest": "10"}},
            'require.mae.no_worse_than_latest: is "10"; write a number of 0 or more, or a percentage such as 10%.',
        ),
        (
            {"mae": {"no_worse_than_latest": -1}},
            "require.mae.no_worse_than_latest: is -1; write a number of 0 or more",
        ),
        (
            {"neg_log_loss": {"min": -1}},
            "require.neg_log_loss: errors are not negated here; use log_loss with a max of 0 or more.",
        ),
    ],
)
def test_an_impossible_requirement_is_reported_before_anything_is_read(
    train_petrol, tmp_path, require, message
):
    with pytest.raises(SpecError) as raised:
        train_petrol(dataset=tmp_path / "missing.csv", require=require)

    assert str(raised.value).startswith(message)


def test_only_a_comparison_needs_the_latest_model():
    assert needs_latest({"r2": {"min": 0}, "mae": {"no_worse_than_latest": 0}})
    assert not needs_latest({"r2": {"min": 0}, "mae": {"max": 1}})
    assert not needs_latest({})
