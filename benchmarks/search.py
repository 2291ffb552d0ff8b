"""What a search costs and finds against plain Optuna with the same estimator, spaces, folds and number of trials.

    .venv/bin/python -m benchmarks.search [--trials 60] [--rounds 2] [--only diabetes]

About 6 minutes, with statsmodels installed for the largest dataset. Each search runs in a new process, in turn; the found model is
measured on the same held-out rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import (
    MEBIBYTE,
    Figures,
    arguments,
    last_json,
    print_machine,
    print_table,
    scratch_folder,
)
from benchmarks.real_data import real_data

if TYPE_CHECKING:
    from benchmarks.real_data import RealData

BY_HAND, REFINERY = "search_by_hand.py", "search_refinery.py"
SEARCHED = ("diabetes", "breast_cancer", "randhie")


def main() -> None:
    """Search each dataset, and print a table."""
    parser = arguments(__doc__)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=SEARCHED)
    options = parser.parse_args()
    print_machine(options.rounds)
    for data in real_data():
        if data.name in options.only:
            with scratch_folder() as folder:
                compare(data, data.write(Path(folder)), options.trials, options.rounds)


def compare(data: RealData, file: Path, trials: int, rounds: int) -> None:
    """Search one dataset by both, and print what they cost and found."""
    seconds = {BY_HAND: Figures(), REFINERY: Figures()}
    peaks = {BY_HAND: Figures(), REFINERY: Figures()}
    found = {}
    for _ in range(rounds):
        for script, figures in seconds.items():
            done = data.train(script, file, str(trials))
            figures.add(done.seconds, done.others)
            peaks[script].add(done.peak, 0)  # memory is the same on a busy machine
            found[script] = last_json(done.output)
    print(f"{data.name}, by {data.metric}: {trials} trials")
    print_table(
        ("contestant", "whole process", "ratio", "peak memory", "ratio", "search", "held out"),
        [
            (
                script,
                seconds[script].text(),
                seconds[script].ratio_to(seconds[BY_HAND]),
                peaks[script].text("MiB", scale=1 / MEBIBYTE, digits=0),
                peaks[script].ratio_to(peaks[BY_HAND]),
                f"{found[script]['search']:.4f}",
                f"{found[script]['held_out']:.4f}",
            )
            for script in seconds
        ],
    )
    print(f"The default params reach {found[REFINERY]['default']:.4f} in the search's folds.")
    print("\n".join(found[REFINERY]["warnings"]), flush=True)


if __name__ == "__main__":
    main()
