"""Every warning, once where it belongs and once where it does not."""

from __future__ import annotations

import random

import pytest

from refinery.spec.training import ClassModel

RIDGE = ClassModel("sklearn.linear_model.Ridge")
LINEAR = ClassModel("sklearn.linear_model.LinearRegression")
TREE = ClassModel("sklearn.tree.DecisionTreeClassifier")
PERFECT = "perfect or nearly so"
USELESS = "No better than always predicting"
FEW = "held out: the metrics depend much on which"
ONE_VALUE = "held-out rows have the same target"
POSITIVE = "Metrics of one class, such as f1, precision and recall, refer to"
UNTESTED = "No held-out row is of class"
TWO_NUMBERS = "The target has two values,"
UNLEARNED = "No row to learn from is of class"


def table(row, rows=400, columns="a,b,y"):
    draw = random.Random(1)
    return f"{columns}\n" + "".join(",".join(map(str, row(i, draw))) + "\n" for i in range(rows))


def honest(i, draw):
    x = draw.random()
    return x, draw.random(), x + draw.gauss(0, 0.3)


def leaked(i, draw):
    _, b, y = honest(i, draw)
    return y * 3 + 1, b, y


def leaked_in_two_parts(i, draw):
    a, b = draw.random(), draw.random()
    return a, b, a + b


def honest_classes(i, draw):
    x = draw.random()
    return x, draw.random(), "yes" if x + draw.gauss(0, 0.3) > 0.5 else "no"


def leaked_class(i, draw):
    x = draw.random()
    return x, draw.random(), "yes" if x > 0.5 else "no"


def leaked_code(i, draw):
    return draw.random(), i % 3, "abc"[i % 3]


def unrelated(i, draw):
    return draw.random(), draw.random(), draw.gauss(0, 1)


def imbalanced(i, draw):
    return draw.random(), draw.random(), "rare" if i % 50 == 0 else "usual"


def imbalanced_numbers(i, draw):
    return draw.random(), draw.random(), int(i % 50 != 0)


def as_many(i, draw):
    return draw.random(), draw.random(), "yes" if i % 2 else "no"


def last_rows_alike(i, draw):
    return i, draw.random(), 7 if i >= 300 else draw.random()


def last_class_new(i, draw):
    return i, draw.random(), "new" if i >= 390 else ("left", "right")[draw.random() > 0.5]


def first_class_old(i, draw):
    return i, draw.random(), "old" if i < 10 else ("left", "right")[draw.random() > 0.5]


@pytest.mark.parametrize(
    ("row", "fields", "raised", "not_raised"),
    [
        (honest, {}, [], [PERFECT, USELESS, FEW, ONE_VALUE, UNTESTED, UNLEARNED]),
        (honest_classes, {"model": TREE, "params": {"max_depth": 3}}, [], [PERFECT, USELESS, FEW, UNTESTED]),
        (leaked, {}, [PERFECT, 'and the feature "a" can predict the target'], [USELESS]),
        (
            leaked_in_two_parts,
            {"model": LINEAR},
            [PERFECT, "make sure that no feature gives the answer away"],
            ["can predict the target"],
        ),
        (leaked_class, {"model": TREE}, [PERFECT, 'and the feature "a" can predict the target'], [USELESS]),
        (leaked_code, {"model": TREE}, [PERFECT, 'and the feature "b" can predict the target'], [USELESS]),
        (unrelated, {}, [USELESS + " the mean: "], [PERFECT]),
        (
            imbalanced,
            {"model": TREE, "params": {"max_depth": 1}, "stratify": True},
            [USELESS + " the most frequent class: accuracy 0.975 (baseline 0.975)"],
            [PERFECT, UNTESTED],
        ),
        (
            imbalanced,
            {"model": TREE},
            [
                POSITIVE
                + ' "usual", the more frequent class, because it sorts last. To look for "rare" instead, '
                'set evaluate.positive_class: "rare".'
            ],
            [],
        ),
        (imbalanced, {"model": TREE, "positive_class": "rare"}, [], [POSITIVE]),
        (imbalanced, {"model": TREE, "positive_class": "usual"}, [], [POSITIVE]),
        (imbalanced_numbers, {"model": TREE}, [], [POSITIVE, TWO_NUMBERS]),
        (
            imbalanced_numbers,
            {},
            [TWO_NUMBERS + " 0 and 1, and Ridge predicts numbers between them: if they are classes, choose"],
            [],
        ),
        (honest, {}, [], [TWO_NUMBERS]),
        (leaked_code, {"model": TREE}, [], [POSITIVE]),
        (as_many, {"model": TREE}, [], [POSITIVE]),
        (honest, {"test_size": 29}, ["Only 29 rows were held out"], [USELESS]),
        (honest, {"test_size": 30}, [], [FEW]),
        (last_rows_alike, {"time_column": "a"}, ['All 80 held-out rows have the same target, "7.0"'], [FEW]),
        (
            last_class_new,
            {"model": TREE, "time_column": "a"},
            [UNLEARNED + ' "new": the model can never predict it'],
            [UNTESTED, ONE_VALUE],
        ),
        (first_class_old, {"model": TREE, "time_column": "a"}, [UNTESTED + ' "old"'], [UNLEARNED, ONE_VALUE]),
    ],
)
def test_each_warning_sign_is_reported_and_no_other(train_table, row, fields, raised, not_raised):
    result = train_table(table(row), **{"model": RIDGE} | fields)

    warnings = "\n".join(result.manifest["warnings"])
    assert [sign for sign in raised if sign not in warnings] == [], warnings
    assert not any(sign in warnings for sign in not_raised), warnings
    assert all(f"  warning   {warning}" in result.summary for warning in result.manifest["warnings"])


def test_held_out_rows_of_one_class_are_reported_once_with_what_to_do(train_table):
    rows = "".join(f"{i},{'yes' if i < 5 else 'no'}\n" for i in range(200))

    warnings = train_table(f"x,y\n{rows}", model=TREE, time_column="x", features=("x",)).manifest["warnings"]

    assert sum('All 40 held-out rows have the same target, "no"' in warning for warning in warnings) == 1
    assert not any(warning.startswith(UNTESTED) for warning in warnings)


def test_a_good_ranking_alone_is_no_perfect_score(train_petrol, sample_data):
    result = train_petrol(
        dataset=sample_data / "datasets" / "wine_cultivar.csv",
        model=ClassModel("sklearn.ensemble.RandomForestClassifier"),
    )

    assert result.metrics["roc_auc"] > 0.999
    assert not any(PERFECT in warning for warning in result.manifest["warnings"])


def test_every_metric_has_its_baseline(train_petrol):
    result = train_petrol(metrics=["r2", "max_error"])

    assert list(result.manifest["baseline"]) == list(result.metrics)
    assert result.manifest["baseline"]["r2"] <= 0
    assert "\n  baseline  r2 " in result.summary
