"""Where the time goes: in a task's start, and in a training.

    .venv/bin/python -m benchmarks.profiles [--only start training] [--megabytes 942]

About a minute. For the start of a task it prints what the imports of its first parse take, by package, and the rest. For a training it
prints the functions that take at least a thirtieth of it, with what they call. A profile takes time itself, so read shares.
"""

from __future__ import annotations

import os
import pstats
import re
import subprocess
from collections import Counter
from pathlib import Path

from benchmarks import PROJECT
from benchmarks.contestants.parsed import dag_id, write_configs
from benchmarks.measure import (
    arguments,
    clean_environment,
    last_json,
    print_table,
    python,
    run,
    scratch_folder,
)
from benchmarks.parse import PROBE, probe_environment
from benchmarks.training import BYTES_PER_ROW, COLUMNS, MEGABYTE, SCRIPTS, TABLES

PIPELINES = 1000
LEAST_SHARE = 1 / 30
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")


def main() -> None:
    """Print the profiles."""
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=("start", "training"), default=["start", "training"])
    parser.add_argument("--megabytes", type=int, default=942)
    options = parser.parse_args()
    with scratch_folder() as name:
        if "start" in options.only:
            print_start(Path(name))
        if "training" in options.only:
            print_training(Path(name), options.megabytes)


def print_start(folder: Path) -> None:
    """Print what the cold parse of one DAG imports."""
    project = write_configs(folder / "project", PIPELINES)
    files, wanted = project.files[:1], dag_id(PIPELINES - 1)
    command = ["-X", "importtime", PROBE, *files, "--bundle", project.bundle, "--mark"]
    for _ in range(2):  # the first compiles
        done = subprocess.run(
            python(*command),
            cwd=project.bundle,
            env=clean_environment(**probe_environment(project, wanted)),
            capture_output=True,
            text=True,
            check=True,
        )
    seconds = last_json(done.stdout)["parses"][0]["parse"]
    imports: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    for microseconds, module in _IMPORT.findall(done.stderr.partition("--- parse ---")[2]):
        imports[package_of(module)] += int(microseconds)
        modules[package_of(module)] += 1
    rest = seconds - imports.total() / 1e6
    print(f"The cold parse of one DAG among {PIPELINES:,}: {seconds * 1000:.0f} ms with the profile")
    rows = [(f"importing {name}", modules[name], value / 1e6) for name, value in imports.most_common(12)]
    print_table(
        ("what", "modules", "ms", "share"),
        [
            (what, str(count), f"{value * 1000:.1f}", f"{value / seconds:.0%}")
            for what, count, value in (*rows, ("all else: reading, checking, rendering", "", rest))
        ],
    )


def package_of(module: str) -> str:
    """Return what a module is counted under."""
    parts = module.split(".")
    return ".".join(
        parts[
            : 3
            if module.startswith("airflow.providers.")
            else 2
            if parts[0] in ("airflow", "refinery")
            else 1
        ]
    )


def print_training(folder: Path, megabytes: int) -> None:
    """Print the functions of a training that take long."""
    dataset, profile = folder / "table.csv", folder / "profile"
    rows = megabytes * MEGABYTE // BYTES_PER_ROW
    run(python(TABLES, dataset, str(rows), str(COLUMNS)))
    (folder / "model").mkdir()
    script = SCRIPTS / "train_refinery.py"
    env = clean_environment(PYTHONPATH=f"{PROJECT}:{PROJECT / 'include'}")
    run(python("-m", "cProfile", "-o", profile, script, dataset, folder / "model", "--card"), env=env)
    stats = pstats.Stats(str(profile)).stats  # type: ignore[attr-defined]
    whole = max(cumulative for *_, cumulative, _ in stats.values())
    library = str(PROJECT / "include") + os.sep
    slow = [
        (cumulative, own, file, name)
        for (file, _, name), (_, _, own, cumulative, _) in stats.items()
        if cumulative > whole * LEAST_SHARE and (file.startswith(library) or own > whole * LEAST_SHARE)
    ]
    print(f"A training on {megabytes} MB with the card: {whole:.1f} s with the profile")
    print_table(
        ("function", "with what it calls", "share", "alone"),
        [
            (
                f"{file.removeprefix(library).rpartition('site-packages/')[2]} {name}",
                f"{cumulative:.1f} s",
                f"{cumulative / whole:.0%}",
                f"{own:.1f} s",
            )
            for cumulative, own, file, name in sorted(slow, reverse=True)
        ],
    )


if __name__ == "__main__":
    main()
