"""`refinery validate` checks the params of libraries whose constructors accept any name."""

from __future__ import annotations

import pytest

from refinery.cli.library_classes import check_library_classes

XGBOOST, LIGHTGBM, CATBOOST = (
    "xgboost.XGBClassifier",
    "lightgbm.LGBMClassifier",
    "catboost.CatBoostClassifier",
)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (XGBOOST, {"n_estimators": 5, "eta": 0.1, "max_cached_hist_node": 10, "objective": "multi:softprob"}),
        (
            XGBOOST,
            {"rate_drop": 0.1, "monotone_constraints": {"age": 1}, "tree_method": "hist", "max_depth": None},
        ),
        ("xgboost.XGBRegressor", {"objective": "reg:tweedie", "tweedie_variance_power": 1.2, "n_jobs": -1}),
        ("xgboost.XGBRegressor", {"objective": "reg:quantileerror", "quantile_alpha": 0.2}),
        (
            LIGHTGBM,
            {"num_iterations": 5, "extra_trees": True, "class_weight": "balanced", "objective": "multiclass"},
        ),
        ("lightgbm.LGBMRegressor", {"max_bin": 20, "metric": ["l1"], "importance_type": "gain", "n_jobs": 2}),
        (
            CATBOOST,
            {"n_estimators": 5, "class_weights": {"a": 1, "b": 2}, "verbose": 0, "one_hot_max_size": 4},
        ),
        (
            CATBOOST,
            {"auto_class_weights": "Balanced", "scale_pos_weight": None, "od_wait": 3, "silent": True},
        ),
        (
            CATBOOST,
            {"depth": "{{ params.depth }}", "early_stopping_rounds": 5, "loss_function": "MultiClass"},
        ),
    ],
)
def test_what_a_library_takes_is_accepted(path, params):
    pytest.importorskip(path.partition(".")[0])
    assert check_library_classes([(path, params)], incremental=False) == [[]]


@pytest.mark.parametrize(
    ("path", "params", "problem"),
    [
        (XGBOOST, {"max_dept": 3}, 'XGBClassifier takes no parameter "max_dept"; did you mean max_depth?'),
        (XGBOOST, {"num_class": 3}, 'XGBClassifier takes no parameter "num_class"'),
        (XGBOOST, {"max_depth": "deep"}, 'XGBClassifier refuses "max_depth": Invalid Parameter format for max_depth expect int'),
        (XGBOOST, {"subsample": 7}, 'XGBClassifier refuses "subsample": value 7 for Parameter subsample exceed bound [0,1]'),
        (XGBOOST, {"objective": "binary:logistik"}, 'XGBClassifier refuses "objective": Unknown objective function'),
        (XGBOOST, {"n_estimators": 0}, 'XGBClassifier refuses "n_estimators": expected a whole number above 0; found 0'),
        (XGBOOST, {"eta": 0.1, "learning_rate": 0.1}, '"learning_rate" and "eta" set the same parameter of XGBClassifier'),
        (LIGHTGBM, {"num_leafs": 3}, 'LGBMClassifier takes no parameter "num_leafs"; did you mean num_leaf?'),
        (LIGHTGBM, {"num_leaves": "many"}, 'LGBMClassifier refuses "num_leaves": Parameter num_leaves should be of type int'),
        (LIGHTGBM, {"bagging_fraction": 7}, 'LGBMClassifier refuses "bagging_fraction": Check failed: (bagging_fraction) <= (1.0)'),
        (LIGHTGBM, {"n_estimators": 5, "num_trees": 5}, '"num_trees" and "n_estimators" set the same parameter of LGBMClassifier'),
        (CATBOOST, {"dept": 3}, 'CatBoostClassifier takes no parameter "dept"; did you mean depth?'),
        (CATBOOST, {"depth": 99}, 'CatBoostClassifier refuses "depth": Maximum tree depth is 16'),
        (CATBOOST, {"max_depth": "x"}, "CatBoostClassifier refuses \"max_depth\": Can't parse parameter"),
        (CATBOOST, {"iterations": 5, "num_trees": 5}, '"num_trees" and "iterations" set the same parameter of CatBoost'),
        ("xgboost.XGBRanker", {}, "XGBRanker is neither a regressor nor a classifier"),
        ("xgboost.dask.DaskXGBClassifier", {}, "lie on a Dask cluster, and a config's rows are one table; write xgboost.XGBClassifier"),
        ("xgboost.spark.SparkXGBRegressor", {}, "lie on a Spark cluster, and a config's rows are one table; write xgboost.XGBRegressor"),
        ("lightgbm.DaskLGBMRegressor", {}, "write lightgbm.LGBMRegressor"),
        ("lightgbm.dask.DaskLGBMClassifier", {}, "write lightgbm.LGBMClassifier"),
        ("imblearn.over_sampling.SMOTE", {}, "SMOTE has no predict method: a regressor or a classifier is needed"),
    ],
)  # fmt: skip
def test_what_a_library_does_not_take_is_named(path, params, problem, capfd):
    pytest.importorskip(path.partition(".")[0])
    [[found]] = check_library_classes([(path, params)], incremental=False)
    assert problem in found
    assert capfd.readouterr() == ("", "")


def test_each_step_is_checked_by_itself():
    pytest.importorskip("imblearn")
    steps = [
        ("imblearn.over_sampling.SMOTE", {"k_neighbours": 3}),
        ("sklearn.preprocessing.StandardScaler", {"with_mean": "no"}),
        ("sklearn.linear_model.LogisticRegression", {"C": 0.5}),
    ]
    smote, scaler, regression = check_library_classes(steps, incremental=False)
    assert 'SMOTE takes no parameter "k_neighbours"; did you mean k_neighbors?' in smote[0]
    assert 'the "with_mean" parameter of StandardScaler must be' in scaler[0]
    assert regression == []


def test_steps_that_cannot_learn_batch_by_batch_say_so():
    steps = [("sklearn.preprocessing.StandardScaler", {}), ("sklearn.linear_model.Ridge", {})]
    [_, [problem]] = check_library_classes(steps, incremental=True)
    assert "Ridge in a Pipeline cannot learn batch by batch" in problem
