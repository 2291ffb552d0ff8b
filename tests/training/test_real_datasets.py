"""Real datasets from scikit-learn's own files: trained, judged beside a baseline, held to gates."""

from __future__ import annotations

import pytest
from sklearn import datasets

from include.training.spec import ClassModel


def frame(name):
    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    return loaded.data.assign(target=loaded.target if loaded.target.ndim == 1 else loaded.target["Weight"])


def imbalanced_digits():
    table = frame("digits")
    return table.assign(target=(table["target"] == 8).map({True: "eight", False: "another"}))


@pytest.mark.parametrize(
    ("table", "model", "task", "gate"),
    [
        (frame("diabetes"), ("linear_model.Ridge", {}), "regression", ("r2", 0.3)),
        (frame("linnerud"), ("linear_model.Ridge", {"alpha": 1000}), "regression", ("r2", -1)),
        (frame("iris"), ("linear_model.LogisticRegression", {"max_iter": 1000}), "multi-class", ("f1", 0.9)),
        (frame("wine"), ("ensemble.RandomForestClassifier", {}), "multi-class", ("roc_auc", 0.9)),
        (
            frame("breast_cancer"),
            ("ensemble.HistGradientBoostingClassifier", {"max_iter": 20}),
            "binary",
            ("roc_auc", 0.95),
        ),
        (frame("digits"), ("svm.SVC", {}), "multi-class", ("f1_macro", 0.9)),
        (imbalanced_digits(), ("tree.DecisionTreeClassifier", {}), "binary", ("average_precision", 0.3)),
    ],
    ids=["diabetes", "linnerud", "iris", "wine", "breast_cancer", "digits", "eights"],
)
def test_a_real_dataset_is_judged_and_gated(train_table, table, model, task, gate):
    name, params = model
    metric, least = gate
    result = train_table(
        table.to_csv(index=False),
        model=ClassModel(f"sklearn.{name}"),
        params=params,
        stratify=task != "regression",
        cross_validation=3,
        require={metric: {"min": least, "no_worse_than_latest": "10%"}},
    )

    manifest = result.manifest
    assert manifest["gate"] == "passed"
    assert manifest["evaluation"]["task"] == ("regression" if task == "regression" else "classification")
    assert manifest["baseline"].keys() == manifest["metrics"].keys() == manifest["spread"].keys()
    # Of binary targets f1 is that of one class, which the manifest names.
    assert ("of class" in manifest["evaluation"]["definitions"].get("f1", "")) == (task == "binary")
