"""What a training costs, as a whole process from CSV to model, against the script that a data scientist writes first.

    .venv/bin/python -m benchmarks.training [--megabytes 94 942] [--rounds 3]

About 7 minutes, less than one with `--megabytes 94`. All train the same model (HistGradientBoosting, 30 rounds, 20 columns) on the
same rows, each in a new process, in turn. The lean script is the floor: it does nothing else, and holds the numbers once.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import PROJECT
from benchmarks.measure import (
    Figures,
    arguments,
    clean_environment,
    print_machine,
    print_table,
    python,
    run,
    scratch_folder,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measure import Run

COLUMNS = 20
BYTES_PER_ROW = 214
MEGABYTE = 1_000_000
PLAIN = "plain script"
TABLES = PROJECT / "benchmarks" / "tables.py"
SCRIPTS = PROJECT / "benchmarks" / "contestants"
CONTESTANTS: Mapping[str, Sequence[str]] = {
    PLAIN: ["train_plain.py"],
    "lean script": ["train_lean.py"],
    "Refinery, without the card": ["train_refinery.py"],
    "Refinery, with the card": ["train_refinery.py", "--card"],
}


def main() -> None:
    """Measure all at each size, and print a table of each."""
    parser = arguments(__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[94, 942])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print_machine(options.rounds)
    for megabytes in options.megabytes:
        with scratch_folder() as folder:
            dataset = Path(folder) / "table.csv"
            rows = megabytes * MEGABYTE // BYTES_PER_ROW
            # In its own process, since the memory of this one must stay small.
            run(python(TABLES, dataset, str(rows), str(COLUMNS)))
            compare(dataset, options.rounds)


def compare(dataset: Path, rounds: int) -> None:
    """Run all in turn, and print a table.

    Raises:
        SystemExit: Two of them made models of other quality.
    """
    seconds: dict[str, Figures] = defaultdict(Figures)
    processor: dict[str, Figures] = defaultdict(Figures)
    peaks: dict[str, Figures] = defaultdict(Figures)
    printed = set()
    for _ in range(rounds):
        for name in CONTESTANTS:
            done = train(name, dataset)
            seconds[name].add(done.seconds, done.others)
            processor[name].add(done.processor, done.others)
            peaks[name].add(done.peak, 0)  # memory is the same on a busy machine
            printed.add(done.output)
    if len(printed) != 1:
        raise SystemExit(f"not the same model; MAE and R2 are {printed}")
    print(f"{dataset.stat().st_size / MEGABYTE:,.0f} MB of CSV")
    print_table(
        ("contestant", "whole process", "ratio", "processor", "peak memory", "ratio"),
        [
            (
                name,
                seconds[name].text(),
                seconds[name].ratio_to(seconds[PLAIN]),
                f"{processor[name].median:.1f} s{processor[name].mark}",
                peaks[name].text("MB", scale=1 / MEGABYTE, digits=0),
                peaks[name].ratio_to(peaks[PLAIN]),
            )
            for name in CONTESTANTS
        ],
    )


def train(name: str, dataset: Path) -> Run:
    """Train as one contestant; the output of the process is the model's MAE and R2."""
    script, *flags = CONTESTANTS[name]
    path = f"{PROJECT}:{PROJECT / 'include'}"
    with scratch_folder() as output:
        command = python(SCRIPTS / script, dataset, output, *flags)
        return run(command, env=clean_environment(PYTHONPATH=path))


if __name__ == "__main__":
    main()
