"""The search on the card of the model that it found."""

from __future__ import annotations

import pytest

from refinery.card.search import gather_search

SEARCH = {
    "by": "roc_auc",
    "lower_is_better": False,
    "folds": 5,
    "trials": {"asked": 60, "done": 40, "pruned": 18, "failed": 2, "stopped": 0},
    "ended_by": "trials",
    "seconds": 93.2,
    "winner": {"class": "lightgbm.LGBMClassifier", "params": {"num_leaves": 31}},
    "score": {"mean": 0.91, "spread": 0.012},
    "held_out": 0.89,
    "difference": -0.02,
    "leaderboard": [
        {
            "candidate": "lightgbm.LGBMClassifier",
            "trials": 59,
            "mean": 0.91,
            "spread": 0.012,
            "as_it_is": 0.9,
            "model": {"class": "lightgbm.LGBMClassifier", "params": {"num_leaves": 31}},
        },
        {
            "candidate": "sklearn.decomposition.PCA > sklearn.svm.SVC",
            "trials": 1,
            "mean": 0.8,
            "spread": 0.03,
            "as_it_is": 0.8,
            "model": {
                "steps": [
                    {"class": "sklearn.decomposition.PCA", "params": {"n_components": 3}},
                    {"class": "sklearn.svm.SVC"},
                ]
            },
        },
        {"candidate": "sklearn.svm.LinearSVC", "trials": 1, "problem": "roc_auc has no value"},
    ],
    "curve": [[0, 0.88], [7, 0.9], [31, 0.91]],
    "importance": {"num_leaves": 0.7, "learning_rate": 0.3},
}


def test_the_card_shows_leaderboard_curve_and_params(write, binary):
    page = write(binary.with_manifest(search=SEARCH))
    assert "Search" in page.headings
    assert {"Best score so far", "Params that mattered"} <= set(page.texts)
    text = page.text
    assert "60 trials in 5 folds of the training rows, of which 18 pruned early, 2 failed; 93.2 s." in text
    assert "LGBMClassifier" in text
    assert "num_leaves 31" in text
    assert "PCA > SVC" in text
    assert "PCA n_components 3" in text
    assert "roc_auc has no value" in text


def test_without_a_search_nothing_is_shown(write, binary):
    assert "Search" not in write(binary).headings


@pytest.mark.parametrize(
    "section",
    [
        {},
        {**SEARCH, "curve": None, "importance": None, "leaderboard": None, "score": None, "trials": None},
        {**SEARCH, "curve": [[1], "x", [0, float("nan")], [2, 0.5]], "importance": {"a": "b", "c": True}},
        {**SEARCH, "leaderboard": ["x", {}, {"model": {"params": 5, "steps": 7}}], "seconds": "x"},
        {**SEARCH, "by": "<script>", "leaderboard": [{"candidate": "<b>", "problem": "| `x` <i>"}]},
        {**SEARCH, "curve": [[0, 1e308], [1, -1e308]], "trials": {"done": -1}},
        [],
        "x",
    ],
)
def test_a_damaged_section_costs_no_card(write, binary, section):
    page = write(binary.with_manifest(search=section))
    assert "<script>" not in page.source
    assert "<b>" not in page.source


def test_what_is_no_search_is_none():
    assert gather_search({"search": []}) is None
