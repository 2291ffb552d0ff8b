"""What a config that names a boosting class is worth against a careful script: the score on the same rows, and the time.

    .venv/bin/python -m benchmarks.boosting [--rounds 3] [--only cars iris]

About 6 minutes; install statsmodels for 18 datasets instead of 14. Both train LightGBM with the same params, each in a new process, in turn, on datasets that packages bring with them.
A score counts as the same within 1 %, or within the spread of the script's own folds.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Figures, arguments, last_json, print_machine, print_table, scratch_folder
from benchmarks.real_data import real_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.real_data import RealData

BY_HAND, REFINERY = "boost_by_hand.py", "boost_refinery.py"
SAME = 0.01


def main() -> None:
    """Measure all datasets, and print a table."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+")
    options = parser.parse_args()
    print_machine(options.rounds)
    rows, ratios = [], []
    for data in real_data():
        if options.only and data.name not in options.only:
            continue
        with scratch_folder() as folder:
            row, ratio = compare(data, Path(folder), options.rounds)
        rows.append(row)
        ratios.append(ratio)
    print_table(
        ("dataset", "metric", "Refinery", "by hand", "spread", "same", "time", "by hand", "ratio"), rows
    )
    print(f"Median ratio of the times: {statistics.median(ratios):.2f}")


def compare(data: RealData, folder: Path, rounds: int) -> tuple[Sequence[str], float]:
    """Return a dataset's row of the table, and the ratio of the times."""
    file = data.write(folder)
    spread = last_json(data.train(BY_HAND, file, "--spread").output)["spread"]
    seconds = {BY_HAND: Figures(), REFINERY: Figures()}
    scores, trained_rows = {}, set()
    for _ in range(rounds):
        for script, figures in seconds.items():
            done = data.train(script, file)
            figures.add(done.seconds, done.others)
            found = last_json(done.output)
            scores[script] = found["score"]
            trained_rows.add(found["rows"])
    if len(trained_rows) != 1:
        raise SystemExit(f"{data.name}: not the same rows; {trained_rows}")
    ours, theirs = scores[REFINERY], scores[BY_HAND]
    same = ours >= theirs - max(SAME * abs(theirs), spread)
    row = (
        data.name,
        data.metric,
        f"{ours:.3f}",
        f"{theirs:.3f}",
        f"{spread:.3f}",
        "yes" if same else "NO",
        seconds[REFINERY].text(),
        seconds[BY_HAND].text(),
        seconds[REFINERY].ratio_to(seconds[BY_HAND]),
    )
    return row, seconds[REFINERY].median / seconds[BY_HAND].median


if __name__ == "__main__":
    main()
