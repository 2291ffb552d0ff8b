"""How much memory a training batch by batch takes as its dataset grows: `fit: incremental` on CSVs larger than memory.

    .venv/bin/python benchmarks/incremental.py [--gigabytes 0.1 1 4] [--limit 1]

Each training runs in a separate process, whose memory is limited (RLIMIT_DATA: all that it writes to but files), with
evaluation, baseline, manifest and card; it fails where that does not suffice, and so does the benchmark.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
COLUMNS = 20
BLOCK_ROWS = 100_000
GIGA = 1_000_000_000

TRAIN = """
import resource, sys, time
from pathlib import Path

limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
from refinery.card import write_card
from refinery.training import ClassModel, TrainingSpec, train

def draw(folder, trained):
    write_card(folder, model=trained.model, manifest=trained.manifest, held_out=trained.held_out, table_profile=trained.profile)

dataset, output = map(Path, sys.argv[1:3])
spec = TrainingSpec(model=ClassModel("sklearn.linear_model.SGDRegressor"), models_dir=output, batch_rows=100_000)
started = time.monotonic()
manifest = train(spec, dataset, output, provenance={}, write_extras=draw).manifest
# Not ru_maxrss, which remembers the parent's memory too.
status = Path("/proc/self/status").read_text().split()
peak = int(status[status.index("VmHWM:") + 1]) * 1024
print(manifest["data"]["rows"], peak, time.monotonic() - started, manifest["metrics"]["r2"])
"""


def main() -> None:
    """Write the datasets one after the other, train on each, and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[0.1, 1, 4])
    parser.add_argument("--limit", type=float, default=1, help="the memory limit in gigabytes")
    arguments = parser.parse_args()
    limit = int(arguments.limit * GIGA)
    print("file           rows   peak memory   seconds       r2")
    with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as name:
        for gigabytes in arguments.gigabytes:
            dataset = Path(name) / "rows.csv"
            write_dataset(dataset, int(gigabytes * GIGA))
            rows, peak, seconds, r2 = train(dataset, Path(name) / "model", limit)
            print(
                f"{gigabytes:4g} GB {rows:12.0f} {peak / 1e6:10.0f} MB {seconds:9.0f} {r2:8.4f}", flush=True
            )
            if peak > limit:
                sys.exit(f"The training took more than {arguments.limit:g} GB.")


def write_dataset(path: Path, size: int) -> None:
    """Write rows of numbers, the last of which follows from the others, until the file has its size."""
    draw = np.random.default_rng(0)
    block = draw.normal(size=(BLOCK_ROWS, COLUMNS))
    block[:, -1] = block[:, :-1] @ np.linspace(-1, 1, COLUMNS - 1) + draw.normal(scale=0.1, size=BLOCK_ROWS)
    text = "".join(",".join(f"{value:.8f}" for value in row) + "\n" for row in block).encode()
    with path.open("wb") as file:
        file.write((",".join(f"x{column}" for column in range(COLUMNS)) + "\n").encode())
        while file.tell() < size:
            file.write(text)


def train(dataset: Path, output: Path, limit: int) -> list[float]:
    """Train in a separate process; return rows, peak memory in bytes, seconds and the model's r2."""
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, str(dataset), str(output), str(limit)],
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'include'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"The training failed:\n{done.stderr}")
    return [float(value) for value in done.stdout.split()]


if __name__ == "__main__":
    main()
