"""How much memory a training batch by batch takes as its dataset grows: `fit: incremental` on CSVs larger than memory.

    .venv/bin/python -m benchmarks.incremental [--gigabytes 0.1 1 4] [--limit 1]

About 8 minutes; `--gigabytes 0.1` takes 15 seconds. Each training runs in a separate process, whose memory is limited (RLIMIT_DATA: all that it writes to but files), with
evaluation, baseline, manifest and card; it fails where that does not suffice, and so does the benchmark.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks import PROJECT
from benchmarks.measure import Run, arguments, clean_environment, print_table, python, run, scratch_folder

COLUMNS = 20
BLOCK_ROWS = 100_000
GIGA = 1_000_000_000

TRAIN = """
import resource, sys
from pathlib import Path

limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
from refinery.card import write_card
from refinery.training import ClassModel, TrainingSpec, train

def draw(folder, trained):
    write_card(folder, model=trained.model, manifest=trained.manifest, held_out=trained.held_out, table_profile=trained.profile)

dataset, output = map(Path, sys.argv[1:3])
spec = TrainingSpec(model=ClassModel("sklearn.linear_model.SGDRegressor"), models_dir=output, batch_rows=100_000)
manifest = train(spec, dataset, output, provenance={}, write_extras=draw).manifest
print(manifest["data"]["rows"], manifest["metrics"]["r2"])
"""


def main() -> None:
    """Write the datasets one after the other, train on each, and print what it took."""
    parser = arguments(__doc__)
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[0.1, 1, 4])
    parser.add_argument("--limit", type=float, default=1, help="the memory limit in gigabytes")
    options = parser.parse_args()
    limit = int(options.limit * GIGA)
    rows = []
    with scratch_folder() as name:
        for gigabytes in options.gigabytes:
            dataset = Path(name) / "rows.csv"
            write_dataset(dataset, int(gigabytes * GIGA))
            done = train(dataset, Path(name) / "model", limit)
            if done.peak > limit:
                sys.exit(f"The training took more than {options.limit:g} GB.")
            count, r2 = done.output.split()
            rows.append(
                (f"{gigabytes:g} GB", f"{int(count):,}", f"{done.peak / 1e6:.0f} MB", f"{float(r2):.4f}")
            )
    print_table((f"CSV of {COLUMNS} columns", "rows", "peak memory", "r2"), rows)


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


def train(dataset: Path, output: Path, limit: int) -> Run:
    """Train in a separate process, which prints the rows and the model's r2."""
    env = clean_environment(PYTHONPATH=f"{PROJECT}:{PROJECT / 'include'}")
    return run(python("-c", TRAIN, dataset, output, str(limit)), env=env)


if __name__ == "__main__":
    main()
