"""An already-made training script, wrapped in a function of two paths."""

import pickle

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(dataset_path, model_path, test_size=0.25, C=1.0):  # noqa: N803 (scikit-learn's own name)
    """Train a classifier of wines by cultivar and return its scores on held-out wines."""
    wines = pd.read_csv(dataset_path)
    X = wines.drop(columns="cultivar")  # noqa: N806 (scikit-learn's own name)
    y = wines["cultivar"]
    X_train, X_test, y_train, y_test = train_test_split(  # noqa: N806
        X, y, test_size=test_size, random_state=0, stratify=y
    )

    model = make_pipeline(StandardScaler(), LogisticRegression(C=C))
    model.fit(X_train, y_train)
    predicted = model.predict(X_test)

    with open(model_path, "wb") as file:  # noqa: PTH123 (a script as people write them)
        pickle.dump(model, file)
    return {
        "accuracy": accuracy_score(y_test, predicted),
        "f1": f1_score(y_test, predicted, average="weighted"),
    }
