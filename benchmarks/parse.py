"""What parsing costs: a task's start among many DAGs, and a whole pass of the dag-processor.

    .venv/bin/python -m benchmarks.parse [--pipelines 1000] [--rounds 7]

About 4 minutes; `--pipelines 100 --rounds 3` takes less than one. The hand-written DAGs and those of dag-factory use operators that
hold values and do nothing.

A task's start is the first parse in a new process that has imported what the process of a task has
(`airflow.sdk.execution_time.task_runner` and `BundleDagBag`), with the parsing context that names one DAG. "After preloading" is the
same in a fork of a process that has started a job as a scheduler does, so that plugins could preload; what the fork takes to load
plugins is printed as well. A warm parse is one in a process that has parsed before; serializing is what the dag-processor does next.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import PROJECT
from benchmarks.contestants.parsed import dag_id, write_all
from benchmarks.measure import (
    Figures,
    arguments,
    clean_environment,
    last_json,
    print_machine,
    print_table,
    python,
    run,
    scratch_folder,
)
from benchmarks.project import environment_of

if TYPE_CHECKING:
    import argparse

    from benchmarks.contestants.parsed import Parsed
    from benchmarks.measure import Run

PROBE = PROJECT / "benchmarks" / "parse_probe.py"
OURS = "Refinery"
AFTER_EDIT = "Refinery, the first start after an edit"
WITH_REPORT = "Refinery, with report_broken_configs.py"
LITERAL = "literal Python"
STARTS = (AFTER_EDIT, OURS, "loop in Python", "dag-factory folder")
WARM_REPEATS = 4
TASK_VARIABLE = "_AIRFLOW_PARSING_CONTEXT_TASK_ID"
DAG_VARIABLE = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"


def main() -> None:
    """Measure all contestants, and print the tables."""
    options = parse_arguments()
    print_machine(options.rounds)
    with scratch_folder() as name:
        contestants = write_all(Path(name), options.pipelines)
        for one in contestants.values():
            probe(one, one.files)  # bytecode and file cache
        if "start" in options.only:
            print_starts(contestants, options)
        if "warm" in options.only:
            print_warm(contestants, options)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = arguments(__doc__)
    parser.add_argument("--pipelines", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds")
    parser.add_argument("--only", nargs="+", choices=("start", "warm"), default=["start", "warm"])
    return parser.parse_args()


def print_starts(contestants: dict[str, Parsed], options: argparse.Namespace) -> None:
    """Measure the start of a task, each in a new process, and print a table."""
    cold: dict[str, Figures] = defaultdict(Figures)
    processor: dict[str, Figures] = defaultdict(Figures)
    preloaded: dict[str, Figures] = defaultdict(Figures)
    plugins: dict[str, Figures] = defaultdict(Figures)
    for number in range(options.rounds):
        wanted = dag_id(number * 37 % options.pipelines)  # another in each round, which no task has started
        for name in STARTS:
            one = contestants[OURS if name == AFTER_EDIT else name]
            parses, others = probe(one, one.files[:1], dag=wanted)
            cold[name].add(parses[0]["parse"], others)
            processor[name].add(parses[0]["processor"], others)
            if name == AFTER_EDIT:
                continue
            parses, others = probe(one, one.files[:1], "--preload", dag=wanted)
            preloaded[name].add(parses[0]["parse"], others)
            plugins[name].add(parses[0]["plugins"], others)
    print(f"A task's start among {options.pipelines:,} DAGs")
    print_table(
        (
            "contestant",
            "cold parse",
            "its processor time",
            "after preloading",
            "loading plugins there",
            "DAGs that it makes",
        ),
        [
            (
                name,
                cold[name].text("ms", scale=1000, digits=1),
                f"{processor[name].median * 1000:,.1f} ms{processor[name].mark}",
                preloaded[name].text("ms", scale=1000, digits=1) if name in preloaded else "",
                plugins[name].text("ms", scale=1000, digits=1) if name in plugins else "",
                "all" if name == "dag-factory folder" else "1",
            )
            for name in STARTS
        ],
    )


def print_warm(contestants: dict[str, Parsed], options: argparse.Namespace) -> None:
    """Measure warm parses with what the dag-processor does next, and print a table."""
    sets = {
        OURS: (contestants[OURS], contestants[OURS].files[:1]),
        WITH_REPORT: (contestants[OURS], contestants[OURS].files),
        **{name: (one, one.files) for name, one in contestants.items() if name != OURS},
    }
    parses: dict[str, Figures] = defaultdict(Figures)
    processor: dict[str, Figures] = defaultdict(Figures)
    wholes: dict[str, Figures] = defaultdict(Figures)
    for _ in range(max(1, options.rounds // 2)):
        for name, (one, files) in sets.items():
            measured, others = probe(one, files, "--serialize", "--repeat", str(WARM_REPEATS))
            for each in measured[1:]:
                if each["dags"] != options.pipelines:
                    raise SystemExit(f"{name} made {each['dags']} DAGs")
                parses[name].add(each["parse"], others)
                processor[name].add(each["processor"], others)
                wholes[name].add(each["parse"] + each["serialize"], others)
    print(f"A warm parse of {options.pipelines:,} pipelines, for each DAG; ratios to {LITERAL}")
    scale = 1000 / options.pipelines
    print_table(
        ("contestant", "parse", "ratio", "ratio of processor time", "with serializing", "ratio"),
        [
            (
                name,
                parses[name].text("ms", scale=scale),
                parses[name].ratio_to(parses[LITERAL]),
                processor[name].ratio_to(processor[LITERAL]),
                wholes[name].text("ms", scale=scale),
                wholes[name].ratio_to(wholes[LITERAL]),
            )
            for name in sets
        ],
    )


def probe(
    contestant: Parsed, files: tuple[Path, ...], *flags: str, dag: str | None = None
) -> tuple[list[dict[str, Any]], float]:
    """Parse as `run_probe` does; return what each parse took, and the share of the machine that others took."""
    done = run_probe(contestant, files, *flags, dag=dag)
    return parses_of(done), done.others


def run_probe(contestant: Parsed, files: tuple[Path, ...], *flags: str, dag: str | None = None) -> Run:
    """Parse in a new process.

    Args:
        contestant: Whose files they are.
        files: The DAG files.
        flags: More for the probe.
        dag: The one DAG that Airflow asks for; None for all.
    """
    command = python(PROBE, *files, "--bundle", contestant.bundle, *flags)
    env = clean_environment(**probe_environment(contestant, dag))
    return run(command, cwd=contestant.bundle, env=env)


def probe_environment(contestant: Parsed, dag: str | None) -> dict[str, str]:
    """Return the variables that Airflow parses with."""
    variables = environment_of(contestant.bundle.parent if contestant.plugins else contestant.bundle)
    if contestant.plugins:
        variables["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(contestant.plugins)
    if dag:
        variables |= {DAG_VARIABLE: dag, TASK_VARIABLE: "train_model"}
    return variables


def parses_of(done: Run) -> list[dict[str, Any]]:
    """Return what the probe measured, parse by parse."""
    return list(last_json(done.output)["parses"])


if __name__ == "__main__":
    main()
