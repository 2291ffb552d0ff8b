"""A forest for the wines: configs name this file and pass params to its function."""

from sklearn.ensemble import RandomForestClassifier


def build_model(n_estimators=100):
    """Return an unfitted estimator: Refinery reads, splits, fits, measures and saves."""
    return RandomForestClassifier(n_estimators=n_estimators, random_state=0)
