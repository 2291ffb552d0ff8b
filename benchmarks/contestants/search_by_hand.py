"""Search LightGBM's params as one writes it with plain Optuna: `search_by_hand.py TABLE.parquet TARGET METRIC FOLDER TRIALS`."""

import json
import pickle
import sys
from pathlib import Path

import optuna
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import cross_val_score, train_test_split

file, target, metric, folder, trials = sys.argv[1:6]
table = pd.read_parquet(file)
features = table.drop(columns=target)
for name in features.columns:
    if features[name].dtype.kind not in "iufb":
        features[name] = features[name].astype("category")
x_train, x_test, y_train, y_test = train_test_split(features, table[target], test_size=0.2, random_state=0)
kind = LGBMRegressor if metric == "r2" else LGBMClassifier


def build(trial):
    """Return the model with the params of a trial."""
    return kind(
        num_leaves=trial.suggest_int("num_leaves", 4, 64, log=True),
        learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        min_child_samples=trial.suggest_int("min_child_samples", 5, 50),
        random_state=0,
        verbosity=-1,
    )


def objective(trial):
    """Return the mean score over the folds."""
    return cross_val_score(build(trial), x_train, y_train, cv=5, scoring=metric).mean()


optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials=int(trials))
model = build(study.best_trial).fit(x_train, y_train)
predicted = model.predict(x_test)
score = r2_score(y_test, predicted) if metric == "r2" else accuracy_score(y_test, predicted)
with Path(folder, "model.pkl").open("wb") as written:
    pickle.dump(model, written)
print(json.dumps({"search": study.best_value, "held_out": score}))
