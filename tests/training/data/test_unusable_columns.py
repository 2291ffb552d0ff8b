"""Whatever words an estimator refuses a column in, the column is named."""

from __future__ import annotations

import pytest

from refinery.training import ClassModel, SourceOptions
from refinery.training.errors import DatasetError

REGRESSORS = [
    "sklearn.linear_model.Ridge",
    "sklearn.linear_model.HuberRegressor",
    "sklearn.ensemble.GradientBoostingRegressor",
    "sklearn.neighbors.KNeighborsRegressor",
    "sklearn.svm.SVR",
    "sklearn.cross_decomposition.PLSRegression",
    "sklearn.gaussian_process.GaussianProcessRegressor",
    "sklearn.compose.TransformedTargetRegressor",
]


@pytest.mark.parametrize("model", REGRESSORS)
@pytest.mark.parametrize(
    ("cells", "options", "problem", "seen"),
    [
        (["red", "blue"], {}, "columns that are not numbers", '"z" (text, such as "red")'),
        (
            ["2026-01-31", "2026-02-28"],
            {"dates": ("z",)},
            "columns that are not numbers",
            '"z" (dates, such as',
        ),
        (["1.5", ""], {}, "missing values", '"z" (8 of 16 rows)'),
        (["1.5", "inf"], {}, "infinite or huge values", '"z" (8 of 16 rows)'),
    ],
)
def test_a_refused_column_is_named(train_table, *, model, cells, options, problem, seen):
    rows = "".join(f"{i},{cells[i % 2]},{i * i % 7}\n" for i in range(20))

    with pytest.raises(DatasetError) as raised:
        train_table(f"x,z,y\n{rows}", model=ClassModel(model), source=SourceOptions(**options))

    assert f"cannot take {problem}: {seen}" in str(raised.value)


def test_very_many_refused_columns_are_cut(train_table):
    names = ",".join(f"x{i}" for i in range(300))
    rows = "".join(",".join(["red"] * 300) + f",{i}\n" for i in range(5))

    with pytest.raises(DatasetError, match="and 290 more") as raised:
        train_table(
            f"{names},y\n{rows}",
            model=ClassModel("sklearn.linear_model.Ridge"),
            source=SourceOptions(header=True),
        )

    assert len(str(raised.value)) < 1000


def test_values_that_a_model_takes_are_no_error(train_table):
    rows = "".join(f"{i},{'' if i % 2 else i},{i}\n" for i in range(20))

    result = train_table(f"x,z,y\n{rows}", model=ClassModel("sklearn.ensemble.HistGradientBoostingRegressor"))

    assert result.metrics["mae"] > 0
