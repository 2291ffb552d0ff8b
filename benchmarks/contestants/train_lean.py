"""The same model with one copy of the numbers: the floor of a training in memory. `train_lean.py TABLE.csv FOLDER`.

The rows are counted, and the split is drawn for their numbers as `train_test_split` draws it. Blocks of the file then go straight to
their places in one array, of which the rows to test on and those to train on are two parts.
"""

import pickle
import sys
from pathlib import Path

import numpy as np
import pyarrow.csv
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score

BLOCK_BYTES = 8 << 20

dataset, folder = map(Path, sys.argv[1:])
with dataset.open("rb") as file:
    width = file.readline().count(b",") + 1
    rows = sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK_BYTES), b""))
tested = -(-rows // 5)
place = np.empty(rows, dtype=np.int32)
place[np.random.RandomState(0).permutation(rows)] = np.arange(rows, dtype=np.int32)
table = np.empty((rows, width - 1))
target = np.empty(rows)
start = 0
options = pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES)
for batch in pyarrow.csv.open_csv(dataset, read_options=options):
    places = place[start : start + batch.num_rows]
    table[places] = np.column_stack([column.to_numpy() for column in batch.columns[:-1]])
    target[places] = batch.columns[-1].to_numpy()
    start += batch.num_rows
model = HistGradientBoostingRegressor(max_iter=30, random_state=0).fit(table[tested:], target[tested:])
predicted = model.predict(table[:tested])
print(f"{mean_absolute_error(target[:tested], predicted):.6f} {r2_score(target[:tested], predicted):.6f}")
with Path(folder, "model.pkl").open("wb") as file:
    pickle.dump(model, file)
