"""A search for the best candidate: it uses only the training rows, finds the same in each run, and continues where it was interrupted."""

from __future__ import annotations

import json
import logging
import random
import subprocess
import sys
import threading

import pytest

from refinery.spec.training import CandidatesModel, ClassModel, TrainingSpec
from refinery.training import TrainingError
from refinery.training.search import evaluator as evaluators

TREE = "sklearn.tree.DecisionTreeRegressor"
RIDGE = {"class": "sklearn.linear_model.Ridge"}
TREES = {"class": TREE, "search": {"max_depth": "1..12", "min_samples_leaf": "1..30 log"}}
PAIR = [RIDGE, TREES]


class Kept:
    """A checkpoint in memory, which may be taken away while a search writes to it."""

    def __init__(self, content=b"", *, most=10**9):
        self.content, self.most, self.writes = content, most, 0

    def read(self):
        return self.content

    def write(self, content):
        self.writes += 1
        if self.writes > self.most:
            raise KeyboardInterrupt
        self.content = content

    @property
    def fits(self):
        return len(self.content.splitlines()) - 1


@pytest.fixture
def table():
    """A table whose target bends: trees of some depth are best."""
    draw = random.Random(0)
    rows = ["a,b,g,t,y"]
    for number in range(240):
        a, b = draw.uniform(-3, 3), draw.uniform(-3, 3)
        y = (2 if a > 0 else -2) * (b > 1) + draw.gauss(0, 0.2)
        rows.append(f"{a:.4f},{b:.4f},{number // 6},2026-01-{1 + number % 28:02d},{y:.4f}")
    return "\n".join(rows)


@pytest.fixture
def search(train_table, table):
    """Search on the table, and return the result."""

    def search(candidates=PAIR, text=table, checkpoint=None, trials=10, **fields):
        sections = {"model": {"candidates": candidates}}
        model = TrainingSpec.from_dict(sections, None).model
        given = {"target": "y", "features": ("a", "b"), "search_trials": trials, "search_folds": 3}
        return train_table(text, model=model, checkpoint=checkpoint, **given | fields)

    return search


def test_the_best_candidate_is_trained_as_if_the_config_had_named_it(search, train_table, table, tmp_path):
    manifest = search().manifest
    winner = manifest["search"]["winner"]
    assert manifest["model"] == {"name": TREE, "kind": "class"}
    assert manifest["params"] == winner["params"]
    named = train_table(
        table,
        model=ClassModel(TREE),
        params=winner["params"],
        target="y",
        features=("a", "b"),
        output_dir=tmp_path / "named",
    )
    assert named.manifest["files"]["model.pkl"] == manifest["files"]["model.pkl"]
    assert named.metrics == manifest["metrics"]


def test_the_threshold_is_chosen_for_the_winner_as_if_the_config_had_named_it(
    search, train_table, table, tmp_path
):
    header, *rows = table.splitlines()
    classes = [
        f"{row.rpartition(',')[0]},{'yes' if float(row.rpartition(',')[2]) > 1 else 'no'}" for row in rows
    ]
    text = "\n".join([header, *classes])
    given = {"positive_class": "yes", "maximize": "f1", "calibrate": "sigmoid"}
    candidates = [
        {"class": "sklearn.linear_model.LogisticRegression"},
        {"class": "sklearn.tree.DecisionTreeClassifier", "search": {"max_depth": "1..12"}},
    ]
    found = search(candidates, text=text, **given).manifest
    named = train_table(
        text,
        model=ClassModel(found["model"]["name"]),
        params=found["params"],
        target="y",
        features=("a", "b"),
        output_dir=tmp_path / "named",
        **given,
    ).manifest
    assert found["evaluation"]["threshold"] == named["evaluation"]["threshold"]
    assert 0 < found["evaluation"]["threshold"]["value"] < 1
    assert found["files"]["model.pkl"] == named["files"]["model.pkl"]


IN_A_NEW_PROCESS = """
import json, sys
from pathlib import Path
from refinery.training import TrainingSpec, train

sections, dataset, output = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
manifest = train(TrainingSpec.from_dict(sections, output), dataset, output, provenance={}).manifest
print(json.dumps([manifest["files"]["model.pkl"]["sha256"], manifest["params"]]))
"""


def test_after_a_search_the_fit_uses_the_cores_that_it_would_use_without(table, tmp_path):
    """scikit-learn remembers the number of cores, and its boosting sums in another order with each number."""
    path = "sklearn.ensemble.HistGradientBoostingRegressor"
    (tmp_path / "table.csv").write_text(f"{table}\n" + "\n".join(table.splitlines()[1:] * 9))

    def run(model, name, **sections):
        given = {"model": model, "target": {"column": "y"}, "drop": ["t"], **sections}
        command = [sys.executable, "-c", IN_A_NEW_PROCESS, json.dumps(given)]
        done = subprocess.run(
            [*command, tmp_path / "table.csv", tmp_path / name], check=True, capture_output=True, text=True
        )
        return json.loads(done.stdout.splitlines()[-1])

    few = {"max_iter": 9}
    model = {"class": path, "params": few, "search": {"max_leaf_nodes": "4..31"}}
    found, params = run(model, "found", search={"trials": 2, "folds": 2})
    named, _ = run({"class": path, "params": params}, "named")
    assert found == named


def test_two_searches_find_the_same(search, tmp_path):
    first, second = (search(output_dir=tmp_path / name).manifest["search"] for name in "ab")
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_another_seed_proposes_other_trials(search, tmp_path):
    first, second = (
        search(random_state=seed, output_dir=tmp_path / str(seed)).manifest["search"] for seed in (1, 2)
    )
    assert first["winner"] != second["winner"]


def test_each_candidate_is_tried_as_written_and_pruned_trials_count(search):
    found = search(trials=24).manifest["search"]
    assert [row["candidate"] for row in found["leaderboard"]] == [TREE, RIDGE["class"]]
    assert [row["trials"] for row in found["leaderboard"]] == [23, 1]
    assert all(row["as_it_is"] is not None for row in found["leaderboard"])
    counts = found["trials"]
    assert counts["asked"] == 24 == counts["done"] + counts["pruned"]
    assert counts["pruned"] > 0
    assert found["by"] == "rmse"
    assert found["lower_is_better"]
    means = [mean for _, mean in found["curve"]]
    assert means == sorted(means, reverse=True)
    assert means[-1] == found["score"]["mean"]
    assert set(found["importance"]) == {"max_depth", "min_samples_leaf"}
    assert found["held_out"] - found["score"]["mean"] == pytest.approx(found["difference"])
    assert {"optuna", "sklearn"} <= set(found["libraries"])


def test_an_interrupted_search_continues_and_finds_the_same(search, tmp_path):
    """Wherever it ends: what is kept by then is not computed again."""
    whole = Kept()
    expected = search(checkpoint=whole, output_dir=tmp_path / "whole").manifest["search"]
    killed = Kept(most=2)
    with pytest.raises(KeyboardInterrupt):
        search(checkpoint=killed, output_dir=tmp_path / "killed")
    lines = whole.content.splitlines(keepends=True)
    for content in (killed.content, b"".join(lines[:4]), b"".join(lines[:-1])):
        rest = Kept(content)
        before = rest.fits
        with count_fits() as measured:
            found = search(checkpoint=rest, output_dir=tmp_path / "rest").manifest["search"]
        assert {**found, "seconds": 0} == {**expected, "seconds": 0}
        assert 0 < before < whole.fits
        assert measured.count == whole.fits - before
        assert rest.fits == whole.fits


@pytest.mark.parametrize(
    "change", [{"search_folds": 4}, {"random_state": 3}, {"provenance": {"dataset": {"sha256": "other"}}}]
)
def test_trials_of_another_spec_or_dataset_are_not_used(search, tmp_path, change):
    kept = Kept()
    search(checkpoint=kept, trials=3, output_dir=tmp_path / "first")
    with count_fits() as same:
        search(checkpoint=kept, trials=3, output_dir=tmp_path / "same")
    with count_fits() as other:
        search(checkpoint=kept, trials=3, output_dir=tmp_path / "other", **change)
    assert same.count == 0
    assert other.count > 0


def test_a_damaged_checkpoint_costs_only_what_is_damaged(search, tmp_path):
    kept = Kept()
    search(checkpoint=kept, trials=3, output_dir=tmp_path / "first")
    for cut in (kept.content[:-20], b"\xff\x00", b"[]\n", kept.content + b'{"trial": 1}\n'):
        search(checkpoint=Kept(cut), trials=3, output_dir=tmp_path / "again")


class count_fits:  # noqa: N801 - a context manager
    """Counts what is measured anew."""

    def __enter__(self):
        self.count, self._lock, self._real = 0, threading.Lock(), evaluators._measure

        def measure(*args, **kwargs):
            with self._lock:
                self.count += 1
            return self._real(*args, **kwargs)

        evaluators._measure = measure
        return self

    def __exit__(self, *_):
        evaluators._measure = self._real


def test_the_rows_held_out_change_nothing(search, table, tmp_path):
    """Their target becomes nonsense: trials, choice and params stay the same."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    header, *rows = table.splitlines()
    _, held_out = train_test_split(np.arange(len(rows)), test_size=0.2, random_state=0)
    spoilt = [
        f"{row.rpartition(',')[0]},{1000 + number}" if number in held_out else row
        for number, row in enumerate(rows)
    ]
    first = search(output_dir=tmp_path / "first").manifest["search"]
    second = search(text="\n".join([header, *spoilt]), output_dir=tmp_path / "second").manifest
    for key in ("winner", "score", "leaderboard", "curve"):
        assert first[key] == second["search"][key]
    assert any("is worse than in the search" in sign for sign in second["warnings"])


@pytest.mark.parametrize(
    "fields",
    [
        {"group_column": "g"},
        {"time_column": "t", "gap": 2},
        {"weight": "w"},
        {"cross_validation": 3},
        {"group_column": "g", "stopping_rounds": 3},
    ],
)
def test_folds_follow_the_rules_of_the_evaluation(search, table, fields):
    if "weight" in fields:
        header, *rows = table.splitlines()
        table = "\n".join([f"{header},w", *(f"{row},{1 + number % 3}" for number, row in enumerate(rows))])
    boosting = {"class": "lightgbm.LGBMRegressor", "search": {"num_leaves": "3..9"}}
    candidates = [boosting] if "stopping_rounds" in fields else PAIR
    manifest = search(candidates, text=table, trials=4, **fields).manifest
    assert manifest["search"]["trials"]["failed"] == 0
    assert manifest["search"]["score"]["mean"] > 0


def test_no_group_is_on_both_sides_of_a_fold(search):
    """A target that only its group tells scores as well as chance, in the search as on the rows held out."""
    draw = random.Random(1)
    by_group = [draw.gauss(0, 1) for _ in range(40)]
    rows = ["a,b,g,y"]
    rows += [f"{n // 6},{(n // 6) * 7 % 11},{n // 6},{by_group[n // 6]:.3f}" for n in range(240)]
    text = "\n".join(rows)
    options = {"search_by": "r2", "trials": 12, "text": text}
    leaking = search(**options).manifest
    honest = search(**options, group_column="g").manifest
    assert leaking["search"]["score"]["mean"] > 0.9
    assert any("evaluate.group_column" in sign for sign in leaking["warnings"])
    assert honest["search"]["score"]["mean"] < 0.2
    assert honest["search"]["held_out"] < 0.2


def test_a_failed_trial_is_no_failed_run(search, caplog):
    caplog.set_level(logging.INFO)
    classes = [
        {"class": "sklearn.linear_model.LogisticRegression"},
        {
            "class": "sklearn.linear_model.LogisticRegression",
            "params": {"solver": "lbfgs"},
            "search": {"l1_ratio": [0, 1], "C": "0.01..10.0 log"},
        },
    ]
    rows = "\n".join(["a,b,y", *(f"{n},{n * 7 % 10},{'no' if n * n % 7 < 3 else 'yes'}" for n in range(90))])
    manifest = search(classes, text=rows, trials=12).manifest
    counts = manifest["search"]["trials"]
    assert counts["failed"] > 0
    assert counts["done"] > 1
    assert "Solver lbfgs supports only" in caplog.text


def test_where_all_trials_fail_the_run_fails_with_the_first_message(search):
    rows = "\n".join(["a,b,y", *(f"{n},{n * 7 % 10},{'no' if n % 2 else 'yes'}" for n in range(60))])
    classes = [{"class": "sklearn.svm.LinearSVC"}, {"class": "sklearn.linear_model.Perceptron"}]
    message = r"The search has no model: all of its 2 trials failed\. neg_log_loss has no value|log_loss has no value"
    with pytest.raises(TrainingError, match=message):
        search(classes, text=rows, search_by="neg_log_loss")


def test_time_ends_a_search_after_each_candidate_was_tried(search):
    found = search(trials=1000, search_minutes=1e-9).manifest["search"]
    assert found["ended_by"] == "minutes"
    assert found["trials"]["done"] == 2


def test_a_winner_without_a_gain_is_reported(search, table):
    header, *rows = table.splitlines()
    draw = random.Random(2)
    noise = "\n".join([header, *(f"{row.rpartition(',')[0]},{draw.gauss(0, 1):.4f}" for row in rows)])
    warnings = search(text=noise, trials=6).manifest["warnings"]
    assert any(
        "the simpler one may be as good" in sign or "found no model that is better" in sign
        for sign in warnings
    )


def test_pipelines_are_candidates_too_and_their_steps_are_searched(search):
    steps = [
        {"class": "sklearn.preprocessing.PolynomialFeatures", "search": {"degree": "1..4"}},
        {"class": "sklearn.linear_model.Ridge", "search": {"alpha": "0.001..10.0 log"}},
    ]
    manifest = search([RIDGE, {"steps": steps}], trials=12).manifest
    winner = manifest["search"]["winner"]
    assert [step["class"] for step in winner["steps"]] == [step["class"] for step in steps]
    assert set(manifest["search"]["importance"]) in (set(), {"PolynomialFeatures.degree", "Ridge.alpha"})
    assert manifest["model"]["kind"] == "steps"


def test_text_gaps_and_categories_are_prepared_in_each_fold(search, table):
    header, *rows = table.splitlines()
    words = ["north", "south", ""]
    text = "\n".join([f"w,{header}", *(f"{words[n % 3]},{row}" for n, row in enumerate(rows))])
    options = {"text": text, "features": ("a", "b", "w"), "preprocess": "auto", "trials": 4}
    assert search(**options).manifest["search"]["trials"]["failed"] == 0


def test_choices_that_python_takes_for_equal_are_different(search):
    """One feature, or all of them."""
    tree = {"class": TREE, "search": {"max_features": [1, 1.0], "max_depth": [2, 9]}}
    found = search([tree], trials=14).manifest["search"]
    assert repr(found["winner"]["params"].get("max_features", 1.0)) == "1.0"
    assert set(found["importance"]) == {"max_features", "max_depth"}


def test_one_class_may_be_written_short():
    short = {"model": {**TREES, "params": {"splitter": "best"}, "format": "skops"}}
    long = {"model": {"candidates": [{**TREES, "params": {"splitter": "best"}}], "format": "skops"}}
    spec = TrainingSpec.from_dict(short, None)
    assert isinstance(spec.model, CandidatesModel)
    assert spec == TrainingSpec.from_dict(long, None)
    assert json.loads(json.dumps(spec.to_dict())) == long
