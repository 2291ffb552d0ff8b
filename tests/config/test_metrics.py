"""The metrics that configs may name are those that scikit-learn has."""

from __future__ import annotations

from sklearn.metrics import get_scorer_names

from refinery.config.models.metrics import METRICS, NEGATED, SCORERS, SHORT_NAMES


def test_the_table_is_scikit_learns():
    assert list(SCORERS) == get_scorer_names()


def test_errors_may_be_named_without_their_sign_and_by_short_names():
    negated = {name for name in SCORERS if name.startswith(NEGATED)}
    assert {"neg_mean_absolute_error", "neg_log_loss"} < negated
    assert {name.removeprefix(NEGATED) for name in negated} | set(SCORERS) | set(SHORT_NAMES) == METRICS
