"""A random forest for regression, its inputs scaled first."""

from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler


def build_model(n_estimators: int = 200, random_state: int = 0) -> Pipeline:
    """Return the scaler and the forest as one estimator, so that one pickle holds all that predicting needs.

    Args:
        n_estimators: Number of trees.
        random_state: Seed of the trees' bootstrap samples.
    """
    return Pipeline(
        [
            ("scaler", StandardScaler()),
            ("forest", RandomForestRegressor(n_estimators=n_estimators, random_state=random_state)),
        ]
    )
