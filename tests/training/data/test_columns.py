"""Which columns are learned from, and what is said when the config's names do not fit the table."""

from __future__ import annotations

import pytest

from refinery.spec.training import ClassModel
from refinery.training import SourceOptions
from refinery.training.errors import ColumnNotFoundError, ColumnRoleError, DatasetError

RIDGE = ClassModel("sklearn.linear_model.Ridge")
LOGISTIC = ClassModel("sklearn.linear_model.LogisticRegression")
ROWS = "a,b,c\n" + "".join(f"{i},{i * i},{i % 3}\n" for i in range(12))


def roles_of(result):
    data = result.manifest["data"]
    return data["target"]["name"], [feature["name"] for feature in data["features"]]


@pytest.mark.parametrize(
    ("fields", "roles"),
    [
        ({}, ("c", ["a", "b"])),
        ({"target": "a"}, ("a", ["b", "c"])),
        ({"target": 0}, ("a", ["b", "c"])),
        ({"target": -2}, ("b", ["a", "c"])),
        ({"features": ("b", "a")}, ("c", ["b", "a"])),
        ({"target": " a "}, ("a", ["b", "c"])),
        ({"source": SourceOptions(drop=("a",))}, ("c", ["b"])),
    ],
)
def test_target_is_the_last_column_and_features_are_all_others_unless_named(train_table, fields, roles):
    assert roles_of(train_table(ROWS, model=RIDGE, **fields)) == roles


@pytest.mark.parametrize(
    ("text", "fields", "error", "message"),
    [
        (
            ROWS,
            {"target": "C1"},
            ColumnNotFoundError,
            'target: the dataset has no column "C1"; did you mean "c"? Its columns are "a", "b", "c".',
        ),
        (
            ROWS,
            {"target": 3},
            ColumnNotFoundError,
            'target: the dataset has no column "3". Its columns are "a", "b", "c".',
        ),
        (
            ROWS,
            {"features": ("a", "bb", "zzz")},
            ColumnNotFoundError,
            'features: the dataset has no columns "bb", "zzz"; did you mean "b"? Its columns are "a", "b", "c".',
        ),
        (
            ROWS,
            {"source": SourceOptions(drop=("id",))},
            ColumnNotFoundError,
            'drop: the dataset has no column "id". Its columns are "a", "b", "c".',
        ),
        (
            ",".join(f"x{i}" for i in range(1000)) + "\n" + ",".join("1" * 1000) + "\n",
            {"target": "x1000"},
            ColumnNotFoundError,
            (
                'target: the dataset has no column "x1000"; did you mean "x100"? Its columns are '
                '"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9" and 990 more.'
            ),
        ),
        (
            ROWS,
            {"features": ("a", "c")},
            ColumnRoleError,
            'The column "c" is the target and in features; a model must not get the answer.',
        ),
        (
            ROWS,
            {"features": ("a", "a")},
            ColumnRoleError,
            'The column "a" is in features twice; remove one.',
        ),
        (
            ROWS,
            {"features": ("a",), "source": SourceOptions(drop=("a",))},
            ColumnRoleError,
            'The column "a" is in features and in drop; remove it from one.',
        ),
        (
            ROWS,
            {"source": SourceOptions(drop=("c",))},
            ColumnRoleError,
            'The column "c" is the target and in drop; remove it from drop.',
        ),
        (
            "y\n1\n2\n3\n",
            {},
            DatasetError,
            'No features are left besides the target "y": the dataset\'s columns are "y".',
        ),
        (
            "x,y\n1,\n2,\n3,\n",
            {"source": SourceOptions(dtypes={"y": "float"})},
            DatasetError,
            'All 3 rows have no finite value in the target column "y": name another target.',
        ),
        (
            "x,y\n1,1\n2,\n3,inf\n4,2\n",
            {},
            DatasetError,
            (
                '2 of 4 rows have no finite value in the target column "y" (1 infinite): correct the dataset, '
                'or leave out those without a value: target: {column: "y", missing: drop}.'
            ),
        ),
        (
            "x,y\n1,yes\n2,\n3,no\n4,no\n",
            {"model": LOGISTIC},
            DatasetError,
            (
                '1 of 4 rows has no finite value in the target column "y": correct the dataset, '
                'or leave out those without a value: target: {column: "y", missing: drop}.'
            ),
        ),
        (
            "x,y\n1,low\n2,high\n3,low\n",
            {},
            DatasetError,
            (
                'The target column "y" holds values such as "high", but Ridge, a regressor, only predicts '
                "numbers: name another target or choose a classifier."
            ),
        ),
        (
            "x,y\n1,7\n2,7\n3,7\n",
            {"model": LOGISTIC},
            DatasetError,
            'The target column "y" holds only one class, "7", in all rows: a classifier needs rows of two classes or more.',
        ),
        (
            "x,y\n1,0\n2,0\n3,1\n",
            {"model": LOGISTIC},
            DatasetError,
            (
                'The target column "y" holds only one class, "0", in the training rows: '
                "a classifier needs rows of two classes or more."
            ),
        ),
        ("x,y\n1,0\n", {}, DatasetError, "1 row is too few to hold out 0.2 of them for evaluation."),
        (
            "x,city,y\n1,Oslo,0\n2,Rome,1\n3,Oslo,1\n4,Bonn,1\n",
            {},
            DatasetError,
            'Ridge cannot take columns that are not numbers: "city" (text, such as "Bonn"). Leave them out',
        ),
        (
            "x,z,y\n1,,0\n2,5,1\n3,,1\n4,5,1\n",
            {},
            DatasetError,
            'Ridge cannot take missing values: "z" (1 of 3 rows). Leave them out',
        ),
        (
            "x,z,y\n1,inf,0\n2,5,1\n3,-inf,1\n4,5,1\n",
            {},
            DatasetError,
            'Ridge cannot take infinite or huge values: "z" (1 of 3 rows). Correct them',
        ),
    ],
)
def test_a_table_that_cannot_be_learned_says_why(train_table, text, fields, error, message):
    with pytest.raises(error) as raised:
        train_table(text, **{"model": RIDGE} | fields)

    assert isinstance(raised.value, DatasetError)
    assert not raised.value.retryable
    assert str(raised.value)[: len(message)] == message
