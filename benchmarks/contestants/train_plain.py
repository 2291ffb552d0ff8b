"""The script that a data scientist writes first: read, split, fit, score, pickle. `train_plain.py TABLE.csv FOLDER`."""

import pickle
import sys
from pathlib import Path

import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

dataset, folder = sys.argv[1:]
table = pd.read_csv(dataset)
x_train, x_test, y_train, y_test = train_test_split(
    table.iloc[:, :-1], table.iloc[:, -1], test_size=0.2, random_state=0
)
model = HistGradientBoostingRegressor(max_iter=30, random_state=0).fit(x_train, y_train)
predicted = model.predict(x_test)
print(f"{mean_absolute_error(y_test, predicted):.6f} {r2_score(y_test, predicted):.6f}")
with Path(folder, "model.pkl").open("wb") as file:
    pickle.dump(model, file)
