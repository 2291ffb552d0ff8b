"""What shuffled columns show about a model, at a bounded cost."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression

from refinery.card.importance import NotMeasuredError, measure_importance


@pytest.fixture
def known(make_case):
    """A target of which it is known what makes it, and from which columns it does not follow."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.normal(size=(800, 3)), columns=["much", "little", "nothing"])
    table["target"] = 3 * table["much"] + table["little"]
    return make_case(table, "target", LinearRegression())


def test_columns_come_in_the_order_of_their_worth(known):
    importance = measure_importance(known.model, known.held_out)
    assert importance.columns == ("much", "little", "nothing")
    assert importance.losses[2] == pytest.approx(0, abs=1e-9)
    assert (importance.score, importance.rows, importance.left_out) == ("R2", 160, 0)


def test_it_agrees_with_scikit_learn_s_own(known):
    theirs = permutation_importance(
        known.model, known.held_out.features, known.held_out.actual, n_repeats=30, random_state=0
    )
    ours = measure_importance(known.model, known.held_out)
    assert ours.losses == pytest.approx(tuple(theirs.importances_mean), rel=0.15, abs=1e-9)


@pytest.mark.parametrize(("case", "score"), [("binary", "ROC AUC"), ("multi_class", "balanced accuracy")])
def test_a_classifier_is_judged_by_scores_that_a_rare_class_counts_in(request, case, score):
    chosen = request.getfixturevalue(case)
    importance = measure_importance(chosen.model, chosen.held_out)
    assert importance.score == score
    assert importance.losses[0] > 0


def test_the_score_of_the_rows_as_they_are_is_scikit_learn_s(binary):
    from sklearn.metrics import roc_auc_score

    expected = roc_auc_score(binary.held_out.actual, binary.held_out.scores)
    assert measure_importance(binary.model, binary.held_out).value == pytest.approx(expected)


def test_of_many_rows_those_of_a_rare_class_are_all_sampled(make_case, monkeypatch):
    """By chance alone, a quarter of them would be."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"signal": generator.normal(size=20_000), "noise": generator.normal(size=20_000)})
    table["rare"] = (table["signal"] + generator.normal(size=20_000) > 3.3).astype(int)
    case = make_case(table, "rare", LogisticRegression())
    asked, predict = [], case.model.predict_proba
    monkeypatch.setattr(case.model, "predict_proba", lambda rows: asked.append(rows) or predict(rows))
    measure_importance(case.model, case.held_out)
    rare = case.held_out.features.index[case.held_out.actual == 1]
    assert 20 < len(rare) < 500
    assert len(asked[0]) == 1000
    assert set(rare) <= set(asked[0].index)


def test_sampled_rows_and_shuffles_are_the_same_each_time(known, held_out_of):
    table = pd.DataFrame(
        np.random.default_rng(0).normal(size=(3000, 3)), columns=["much", "little", "nothing"]
    )
    held_out = held_out_of(known.model, table, 2 * table["much"])
    first, second = (measure_importance(known.model, held_out) for _ in range(2))
    assert first.rows == 1000
    assert first == second


def test_many_rows_and_columns_ask_for_a_bounded_number_of_predictions(held_out_of):
    asked = []

    class Counting(LinearRegression):
        def predict(self, features):
            asked.append(len(features))
            return np.zeros(len(features))

    table = pd.DataFrame(np.random.default_rng(0).normal(size=(1000, 600)))
    table.columns = table.columns.astype(str)
    model = Counting().fit(table, table["0"])
    held_out = held_out_of(model, table, table["0"])
    asked.clear()
    importance = measure_importance(model, held_out)
    assert (importance.rows, importance.left_out) == (66, 100)
    assert sum(asked) == 66 * (1 + 3 * 500)
    assert len(asked) < 30


def test_a_slow_model_is_not_measured_and_the_card_says_so(write, known):
    class Slow:
        def predict(self, features):
            time.sleep(2.5)
            return np.zeros(len(features))

    page = write(replace(known, model=Slow()))
    assert "Permutation importance was not measured: the model predicts too slowly." in page.text


def test_a_model_that_refuses_the_rows_is_not_measured(known):
    class Refusing:
        def predict(self, features):
            raise RuntimeError

    with pytest.raises(NotMeasuredError, match="the model rejected the rows \\(RuntimeError\\)"):
        measure_importance(Refusing(), known.held_out)


def test_text_and_categories_are_shuffled_as_they_are(make_case):
    class ByLetter(LogisticRegression):
        def fit(self, features, target):
            self.dtypes = dict(features.dtypes)
            return super().fit(self._numbers(features), target)

        def predict(self, features):
            return super().predict(self._numbers(features))

        def predict_proba(self, features):
            return super().predict_proba(self._numbers(features))

        def _numbers(self, features):
            assert dict(features.dtypes) == self.dtypes
            return np.column_stack([features["text"].eq("a"), features["kind"].cat.codes])

    table = pd.DataFrame({"text": ["a", "b"] * 50, "kind": pd.Categorical(["u", "v", "w", "x"] * 25)})
    table["target"] = ["yes", "no"] * 50
    case = make_case(table, "target", ByLetter())
    assert measure_importance(case.model, case.held_out).columns[0] == "text"
