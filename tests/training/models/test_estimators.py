"""Seeds: what leaves its random_state open gets the config's, what is set stays."""

from __future__ import annotations

import pytest

from refinery.spec.training import ClassModel

FOREST = ClassModel("sklearn.ensemble.RandomForestRegressor")


def test_a_seed_that_is_open_is_set_so_that_two_trainings_are_equal(train_petrol):
    params = {"n_estimators": 5}

    first, second = (train_petrol(model=FOREST, params=params) for _ in range(2))

    assert first.manifest["files"] == second.manifest["files"]
    assert first.manifest["seeds"]["set_on_estimator"] == ["random_state"]


@pytest.mark.parametrize(
    ("params", "seeded"), [({"random_state": 7}, []), ({"random_state": None}, ["random_state"])]
)
def test_a_seed_that_the_config_gives_stays(train_petrol, params, seeded):
    result = train_petrol(model=FOREST, params=params | {"n_estimators": 2})

    assert result.manifest["seeds"]["set_on_estimator"] == seeded


def test_seeds_inside_a_users_pipeline_are_set_too(train_module):
    result = train_module(
        """
        from sklearn.ensemble import RandomForestRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        def build_model():
            return make_pipeline(StandardScaler(), RandomForestRegressor(n_estimators=2))
        """,
        random_state=5,
    )

    assert result.manifest["seeds"] == {
        "random_state": 5,
        "set_on_estimator": ["randomforestregressor__random_state"],
    }
