"""Which of two classes counts as positive, from the config's word to the gates, and what is said of a wrong one."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from refinery.spec.training import ClassModel
from refinery.training import GateFailedError, LatestModel
from refinery.training.errors import MetricError

TREE = {"model": ClassModel("sklearn.tree.DecisionTreeClassifier"), "params": {"max_depth": 2}}
NAMES = ("legitimate", "fraud")
ONE_CLASS = ("f1", "precision", "recall", "average_precision")
FITTED = """
    from sklearn.tree import {tree}

    def fit(X, y):
        return {tree}(max_depth=2, random_state=0).fit(X, y)
    """


def table(names=NAMES, rows=400):
    """A table of which every eighth row is of the second class, and can be predicted in part."""
    draw = random.Random(3)
    kinds = [draw.random() < 1 / 8 for _ in range(rows)]
    lines = (f"{kind + draw.gauss(0, 0.4)},{draw.random()},{names[kind]}\n" for kind in kinds)
    return "a,b,y\n" + "".join(lines)


@pytest.mark.parametrize(
    ("names", "positive"),
    [
        (NAMES, "fraud"),
        (NAMES, "legitimate"),
        (("1", "0"), 0),
        (("True", "False"), False),
    ],
)
def test_metrics_are_those_of_the_class_that_the_config_names(train_table, names, positive):
    result = train_table(table(names), **TREE, metrics=ONE_CLASS, positive_class=positive)

    actual, predicted = result.held_out.actual, result.held_out.predicted
    for name, score in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
        assert result.metrics[name] == pytest.approx(score(actual, predicted, pos_label=positive))
        assert result.manifest["evaluation"]["definitions"][name] == f"of class {positive}"
    recorded = result.manifest["evaluation"]["positive_class"]
    assert (type(recorded), recorded) == (type(positive), positive)
    assert result.manifest["baseline"]["average_precision"] == pytest.approx((actual == positive).mean())


def test_the_model_is_the_same_whichever_class_is_positive(train_table):
    fraud, other = (train_table(table(), **TREE, positive_class=name) for name in ("fraud", None))

    assert fraud.manifest["files"] == other.manifest["files"]
    assert list(fraud.model.classes_) == ["fraud", "legitimate"]
    assert (fraud.held_out.classes, other.held_out.classes) == (
        ["legitimate", "fraud"],
        ["fraud", "legitimate"],
    )
    assert fraud.held_out.scores == pytest.approx(1 - other.held_out.scores)
    assert other.manifest["evaluation"]["positive_class"] == "legitimate"
    assert '(classification, positive class "fraud")' in fraud.summary


def test_the_folds_of_a_cross_validation_count_the_same_class(train_table):
    fields = {**TREE, "metrics": ("recall", "average_precision"), "cross_validation": 4}
    fraud, other = (train_table(table(), **fields, positive_class=name) for name in ("fraud", None))

    assert fraud.manifest["cross_validation"]["mean"]["recall"] < 0.8
    assert other.manifest["cross_validation"]["mean"]["recall"] > 0.9


def test_a_gate_holds_a_model_to_the_class_that_is_looked_for(train_table):
    useless = {**TREE, "params": {"max_depth": 1, "min_samples_leaf": 150}, "require": {"f1": {"min": 0.5}}}

    assert train_table(table(), **useless).manifest["gate"] == "passed"
    with pytest.raises(GateFailedError, match=r"f1 is 0, and at least 0\.5 is required"):
        train_table(table(), **useless, positive_class="fraud")


def test_the_latest_model_is_measured_by_the_same_class(train_table):
    before = train_table(table(), **TREE, metrics=["recall"])
    latest = LatestModel("2026-01-30", before.model, before.manifest)

    result = train_table(
        table(),
        **TREE,
        positive_class="fraud",
        latest=latest,
        require={"recall": {"no_worse_than_latest": 0}},
    )

    (gate,) = result.manifest["gates"]
    assert gate["required"] == gate["measured"] == result.metrics["recall"] != before.metrics["recall"]


@pytest.mark.parametrize(
    ("names", "positive", "sentence"),
    [
        (NAMES, "fruad", 'has no class "fruad", only "fraud" and "legitimate"; did you mean "fraud"?'),
        (NAMES, "churned", 'has no class "churned", only "fraud" and "legitimate".'),
        (("0", "1"), "1", 'has no class "1", only 0 and 1; did you mean 1?'),
        (("0", "1"), True, "has no class true, only 0 and 1."),
        (("False", "True"), 1, "has no class 1, only false and true."),
        (("False", "True"), "true", 'has no class "true", only false and true; did you mean true?'),
    ],
)
def test_an_unknown_class_is_reported_with_the_known_ones(train_table, names, positive, sentence):
    with pytest.raises(MetricError) as raised:
        train_table(table(names), **TREE, positive_class=positive)

    start, _, end = str(raised.value).partition("has no class")
    assert start == 'evaluate.positive_class: the target "y" '
    listed = sentence.partition("has no class")[2]
    first, second = (" and ".join(pair) for pair in (listed_values(listed), listed_values(listed)[::-1]))
    assert end in (listed, listed.replace(first, second))


def listed_values(text):
    return text.partition("only ")[2].partition(";")[0].rstrip(".").split(" and ")


def test_of_more_than_two_classes_none_is_positive(train_petrol, sample_data):
    sentence = r'only one of two classes can be positive, and the target "cultivar" has 3 values, such as 0, 1 and 2; remove it'
    with pytest.raises(MetricError, match=sentence):
        train_petrol(dataset=sample_data / "datasets" / "wine_cultivar.csv", **TREE, positive_class=1)


def test_a_regression_has_no_positive_class(train_table, train_module, tmp_path):
    sentence = "evaluate.positive_class: this model does regression, which has no classes; remove it."
    for rows in (table(("0", "1")), table(("0", "1")).replace("y\n", "kind\n").replace("b", "y", 1)):
        with pytest.raises(MetricError, match=sentence):
            train_table(rows, model=ClassModel("sklearn.linear_model.Ridge"), target="y", positive_class="1")
    # What a fit function makes is known when it is made.
    train_table(table(("0", "1")), **TREE, positive_class=1)
    source = FITTED.format(tree="DecisionTreeRegressor")
    with pytest.raises(MetricError, match=sentence):
        train_module(source, dataset=tmp_path / "table.csv", positive_class=1)


def test_what_a_fit_function_makes_is_measured_by_it_too(train_module, tmp_path):
    (tmp_path / "table.csv").write_text(table())
    source = FITTED.format(tree="DecisionTreeClassifier")

    result = train_module(source, dataset=tmp_path / "table.csv", positive_class="fraud")

    held_out = result.held_out
    assert result.metrics["f1"] == pytest.approx(
        f1_score(held_out.actual, held_out.predicted, pos_label="fraud")
    )


def test_a_model_without_two_classes_has_no_positive_one(train_petrol, sample_data):
    wine = train_petrol(dataset=sample_data / "datasets" / "wine_cultivar.csv", **TREE)

    assert wine.manifest["evaluation"]["positive_class"] is None
    assert train_petrol().manifest["evaluation"]["positive_class"] is None
