"""What `refinery plan` says of seeded changes to a project of 200 pipelines.

    make review-benchmark
    PYTHONPATH=include .venv/bin/python -m benchmarks.review --misses misses.md
    PYTHONPATH=include .venv/bin/python -m benchmarks.review --show "output moves/3"

Bad changes must be flagged, and harmless ones must raise no high risk. Each change is made by a rule, a function that says what it
changes and what a plan must say of that; the same seed makes the same changes. Plans are made by the code of `refinery plan`, each
in a fresh fork of a process that has imported it, and a few are compared with what the command prints.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.review import bad, harmless, untuned
from benchmarks.review.measure import as_command, measure
from benchmarks.review.report import Measured, write_misses, write_tables, write_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = (*bad.KINDS, *harmless.KINDS, *untuned.KINDS)
CHECKED_WITH_COMMAND = 3


def main() -> None:
    """Plan the changes, and print how many are flagged, by kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="how many plans are made side by side")
    parser.add_argument("--changes", type=int, metavar="N", help="only the first changes of each kind")
    parser.add_argument("--only", default="", metavar="TEXT", help="only kinds whose names hold a text")
    parser.add_argument("--misses", type=Path, metavar="FILE", help="write what went wrong, change by change")
    parser.add_argument(
        "--show", metavar="KIND/NUMBER", help="print one change and its plan, and nothing else"
    )
    arguments = parser.parse_args()
    if arguments.show:
        show(arguments.show, arguments.seed)
        return
    measured = []
    for one in measure_all(arguments.only, arguments.changes, arguments.seed, arguments.jobs):
        measured.append(one)
        if not one.result.is_right:
            print(f"{one.kind.name}/{one.number}: {write_verdict(one)}", file=sys.stderr)
    apart = [one for one in measured if one.kind in untuned.KINDS]
    print(write_tables([one for one in measured if one not in apart]))
    if apart:
        print(f"\nBy somebody who has read the documentation alone:\n\n{write_tables(apart)}")
    if arguments.misses:
        arguments.misses.write_text(write_misses(measured, arguments.seed), encoding="utf-8")
    check_command(arguments.seed)


def measure_all(only: str, most: int | None, seed: int, jobs: int) -> Iterator[Measured]:
    """Plan the changes of the kinds whose names hold a text, and yield each result in order."""
    changes = [(kind, number) for kind in KINDS if only in kind.name for number in range(kind.changes)[:most]]
    context = get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.review.__main__"])
    with ProcessPoolExecutor(jobs, context, max_tasks_per_child=1) as pool:
        results = [pool.submit(measure, kind.rule(number), number, seed) for kind, number in changes]
        for (kind, number), result in zip(changes, results, strict=True):
            yield Measured(kind, number, result.result())


def check_command(seed: int) -> None:
    """Compare a few plans with those that the command prints."""
    kinds = bad.KINDS[:: len(bad.KINDS) // CHECKED_WITH_COMMAND][:CHECKED_WITH_COMMAND]
    plans = [as_command(kind.rule(0), 0, seed) for kind in kinds]
    equal = sum(here == there for here, there in plans)
    print(f"\nEqual to what the command prints: {equal} of {len(plans)} plans.")


def show(change: str, seed: int) -> None:
    """Print a change as a diff, what a plan must say of it, and the page."""
    name, _, number = change.rpartition("/")
    kind = next(kind for kind in KINDS if kind.name == name)
    rule = kind.rule(int(number))
    result = measure(rule, int(number), seed)
    print(rule.__doc__, *result.diff, f"Wanted: {result.finding or 'no high risk'}", result.page, sep="\n")


if __name__ == "__main__":
    main()
