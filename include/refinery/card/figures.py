"""Choose the figures of a card and describe what each of them shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.card.classified import (
    BINARY,
    MOST_CURVES,
    Classified,
    ClassReport,
    calibrate,
    confusion,
    most_frequent,
    rates,
    report_classes,
    roc_curves,
)
from refinery.card.drawing.classification import NAMED_CURVES, draw_calibration, draw_confusion, draw_roc
from refinery.card.drawing.overview import (
    MOST_BARS,
    MOST_IMPORTANT,
    draw_distribution,
    draw_importance,
    draw_trend,
)
from refinery.card.drawing.regression import draw_predicted, draw_residuals, shows_single_rows
from refinery.card.drawing.search import draw_curve, draw_params
from refinery.card.drawing.unlabeled import draw_scores, draw_sizes
from refinery.card.held_out import has_no_target
from refinery.card.importance import REPEATS, NotMeasuredError, measure_importance
from refinery.card.unlabeled import ClusterTable, tabulate_clusters
from refinery.card.wording import count, number, share, shorten
from refinery.spec.tasks import ANOMALY, CLASSIFICATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.card.classified import CalibrationBin
    from refinery.card.content import Content
    from refinery.card.held_out import HeldOut, ScoredRows
    from refinery.card.search import Search
    from refinery.spec.table_profile import TableProfile

_MOST_CLASSES_DRAWN = 12
_MOST_CLASSES_LISTED = 30
_MOST_TRENDS = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its caption.

    Attributes:
        title: What it is.
        svg: The figure as an SVG element.
        caption: How to read it, and what was left out of it.
    """

    title: str
    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What the card draws.

    Attributes:
        predictions: The figures of the held-out rows.
        classes: How well each class is found, for those with the most rows; empty for a regression.
        classes_left_out: How many classes are not listed.
        importance: Permutation importance; None if it was not measured.
        no_importance: Why not.
        distribution: The target's distribution; None if it is not known.
        trend: The metrics' trend over the versions; None if there is no earlier one.
        clusters: What is in each cluster; None for other tasks.
        search: How the search for the model went; empty if there was none.
    """

    predictions: list[Figure]
    classes: list[ClassReport]
    classes_left_out: int
    importance: Figure | None
    no_importance: str
    distribution: Figure | None
    trend: Figure | None
    clusters: ClusterTable | None = None
    search: Sequence[Figure] = ()


def draw_figures(
    model: Any, held_out: HeldOut | ScoredRows | None, profile: TableProfile | None, content: Content
) -> Figures:
    """Draw what can be drawn."""
    if held_out is not None and has_no_target(held_out):
        return _unlabeled(held_out, content)
    predictions: list[Figure] = []
    classes: list[ClassReport] = []
    importance, no_importance = None, ""
    if held_out is not None and len(held_out.features):
        if held_out.task == CLASSIFICATION:
            predictions, classes = _classification(
                Classified.from_held_out(model, held_out), content.threshold
            )
        else:
            predictions = _regression(held_out)
        try:
            importance = _importance(model, held_out)
        except NotMeasuredError as error:
            no_importance = error.reason
    listed = sorted(classes, key=lambda report: -report.rows)[:_MOST_CLASSES_LISTED]
    return Figures(
        predictions=predictions,
        classes=[report for report in classes if report in listed],
        classes_left_out=len(classes) - len(listed),
        importance=importance,
        no_importance=no_importance,
        distribution=_distribution(profile),
        trend=_trend(content),
        search=_search(content.search) if content.search else (),
    )


def _unlabeled(rows: ScoredRows, content: Content) -> Figures:
    clusters, drawn = None, _scores(rows)
    if rows.task != ANOMALY:
        clusters = tabulate_clusters(rows)
        drawn = [_sizes(clusters, len(rows.predicted))]
    return Figures(drawn, [], 0, None, "", None, _trend(content), clusters)


def _scores(rows: ScoredRows) -> list[Figure]:
    import numpy as np

    if rows.scores is None:
        return []
    finite = rows.scores[np.isfinite(rows.scores)]
    if not len(finite):
        return []
    outliers = int((rows.predicted == -1).sum())
    caption = (
        f"{count(len(rows.scores), 'held-out row')}; {outliers:,} ({share(outliers, len(rows.scores))}) are outliers: the lower the "
        "score, the stranger the row. The dashed line is the model's cut-off at 0."
    )
    return [Figure("Scores", draw_scores(finite, 0.0), caption)]


def _sizes(clusters: ClusterTable, rows: int) -> Figure:
    names, sizes = [name for name, _, _ in clusters.lines], [size for _, size, _ in clusters.lines]
    more = (
        f" {count(clusters.clusters_left_out, 'smaller cluster')} not drawn."
        if clusters.clusters_left_out
        else ""
    )
    return Figure("Sizes of the clusters", draw_sizes(names, sizes), f"{count(rows, 'held-out row')}.{more}")


def _search(search: Search) -> list[Figure]:
    way = "lower" if search.lower_is_better else "higher"
    figures = []
    if search.curve:
        caption = f"The best mean {search.by} over the folds; {way} is better. A dot is a trial that was better than all before it."
        figures.append(
            Figure("Best score so far", draw_curve(search.by, search.curve, search.trials), caption)
        )
    if search.importance:
        caption = f"How much of the variance of {search.winner}'s scores each searched param explains (functional ANOVA)."
        figures.append(Figure("Params that mattered", draw_params(search.importance), caption))
    return figures


def _regression(held_out: HeldOut) -> list[Figure]:
    import numpy as np

    actual, predicted = (np.asarray(values, dtype=float) for values in (held_out.actual, held_out.predicted))
    finite = np.isfinite(actual) & np.isfinite(predicted)
    actual, predicted = actual[finite], predicted[finite]
    if not len(actual):
        return []
    errors = np.abs(actual - predicted)
    drawn = "" if shows_single_rows(len(actual)) else " The more rows a square holds, the stronger its color."
    missing = f" {count(int((~finite).sum()), 'row')} without a number left out." if not finite.all() else ""
    median, most = (number(float(value)) for value in np.quantile(errors, [0.5, 0.9]))
    return [
        Figure(
            "Predicted against actual",
            draw_predicted(actual, predicted),
            f"{count(len(actual), 'held-out row')}; on the dashed line the prediction is right.{drawn}{missing}",
        ),
        Figure(
            "Residuals",
            draw_residuals(actual, predicted),
            f"For half of the rows the error is less than {median}, for nine in ten less than {most}; "
            f"the mean residual is {number(float((actual - predicted).mean()))}.",
        ),
    ]


def _classification(rows: Classified, threshold: float | None) -> tuple[list[Figure], list[ClassReport]]:
    curves = roc_curves(rows)
    figures = [_confusion(rows)]
    if curves:
        named = (
            f" The {NAMED_CURVES} classes with the smallest areas are named."
            if len(curves) > NAMED_CURVES
            else ""
        )
        which = f"Class {shorten(curves[0].label, 40)}" if len(curves) == 1 else "Each class against the rest"
        few = f" The {MOST_CURVES} classes with the most rows." if len(rows.labels) > MOST_CURVES else ""
        caption = f"{which}; on the dashed line the scores say nothing, in the upper left corner everything.{few}{named}"
        decided = None
        if threshold is not None and len(curves) == 1:
            decided = rates(rows)
            caption += f" The dot is the threshold, {number(threshold)}."
        figures.append(
            Figure("ROC curve" if len(curves) == 1 else "ROC curves", draw_roc(curves, decided), caption)
        )
    if bins := calibrate(rows):
        figures.append(_calibration(rows, bins, threshold))
    return figures, report_classes(rows, curves)


def _confusion(rows: Classified) -> Figure:
    shown = most_frequent(rows, _MOST_CLASSES_DRAWN)
    counts, labels = confusion(rows, shown), [rows.labels[at] for at in shown]
    right = int((rows.actual == rows.predicted).sum())
    caption = (
        "Held-out rows by their class (down) and the predicted one (across): right on the diagonal, wrong elsewhere; "
        "a stronger color is a larger share of the class."
    )
    if others := len(rows.labels) - len(shown):
        labels.append("others")
        caption += f' The {_MOST_CLASSES_DRAWN} classes with the most rows; {others:,} more are "others".'
    else:
        counts = counts[:-1, :-1]
    return Figure("Confusion matrix", draw_confusion(labels, counts, right), caption)


def _calibration(rows: Classified, bins: Sequence[CalibrationBin], threshold: float | None) -> Figure:
    label = shorten(rows.labels[1], 20)
    predicted, observed, what = f"predicted probability of {label}", f"share of {label}", f"class {label}"
    if len(rows.labels) > BINARY:
        predicted, observed = "probability of the predicted class", "share of that class"
        what = "the predicted class of each row"
    smallest = min(each.rows for each in bins)
    caption = (
        f"For {what}; on the dashed line the probabilities are right. {count(len(bins), 'group')} of {smallest:,} rows or more; "
        "lines are 95 percent intervals."
    )
    if threshold is not None:
        caption += f" The model predicts {label} from {number(threshold)} on."
    return Figure("Calibration", draw_calibration(bins, predicted, observed, threshold), caption)


def _importance(model: Any, held_out: HeldOut) -> Figure:
    importance = measure_importance(model, held_out)
    rows = count(importance.rows, "held-out row")
    rare = ", rare classes first" if held_out.task == CLASSIFICATION else ""
    sampled = (
        f"{rows} sampled of {len(held_out.features):,}{rare}"
        if importance.rows < len(held_out.features)
        else rows
    )
    hidden = len(importance.columns) - min(len(importance.columns), MOST_IMPORTANT)
    rest = [f"{count(hidden, 'column')} of lower importance not shown."] if hidden else []
    if importance.left_out:
        rest.append(f"{count(importance.left_out, 'further column')} not measured.")
    caption = (
        f"How far {importance.score} drops from {number(importance.value)} when one column's values are shuffled: "
        f"{sampled}, {REPEATS} repeats; lines are the standard deviation. {' '.join(rest)}"
    )
    return Figure("Permutation importance", draw_importance(importance), caption.strip())


def _distribution(profile: TableProfile | None) -> Figure | None:
    if profile is None or profile.target is None or profile.distribution is None:
        return None
    sampled = (
        f"{profile.sampled_rows:,} rows, evenly spaced over all {profile.rows:,}"
        if profile.sampled_rows
        else ""
    )
    name, values = shorten(profile.target, 60), profile.distribution
    rest = values.others + sum(values.counts[MOST_BARS:]) if values.values else 0
    rarer = f" {count(rest, 'row')} with rarer values not drawn." if rest else ""
    return Figure(
        f"Distribution of {name}",
        draw_distribution(profile.target, values),
        f"The target in {sampled or count(profile.rows, 'row')}.{rarer}",
    )


def _trend(content: Content) -> Figure | None:
    trends = [trend for trend in content.metrics if trend.value is not None][:_MOST_TRENDS]
    if len(content.versions) == 1 or not trends:
        return None
    hidden = len(content.metrics) - len(trends)
    known = any(trend.lower_is_better is not None for trend in trends)
    arrows = " \N{DOWNWARDS ARROW} lower is better, \N{UPWARDS ARROW} higher is better." if known else ""
    more = f" {count(hidden, 'metric')} not drawn." if hidden else ""
    earlier = len(content.versions) - 1
    before = "the last promoted model" if earlier == 1 else f"the last {earlier} promoted models"
    has_baseline = any(trend.baseline is not None for trend in trends)
    dashed = "; the dashed line is this model's baseline" if has_baseline else ""
    caption = f"This model (large dot) and {before}{dashed}.{arrows}{more}"
    return Figure("Trend", draw_trend(trends, content.versions), caption)
