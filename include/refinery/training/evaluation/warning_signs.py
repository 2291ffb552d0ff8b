"""Look for the signs of what costs a team a week: a leaked target, a useless model, a blind test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.training.evaluation.positive_class import written
from refinery.training.evaluation.splitting import distinct_values
from refinery.wording import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

    from refinery.training.evaluation.fitting import Fitted
    from refinery.training.evaluation.metrics import Metric
    from refinery.training.evaluation.splitting import Split

# Below this, one more correct row changes an accuracy by more than 3 percent.
_FEW_ROWS = 30
_BINARY = 2
# A score this near to the best is too good to be true.
_PERFECT = 0.999
# Enough rows to see that a feature gives the target away.
_ROWS_TO_COMPARE = 10_000


def find_warning_signs(
    fitted: Fitted, split: Split, baseline: Mapping[str, float], *, positive: Any = None
) -> tuple[str, ...]:
    """Return a sentence for each sign that a model, or its metrics, may not be what they seem.

    Args:
        fitted: The evaluated model.
        split: The rows that it learned from and was evaluated on, or a sample of them.
        baseline: The metrics of a model that ignores the features.
        positive: The class that the config counts as positive; None where it names none.
    """
    task = fitted.evaluation.task
    return tuple(
        sign
        for sign in (
            _perfect_score(fitted, split, baseline),
            _no_better_than_baseline(fitted, baseline),
            _few_rows(split),
            _one_value(split, task),
            _two_numbers(fitted, split),
            _frequent_positive(fitted, split) if positive is None else "",
            *(_missing_classes(split) if task == CLASSIFICATION else ()),
        )
        if sign
    )


def _perfect_score(fitted: Fitted, split: Split, baseline: Mapping[str, float]) -> str:
    measured = [metric for metric in fitted.metrics if metric.name in fitted.evaluation.metrics]
    perfect = [m.name for m in measured if _is_perfect(m, fitted.evaluation.metrics, baseline)]
    # A classifier may rank all rows correctly and still misclassify some.
    suspicious = perfect and (fitted.evaluation.task == REGRESSION or len(perfect) == len(measured))
    if not suspicious:
        return ""
    scores = f"{listed(perfect)} {'is' if len(perfect) == 1 else 'are'} perfect or nearly so"
    if not (telling := _telling_features(split, fitted.evaluation.task)):
        return f"{scores}: make sure that no feature gives the answer away and that the dataset has no duplicate rows."
    noun = "feature" if len(telling) == 1 else "features, each alone,"
    return (
        f"{scores}, and the {noun} {listed(telling)} can predict the target: is that known before the target is? "
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
    reveals = _orders_as if task == REGRESSION else _parts_classes
    return [str(name) for name, column in features.items() if reveals(column, target)]


def _orders_as(column: pd.Series[Any], target: pd.Series[Any]) -> bool:
    """Return whether sorting by a feature sorts the target, up or down."""
    if column.dtype.kind not in "iufb" or column.nunique() < min(target.nunique(), _FEW_ROWS):
        return False
    return bool(abs(column.rank().corr(target.rank())) >= _PERFECT)


def _parts_classes(column: pd.Series[Any], target: pd.Series[Any]) -> bool:
    """Return whether each class has separate values, or a separate range of values."""
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
    return f"No better than always predicting {always}: {', '.join(worse)}."


def _is_better(metric: Metric, values: Mapping[str, float], baseline: Mapping[str, float]) -> bool:
    better = values[metric.name] - baseline[metric.name]
    return better > 0 if metric.higher_is_better else better < 0


def _few_rows(split: Split) -> str:
    rows = len(split.test_target)
    if rows >= _FEW_ROWS:
        return ""
    noun = "row was" if rows == 1 else "rows were"
    return (
        f"Only {rows} {noun} held out: the metrics depend on which ones. "
        "evaluate.cross_validation shows how much they vary."
    )


def _one_value(split: Split, task: str) -> str:
    values = distinct_values(split.test_target, most=1)
    if values is None or len(split.test_target) == 1:
        return ""
    advice = "; evaluate.stratify holds out rows of each class" if task == CLASSIFICATION else ""
    return (
        f"All {len(split.test_target)} held-out rows have the same target, {quoted(str(values[0])[:40])}: "
        f"the metrics say nothing of others{advice}."
    )


def _two_numbers(fitted: Fitted, split: Split) -> str:
    """Warn about a regression on two numbers, which are mostly classes."""
    if fitted.evaluation.task != REGRESSION:
        return ""
    values = distinct_values(split.whole_target, most=_BINARY)
    if values is None or len(values) != _BINARY:
        return ""
    values = sorted(values)
    return (
        f"The target has two values, {values[0]} and {values[1]}, and {type(fitted.model).__name__} predicts numbers between "
        "them: if they are classes, choose a classifier."
    )


def _frequent_positive(fitted: Fitted, split: Split) -> str:
    """Warn where the more frequent of two named classes counts as positive: it is seldom the one to find."""
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
        f"Metrics of one class, such as f1, precision and recall, refer to {quoted(positive[:40])}, the more frequent class, "
        f"because it sorts last. To look for {quoted(str(known[0])[:40])} instead, set evaluate.positive_class: {written(known[0])}."
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
