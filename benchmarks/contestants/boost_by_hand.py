"""Train LightGBM as a careful data scientist writes it: `boost_by_hand.py TABLE.parquet TARGET METRIC FOLDER [--spread]`.

Texts are categories, dates are numbers of their parts; the params are those that won a small search. With --spread, the standard
deviation of the metric over five folds is printed instead.
"""

import json
import pickle
import sys
from pathlib import Path

import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import cross_val_score, train_test_split

PARAMS = {"n_estimators": 200, "learning_rate": 0.05, "num_leaves": 31}

file, target, metric, folder = sys.argv[1:5]
table = pd.read_parquet(file)
columns = {}
for name in table.columns.drop(target):
    column = table[name]
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        for part in ("year", "month", "day", "dayofweek", "hour"):
            columns[f"{name}_{part}"] = getattr(column.dt, part)
        columns[f"{name}_days"] = (column - column.min()) / pd.Timedelta(days=1)
    elif column.dtype.kind in "iufb":
        columns[name] = column
    else:
        columns[name] = column.astype("category")
features = pd.DataFrame(columns)
x_train, x_test, y_train, y_test = train_test_split(features, table[target], test_size=0.2, random_state=0)
kind = LGBMRegressor if metric == "r2" else LGBMClassifier
model = kind(random_state=0, verbosity=-1, **PARAMS)
if "--spread" in sys.argv:
    print(json.dumps({"spread": cross_val_score(model, x_train, y_train, cv=5, scoring=metric).std()}))
    sys.exit()
predicted = model.fit(x_train, y_train).predict(x_test)
score = r2_score(y_test, predicted) if metric == "r2" else accuracy_score(y_test, predicted)
with Path(folder, "model.pkl").open("wb") as written:
    pickle.dump(model, written)
print(json.dumps({"rows": len(x_train), "score": score}))
