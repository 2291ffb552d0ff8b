"""What is drawn for which task, and that figures do not get into each other's way."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import precision_score, recall_score, roc_auc_score
from sklearn.svm import LinearSVC

from refinery.card.classified import CalibrationBin
from refinery.card.drawing.axes import number_axis
from refinery.card.drawing.classification import draw_calibration
from refinery.card.drawing.svg import label
from refinery.card.importance import measure_importance


def _classes(page, shape: str) -> list[str]:
    return [attributes["class"] for tag, attributes in page.tags if tag == shape]


def titles(page) -> list[str]:
    return [
        page.texts[at + 0].strip()
        for at in range(len(page.texts))
        if page.texts[at].strip()
        in {
            "Predicted against actual", "Residuals", "Confusion matrix", "ROC curve", "ROC curves", "Calibration",
            "Permutation importance",
        }
    ]  # fmt: skip


def test_a_regression_shows_predictions_and_residuals(write, regression):
    page = write(regression)
    assert titles(page) == ["Predicted against actual", "Residuals", "Permutation importance"]
    missed = (regression.held_out.actual - regression.held_out.predicted).abs()
    half, most = missed.quantile(0.5), missed.quantile(0.9)
    assert (
        f"For half of the rows the error is less than {half:.4g}, for nine in ten less than {most:.4g};"
        in page.text
    )


def test_two_classes_show_confusion_roc_and_calibration(write, binary):
    page = write(binary)
    assert titles(page) == ["Confusion matrix", "ROC curve", "Calibration", "Permutation importance"]
    assert "Confusion matrix: 110 of 114 held-out rows were predicted correctly" in page.values("aria-label")
    assert "0 47 0.957 0.957 1 67 0.970 0.970" in page.text
    area = roc_auc_score(binary.held_out.actual, binary.held_out.scores)
    assert f"ROC curves; area under the curve: 1 {area:.3f}" in page.values("aria-label")


def test_of_two_classes_the_figures_are_of_the_positive_one(write, binary):
    held_out = binary.held_out
    turned = replace(held_out, classes=[1, 0], scores=1 - held_out.scores)
    page = write(replace(binary, held_out=turned))
    area = roc_auc_score(held_out.actual, held_out.scores)
    assert f"ROC curves; area under the curve: 0 {area:.3f}" in page.values("aria-label")
    assert "Class 0; on the dashed line" in page.text
    assert "For class 0; on the dashed line the probabilities are right." in page.text
    assert "predicted probability of 0" in page.text
    assert "1 67 0.970 0.970 0 47 0.957 0.957" in page.text
    (before, after) = (measure_importance(binary.model, rows) for rows in (held_out, turned))
    assert after == before


def test_a_threshold_is_a_dot_on_the_curve_and_a_line_between_probabilities(write, binary):
    held_out = binary.held_out
    predicted = np.where(held_out.scores >= 0.2, 1, 0)
    decided = replace(binary, held_out=replace(held_out, predicted=predicted))
    decided = decided.with_manifest(evaluation={"task": "classification", "threshold": {"value": 0.2}})
    page, plain = write(decided), write(binary)

    assert "The dot is the threshold, 0.2." in page.text
    assert "The model predicts 1 from 0.2 on." in page.text
    assert page.values("class").count("version") == plain.values("class").count("version") + 1
    assert page.values("class").count("guide") == plain.values("class").count("guide") + 1
    assert "The dot" not in plain.text


def test_several_classes_show_a_roc_curve_each_and_the_calibration_of_the_predicted_class(write, multi_class):
    page = write(multi_class)
    assert titles(page) == ["Confusion matrix", "ROC curves", "Calibration", "Permutation importance"]
    held_out = multi_class.held_out
    for at, name in enumerate(held_out.classes):
        is_class, taken = held_out.actual == name, held_out.predicted == name
        figures = precision_score(is_class, taken), recall_score(is_class, taken)
        area = roc_auc_score(is_class, held_out.scores[:, at])
        assert f"{name} {is_class.sum()} {figures[0]:.3f} {figures[1]:.3f} {area:.3f}" in page.text
    assert "probability of the predicted class" in page.text


def test_a_model_without_probabilities_has_no_calibration(write, make_case):
    table = pd.DataFrame({"x": range(100), "y": [at % 2 for at in range(100)]})
    assert titles(write(make_case(table, "y", LinearSVC()))) == ["Confusion matrix", "Permutation importance"]


def test_decision_values_make_a_roc_curve_but_no_calibration(write, make_case):
    table = pd.DataFrame({"x": range(100), "y": [int(at > 50) for at in range(100)]})
    case = make_case(table, "y", LinearSVC())
    scored = replace(case.held_out, scores=case.model.decision_function(case.held_out.features))
    assert titles(write(replace(case, held_out=scored)))[1:] == ["ROC curve", "Permutation importance"]


def test_a_class_that_the_model_has_never_seen_is_counted(write, binary):
    actual = binary.held_out.actual.copy()
    actual.iloc[:3] = 7
    page = write(replace(binary, held_out=replace(binary.held_out, actual=actual)))
    assert "7 3 0.000" in page.text


def test_one_class_among_the_held_out_rows_draws_what_can_be_drawn(write, binary):
    rows = binary.held_out.actual == 1
    held_out = replace(
        binary.held_out, features=binary.held_out.features[rows], actual=binary.held_out.actual[rows],
        predicted=binary.held_out.predicted[rows], scores=binary.held_out.scores[rows],
    )  # fmt: skip
    assert "ROC curve" not in titles(write(replace(binary, held_out=held_out)))


def test_classes_past_the_twelve_most_frequent_are_others(write, make_case):
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"x": generator.normal(size=2000), "y": generator.integers(0, 50, 2000)})
    page = write(make_case(table, "y", LogisticRegression()))
    assert 'The 12 classes with the most rows; 38 more are "others".' in page.text
    assert "The 30 with the most rows; 20 classes left out." in page.text
    assert "The 40 classes with the most rows. The 5 classes with the smallest areas are named." in page.text


@pytest.mark.parametrize("rows", [1, 2, 3, 400, 401])
def test_any_number_of_rows_can_be_drawn(write, regression, rows):
    features = pd.concat([regression.held_out.features] * 5).head(rows)
    actual = pd.concat([regression.held_out.actual] * 5).head(rows)
    predicted = regression.model.predict(features)
    held_out = replace(regression.held_out, features=features, actual=actual, predicted=predicted)
    assert titles(write(replace(regression, held_out=held_out)))[0] == "Predicted against actual"


@pytest.mark.parametrize("rows", [10, 1000])
def test_equal_values_can_be_drawn(write, make_case, rows):
    table = pd.DataFrame({"x": [1.0] * rows, "y": [5.0] * rows})
    page = write(make_case(table, "y", LinearRegression()))
    assert "For half of the rows the error is less than 0" in page.text


def test_booleans_can_be_classes(write, make_case):
    table = pd.DataFrame({"x": range(100), "y": [at > 50 for at in range(100)]})
    assert "False" in write(make_case(table, "y", LogisticRegression())).text


def test_a_model_that_always_says_the_same_is_drawn(write, make_case):
    table = pd.DataFrame({"x": range(100), "y": ["often"] * 90 + ["rare"] * 10})
    page = write(make_case(table, "y", DummyClassifier()))
    assert "rare" in page.text


def test_ids_are_unique_and_every_reference_has_its_own(write, binary):
    page = write(replace(binary, history=(binary.manifest,)))
    ids = Counter(page.values("id"))
    assert [name for name, times in ids.items() if times > 1] == []
    references = [value for value in page.values("href") if value.startswith("#")]
    assert references
    assert {reference.removeprefix("#") for reference in references} <= set(ids)


def test_every_figure_says_what_it_shows_and_every_table_has_a_name(write, multi_class):
    page = write(multi_class)
    assert all(attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg")
    assert all(
        attributes.get("aria-labelledby") in page.values("id")
        for tag, attributes in page.tags
        if tag == "table"
    )
    assert [tag for tag, _ in page.tags].count("figure") == [tag for tag, _ in page.tags].count("figcaption")
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")


def test_colors_are_those_of_the_page(write, multi_class):
    page = write(multi_class)
    assert [tag for tag, _ in page.tags].count("style") == 1
    drawings = page.source.split("<svg", 1)[1]
    assert "#" not in re.sub(r"&#\d+;", "", drawings)
    kinds = {name for shape in ("path", "text", "g") for name in _classes(page, shape)}
    assert all(f"svg .{kind}" in page.source for kind in kinds - {"tick"}), (
        "each has a rule in the stylesheet"
    )


def test_no_power_of_ten_is_at_the_end_of_an_axis(write, make_case):
    table = pd.DataFrame({"x": range(100), "price": [20_000.0 * at for at in range(100)]})
    drawn = write(make_case(table, "price", LinearRegression())).texts
    assert "1.5M" in drawn
    assert not any(text.startswith("1e") for text in drawn)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((0, 10), ["0", "2", "4", "6", "8", "10"]),
        ((-1, 1), ["-1.00", "-0.75", "-0.50", "-0.25", "0.00", "0.25", "0.50", "0.75", "1.00"]),
        ((1990, 2020), ["1990", "1995", "2000", "2005", "2010", "2015", "2020"]),
        ((0, 40_000), ["0", "5k", "10k", "15k", "20k", "25k", "30k", "35k", "40k"]),
        (
            (0, 2e-6),
            ["0", "2.5e-07", "5e-07", "7.5e-07", "1e-06", "1.25e-06", "1.5e-06", "1.75e-06", "2e-06"],
        ),
        ((0, 5e30, math.nan, math.inf), ["0", "1e+30", "2e+30", "3e+30", "4e+30", "5e+30"]),
    ],
)
def test_ticks_are_round_numbers_that_can_be_told_apart(values, texts):
    assert [text for _, text in number_axis(values, margin=0).ticks] == texts


@pytest.mark.parametrize(
    "values", [(7, 7), (0, 0), (1e308, -1e308), (5e-324, 0), (1e15, 1e15 + 1), (math.nan,), ()]
)
def test_values_however_far_apart_have_an_axis(values):
    axis = number_axis(values)
    assert axis.low < axis.high
    assert axis.ticks


def test_letters_as_wide_as_two_are_counted_so():
    assert (
        label("\N{HANGUL SYLLABLE HAN}" * 40, 24)
        == "\N{HANGUL SYLLABLE HAN}" * 7 + "\u2026" + "\N{HANGUL SYLLABLE HAN}" * 4
    )
    assert label("x" * 24, 24) == "x" * 24


def test_the_groups_of_a_rare_class_are_drawn_large():
    groups = [CalibrationBin(at / 1000, at / 900, at / 1000, at / 500, 50) for at in (1, 3, 9)]
    drawing = draw_calibration(groups, "predicted", "observed")
    assert ">1.0<" not in drawing
    assert ">0.0050<" in drawing
    assert ">1.0<" in draw_calibration(
        [*groups, CalibrationBin(0.8, 0.9, 0.7, 0.95, 50)], "predicted", "observed"
    )


def test_what_is_taken_for_another_class_has_a_color_of_its_own(write, binary):
    matrix = write(binary).source.split('aria-label="Confusion matrix', 1)[1].split("</svg>", 1)[0]
    assert matrix.count('class="right"') == matrix.count('class="wrong"') == 2


def test_rarer_values_of_the_target_are_counted_and_not_drawn(write, make_case):
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"x": generator.normal(size=2000), "y": generator.integers(0, 50, 2000)})
    page = write(make_case(table.astype({"y": "str"}), "y", DummyClassifier()))
    rarer = 2000 - table["y"].value_counts().head(15).sum()
    assert f"The target in 2,000 rows. {rarer:,} rows with rarer values not drawn." in page.text


def test_the_trend_tells_which_way_is_better(write, regression):
    page = write(replace(regression, history=(regression.manifest,)))
    assert "\N{DOWNWARDS ARROW} lower is better, \N{UPWARDS ARROW} higher is better." in page.text
    assert "the dashed line is this model's baseline" in page.text
    assert {"\N{DOWNWARDS ARROW} mae", "\N{UPWARDS ARROW} r2"} <= set(page.texts)


def test_the_trend_of_a_model_without_a_baseline_tells_of_none(write, metrics_only):
    text = write(replace(metrics_only, history=(metrics_only.manifest,))).text
    assert "This model (large dot) and the last promoted model." in text
    assert "lower is better" not in text
