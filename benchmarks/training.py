"""What a training costs, from CSV to model and manifest, against the plain script: read, split, fit, score, pickle.

    .venv/bin/python benchmarks/training.py [--megabytes 100 1000] [--rounds 3]

Each training runs in a separate process, all in turn; seconds are medians and memory is the most that a
process held. Evaluation, baseline, manifest and hashing are on; what the card costs besides is printed apart.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
COLUMNS = 20
# About what a row of numbers of nine digits takes.
BYTES_PER_ROW = 215
BLOCK_ROWS = 100_000

PLAIN = """
import pickle, sys
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

dataset, output = sys.argv[1:]
table = pd.read_csv(dataset)
X_train, X_test, y_train, y_test = train_test_split(
    table.iloc[:, :-1], table.iloc[:, -1], test_size=0.2, random_state=0
)
model = HistGradientBoostingRegressor(max_iter=50, random_state=0).fit(X_train, y_train)
predicted = model.predict(X_test)
print(mean_absolute_error(y_test, predicted), r2_score(y_test, predicted))
with open(output + "/model.pkl", "wb") as file:
    pickle.dump(model, file)
"""

REFINERY = """
import sys
from pathlib import Path
from refinery.training import ClassModel, TrainingSpec, train

dataset, output = map(Path, sys.argv[1:])
model = ClassModel("sklearn.ensemble.HistGradientBoostingRegressor")
spec = TrainingSpec(model=model, models_dir=output, params={"max_iter": 50})
metrics = train(spec, dataset, output, provenance={}, **CARD).metrics
print(metrics["mae"], metrics["r2"])
"""
CARD = """
from refinery.card import write_card

def draw(folder, trained):
    write_card(folder, model=trained.model, manifest=trained.manifest, held_out=trained.held_out,
               table_profile=trained.profile)

CARD = {"write_extras": draw}
"""
CONTESTANTS = {
    "plain script": PLAIN,
    "refinery": f"CARD = {{}}\n{REFINERY}",
    "with its card": f"{CARD}\n{REFINERY}",
}


def main() -> None:
    """Measure all at each size and print the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for megabytes in options.megabytes:
        with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as folder:
            dataset = Path(folder) / "table.csv"
            write_dataset(dataset, megabytes * 1_000_000)
            compare(dataset, options.rounds)


def write_dataset(path: Path, size: int) -> None:
    """Write numbers of which the last can be learned from the others."""
    draw = np.random.default_rng(0)
    weights = draw.normal(size=COLUMNS - 1)
    with path.open("w") as file:
        file.write(",".join([*(f"x{i}" for i in range(COLUMNS - 1)), "y"]) + "\n")
        for _ in range(max(1, round(size / BYTES_PER_ROW / BLOCK_ROWS))):
            features = draw.normal(size=(BLOCK_ROWS, COLUMNS - 1))
            target = features @ weights + np.sin(3 * features[:, 0]) + draw.normal(size=BLOCK_ROWS)
            np.savetxt(file, np.column_stack([features, target]), fmt="%.7f", delimiter=",")


def compare(dataset: Path, rounds: int) -> None:
    """Run all in turn, and print medians and ratios."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    megabytes: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    figures = set()
    for _ in range(rounds):
        for name, script in CONTESTANTS.items():
            taken, peak, printed = run(script, dataset)
            seconds[name].append(taken)
            megabytes[name].append(peak)
            figures.add(printed)
    print(f"\n{dataset.stat().st_size / 1e6:.0f} MB of CSV")
    for name in CONTESTANTS:
        median, peak = statistics.median(seconds[name]), statistics.median(megabytes[name])
        print(f"  {name:14} {median:6.1f} s (min {min(seconds[name]):.1f})   {peak:6.0f} MB at most")
    plain, *ours = CONTESTANTS
    for name in ours:
        time_ratio = statistics.median(seconds[name]) / statistics.median(seconds[plain])
        memory_ratio = statistics.median(megabytes[name]) / statistics.median(megabytes[plain])
        print(f"  {name} / {plain}: time {time_ratio:.2f}, memory {memory_ratio:.2f}")
    print("  wanted of refinery: time at most 1.0, memory at most 0.7 at 1 GB")
    print(f"  the same metrics: {'yes' if len(figures) == 1 else figures}")


def run(script: str, dataset: Path) -> tuple[float, float, str]:
    """Give a process's seconds, its most memory in MB, and what it printed."""
    with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as output:
        command = [sys.executable, "-c", script, str(dataset), output]
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"a contestant failed with exit status {process.returncode}")
        # Linux counts in kilobytes of 1024.
        return time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e6, printed


if __name__ == "__main__":
    main()
