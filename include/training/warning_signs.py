"""Looks at a judged model for the signs of what costs a team a week: a leaked target, a useless model, a blind test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.training.errors import listed
from include.training.metrics import CLASSIFICATION, REGRESSION
from include.training.positive_class import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

    from include.training.fitting import Fitted
    from include.training.metrics import Metric
    from include.training.splitting import Split

# Below this, one row more or less that is right moves an accuracy by more than 3 in a hundred.
_FEW_ROWS = 30
_BINARY = 2
# A score this near to the best is better than what the world allows.
_PERFECT = 0.999
# Rows that are enough to see that a feature tells the target.
_ROWS_TO_COMPARE = 10_000


def find_warning_signs(
    fitted: Fitted, split: Split, baseline: Mapping[str, float], *, positive: Any = None
) -> tuple[str, ...]:
    """Give a sentence for each sign that a model, or its metrics, may not be what they seem.

    Args:
        fitted: The judged model.
        split: The rows that it learned from and was judged on, or a sample of them.
        baseline: The metrics of a model that ignores the features.
        positive: The class that the config says counts as positive; None where it says none.
    """
    task = fitted.evaluation.task
    return tuple(
        sign
        for sign in (
            _perfect_score(fitted, split, baseline),
            _no_better_than_baseline(fitted, baseline),
            _few_rows(split),
            _one_value(split, task),
            _frequent_positive(fitted, split) if positive is None else "",
            *(_missing_classes(split) if task == CLASSIFICATION else ()),
        )
        if sign
    )


def _perfect_score(fitted: Fitted, split: Split, baseline: Mapping[str, float]) -> str:
    measured = [metric for metric in fitted.metrics if metric.name in fitted.evaluation.metrics]
    perfect = [m.name for m in measured if _is_perfect(m, fitted.evaluation.metrics, baseline)]
    # A classifier may well rank all rows right and yet be wrong about some.
    suspicious = perfect and (fitted.evaluation.task == REGRESSION or len(perfect) == len(measured))
    if not suspicious:
        return ""
    told = f"{listed(perfect)} {'is' if len(perfect) == 1 else 'are'} perfect or nearly so"
    if not (telling := _telling_features(split, fitted.evaluation.task)):
        return f"{told}: make sure that no feature holds the answer, and that no row stands twice in the dataset."
    noun = "feature" if len(telling) == 1 else "features, each alone,"
    return (
        f"{told}, and the {noun} {listed(telling)} can tell the target: is that known before the target is? "
        "If not, name it in drop."
    )


def _is_perfect(metric: Metric, values: Mapping[str, float], baseline: Mapping[str, float]) -> bool:
    value = values[metric.name]
    if metric.higher_is_better:
        return _PERFECT <= value <= 1
    return value <= (1 - _PERFECT) * baseline.get(metric.name, 0.0)


def _telling_features(split: Split, task: str) -> list[str]:
    rows = slice(0, _ROWS_TO_COMPARE)
    features, target = split.train_features.iloc[rows], split.train_target.iloc[rows]
    if len(target.unique()) == 1:
        return []
    tells = _orders_as if task == REGRESSION else _parts_classes
    return [str(name) for name, column in features.items() if tells(column, target)]


def _orders_as(column: pd.Series[Any], target: pd.Series[Any]) -> bool:
    """Tell whether rows in the order of a feature are in the target's order, or in its reverse."""
    if column.dtype.kind not in "iufb" or column.nunique() < min(target.nunique(), _FEW_ROWS):
        return False
    return bool(abs(column.rank().corr(target.rank())) >= _PERFECT)


def _parts_classes(column: pd.Series[Any], target: pd.Series[Any]) -> bool:
    """Tell whether each class has values, or a range of values, of its own."""
    classes = target.nunique()
    values = column.nunique()
    if column.dtype.kind in "iuf" and values > classes:
        in_order = target.iloc[column.argsort(kind="stable")].to_numpy()
        return bool(_count_changes(in_order) == classes - 1)
    each_has_one_class = target.groupby(column.to_numpy()).nunique().max() == 1
    return bool(each_has_one_class and values * 2 <= len(target))


def _count_changes(values: np.ndarray[Any, Any]) -> int:
    return int((values[1:] != values[:-1]).sum())


def _no_better_than_baseline(fitted: Fitted, baseline: Mapping[str, float]) -> str:
    values = fitted.evaluation.metrics
    worse = [
        f"{metric.name} {values[metric.name]:.4g} (baseline {baseline[metric.name]:.4g})"
        for metric in fitted.metrics
        if metric.name in values and metric.name in baseline and not _is_better(metric, values, baseline)
    ]
    if not worse:
        return ""
    always = "the mean" if fitted.evaluation.task == REGRESSION else "the most frequent class"
    return f"No better than to predict always {always}: {', '.join(worse)}."


def _is_better(metric: Metric, values: Mapping[str, float], baseline: Mapping[str, float]) -> bool:
    better = values[metric.name] - baseline[metric.name]
    return better > 0 if metric.higher_is_better else better < 0


def _few_rows(split: Split) -> str:
    rows = len(split.test_target)
    if rows >= _FEW_ROWS:
        return ""
    noun = "row was" if rows == 1 else "rows were"
    return (
        f"Only {rows} {noun} held out: the metrics depend much on which. "
        "evaluate.cross_validation tells by how much they vary."
    )


def _one_value(split: Split, task: str) -> str:
    values = split.test_target.unique()
    if len(values) > 1 or len(split.test_target) == 1:
        return ""
    advice = "; evaluate.stratify holds out rows of each class" if task == CLASSIFICATION else ""
    return (
        f"All {len(split.test_target)} held-out rows have the same target, {str(values[0])[:40]!r}: "
        f"the metrics say nothing of others{advice}."
    )


def _frequent_positive(fitted: Fitted, split: Split) -> str:
    """Tell of two classes with names that the more frequent one counts as positive: seldom is it the one looked for."""
    known = fitted.held_out.classes or []
    positive = fitted.evaluation.positive
    if not isinstance(positive, str) or len(known) != _BINARY:
        return ""
    rows = [
        sum(int((part == name).sum()) for part in (split.train_target, split.test_target)) for name in known
    ]
    if rows[-1] <= rows[0]:
        return ""
    return (
        f"Metrics of one class, as f1, precision and recall, are those of {positive[:40]!r}, the more frequent class, "
        f"because it sorts last: if {str(known[0])[:40]!r} is the one to find, set evaluate.positive_class: {written(known[0])}."
    )


def _missing_classes(split: Split) -> list[str]:
    train, test = set(split.train_target.unique()), set(split.test_target.unique())
    signs = []
    untested, unlearned = sorted(map(str, train - test)), sorted(map(str, test - train))
    if untested and len(test) > 1:
        signs.append(
            f"No held-out row is of class {listed(untested)}: how well it is predicted is not known; "
            "evaluate.stratify holds out rows of each."
        )
    if unlearned:
        signs.append(
            f"No row to learn from is of class {listed(unlearned)}: the model can never predict it; "
            "evaluate.stratify keeps rows of each."
        )
    return signs
