"""Values that differ only in case or outer blanks: a warning, since they may be one that is written in two ways."""

from __future__ import annotations

import pandas as pd
import pytest

from refinery.spec.training import ClassModel
from refinery.training.data.category_words import warn_of_twins

LOGISTIC = ClassModel("sklearn.linear_model.LogisticRegression")
ADVICE = "if they are the same, write them the same way in the dataset."


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["Yes"] * 5 + ["yes"] * 2 + ["no"] * 3, '"Yes" in 5 rows, "yes" in 2 rows'),
        (
            ["Yes"] * 5 + ["Yes "] * 2 + [" Yes"] + ["no"],
            '"Yes" in 5 rows, "Yes " in 2 rows, " Yes" in 1 row',
        ),
        (["a", "a\u00a0", "b", "b"] * 3, '"a" in 3 rows, "a\u00a0" in 3 rows'),
        (["stra\u00dfe", "STRASSE"] * 3, '"STRASSE" in 3 rows, "stra\u00dfe" in 3 rows'),
        (["a", "b", None] * 3, ""),
        (["a b", "ab", "a-b"] * 3, ""),
        ([f"Great {i}" for i in range(20)] + [f"great {i}" for i in range(20)], ""),
        ([1, 2, 1, 2], ""),
        ([True, None, False], ""),
    ],
)
@pytest.mark.parametrize("dtype", [None, "category"])
def test_twins_are_reported_with_their_rows(values, told, dtype):
    column = pd.Series(values, name="answer", dtype=dtype)

    warnings = warn_of_twins([column])

    expected = (
        f'Values that differ only in case or outer blanks count as different in "answer" ({told}): {ADVICE}'
    )
    assert warnings == ((expected,) if told else ())


@pytest.mark.parametrize(
    "fields", [{}, {"batch_rows": 25, "model": ClassModel("sklearn.naive_bayes.GaussianNB")}]
)
def test_classes_are_reported_in_the_manifest(train_table, fields):
    lines = "".join(f"{i},{['yes', 'no', 'Yes'][i % 3 if i > 50 else i % 2]}\n" for i in range(100))

    result = train_table(f"x,y\n{lines}", **{"model": LOGISTIC} | fields)

    assert any('in "y" ("yes" in' in warning for warning in result.manifest["warnings"])


def test_categories_are_reported_in_the_manifest(train_table):
    lines = "".join(f"{['a', 'b', 'A'][i % 3]},{i},{i % 2}\n" for i in range(100))

    result = train_table(f"k,x,y\n{lines}", model=LOGISTIC, preprocess="auto")

    assert any(
        'in "k" ("a" in 34 rows, "A" in 33 rows)' in warning for warning in result.manifest["warnings"]
    )
