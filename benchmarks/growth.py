"""How cost grows: with the configs of a project, the files and columns of a dataset, and the versions of a model.

    .venv/bin/python -m benchmarks.growth [--only configs files columns versions] [--rounds 3] [--docs docs]

About 10 minutes, most of them for 10,000 configs; `--sizes 10 100` measures two small sizes, for a try. Each measurement is a new process.
For each part it prints a table and how each cost grows, and draws `growth-PART.svg` into the folder of `--docs`: both axes are
logarithmic, so what is linear is as steep as the dashed line.

- configs: the dag-processor's whole pass (both DAG files parsed, DAGs serialized), a task's start, `refinery validate`, `refinery list`.
- files: files of 5,000 rows and 20 columns, downloaded from nanio, and trained on with HistGradientBoosting and the card.
- columns: 1,000 rows, trained on with Ridge, without and with the card.
- versions: `refinery models PIPELINE`, which lists them, on nanio.
"""

from __future__ import annotations

import itertools
import math
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import PROJECT
from benchmarks.contestants.parsed import Parsed, dag_id, write_configs
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
from benchmarks.parse import parses_of, run_probe
from benchmarks.project import copy_project, environment_of
from refinery.local.object_store import ACCESS_KEY, REGION, SECRET_KEY, ObjectStore

if TYPE_CHECKING:
    import argparse

    from benchmarks.measure import Run

ROWS_OF_A_FILE = 5_000
COLUMNS_OF_A_FILE = 20
ROWS_OF_WIDE = 1_000
RIDGE = "sklearn.linear_model.Ridge"
LINEAR = (0.85, 1.15)  # exponents that count as linear
FLAT = 1.1  # what costs grow by before they count as growing
TRAIN = PROJECT / "benchmarks" / "contestants" / "train_refinery.py"
PIPELINE = "grown"
CONFIG = "source: s3://datasets/grown.csv\nmodel: random_forest\noutput: s3://models/grown/{{ ds }}/\n"
DOWNLOAD = """
import sys
from pathlib import Path
import boto3
from refinery.spec.urls import parse_source_url
from refinery.storage import client_config, download_datasets
session = boto3.Session()
client = session.client("s3", config=client_config(session))
files = download_datasets([parse_source_url("s3://datasets/grown/*.csv")], Path(sys.argv[1]), s3=lambda _: client)
print(len(files))
"""

# What one part yields at a size: the name of a cost, its seconds, and the process that it was measured in.
Measured = Iterable[tuple[str, float, "Run"]]
Once = Callable[[], Measured]
Measure = Callable[[Path, int], AbstractContextManager[Once]]
# The figures of each cost by size.
Costs = dict[str, dict[int, Figures]]


def main() -> None:
    """Measure each part, print its tables and draw its plot."""
    options = parse_arguments()
    print_machine(options.rounds)
    for part in options.only:
        title, sizes, measure = PARTS[part]
        seconds, peaks = measure_part(measure, options.sizes or sizes, options.rounds)
        print(title)
        print_costs(seconds, peaks)
        draw(options.docs / f"growth-{part}.svg", title, part, seconds, peaks)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", help="other sizes than those of each part")
    parser.add_argument("--docs", type=Path, default=PROJECT / "docs", help="the folder of the plots")
    return parser.parse_args()


def measure_part(measure: Measure, sizes: Iterable[int], rounds: int) -> tuple[Costs, Costs]:
    """Return the seconds and the peak memory of each cost, by size."""
    seconds: Costs = defaultdict(lambda: defaultdict(Figures))
    peaks: Costs = defaultdict(lambda: defaultdict(Figures))
    for size in sizes:
        with scratch_folder(in_memory=True) as folder, measure(Path(folder), size) as once:
            for _ in range(rounds):
                for name, value, done in once():
                    seconds[name][size].add(value, done.others)
                    peaks[name][size].add(done.peak, 0)
    return seconds, peaks


@contextmanager
def configs(folder: Path, count: int) -> Iterator[Once]:
    """Measure a project with that many configs."""
    project = write_configs(folder / "project", count)
    env = clean_environment(**environment_of(folder / "project"))

    def command(name: str) -> Measured:
        done = run(python("-m", "refinery", name), cwd=folder / "project", env=env)
        yield f"refinery {name}", done.seconds, done

    def once() -> Measured:
        yield start_of_task(project, count)
        yield from command("validate")
        yield from command("list")
        yield whole_pass(project)

    start_of_task(project, count)  # bytecode
    yield once


def start_of_task(project: Parsed, count: int) -> tuple[str, float, Run]:
    """Measure the cold parse of one DAG."""
    done = run_probe(project, project.files[:1], dag=dag_id(count - 1))
    return "a task's start", parses_of(done)[0]["parse"], done


def whole_pass(project: Parsed) -> tuple[str, float, Run]:
    """Measure a pass of the dag-processor in a new process."""
    done = run_probe(project, project.files, "--serialize")
    (parse,) = parses_of(done)
    return "the dag-processor's pass", parse["parse"] + parse["serialize"], done


@contextmanager
def files(folder: Path, count: int) -> Iterator[Once]:
    """Measure a dataset of that many files."""
    grown = folder / ".local" / "s3" / "datasets" / "grown"
    grown.mkdir(parents=True)
    for number in range(count):
        write_table(grown / f"{number:06}.csv", ROWS_OF_A_FILE, COLUMNS_OF_A_FILE, seed=number)
    with ObjectStore(folder) as store:
        env = of_training(**of_store(store))

        def once() -> Measured:
            shutil.rmtree(folder / "dataset", ignore_errors=True)
            done = run(python("-c", DOWNLOAD, folder / "dataset"), env=env)
            yield "download", done.seconds, done
            (only,) = (folder / "dataset",) if count > 1 else (folder / "dataset").iterdir()
            done = train(only, "--card")
            yield "train, with the card", done.seconds, done

        list(once())  # nanio notes what lies in its folder
        yield once


@contextmanager
def columns(folder: Path, count: int) -> Iterator[Once]:
    """Measure a dataset of that many columns."""
    dataset = folder / "wide.csv"
    write_table(dataset, ROWS_OF_WIDE, count)

    def once() -> Measured:
        for name, flags in (("train", ()), ("train, with the card", ("--card",))):
            done = train(dataset, "--estimator", RIDGE, *flags)
            yield name, done.seconds, done

    yield once


@contextmanager
def versions(folder: Path, count: int) -> Iterator[Once]:
    """Measure a pipeline of which that many models are on S3."""
    project = copy_project(folder / "project", {f"{PIPELINE}.yml": CONFIG})
    write_table(folder / "small.csv", 200, 5)
    one = folder / "model"
    train(folder / "small.csv", "--estimator", RIDGE, output=one)
    models = project / ".local" / "s3" / "models" / PIPELINE
    for number in range(count):
        day = date(2026, 1, 1) - timedelta(days=number)
        shutil.copytree(one, models / day.isoformat())
    with ObjectStore(project) as store:
        env = clean_environment(**environment_of(project), AIRFLOW_CONN_AWS_DEFAULT=store.connection)

        def once() -> Measured:
            done = run(python("-m", "refinery", "models", PIPELINE), cwd=project, env=env)
            yield "refinery models", done.seconds, done

        list(once())  # nanio notes what lies in its folder
        yield once


def train(dataset: Path, *flags: str, output: Path | None = None) -> Run:
    """Train as the step does."""
    with scratch_folder(in_memory=True) as folder:
        return run(python(TRAIN, dataset, output or folder, *flags), env=of_training())


def of_training(**more: str) -> dict[str, str]:
    """Return the environment of a process that imports the library and the models."""
    return clean_environment(PYTHONPATH=f"{PROJECT}:{PROJECT / 'include'}", **more)


def of_store(store: ObjectStore) -> dict[str, str]:
    """Return what boto3 needs for the server."""
    return {
        "AWS_ENDPOINT_URL": store.endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }


def write_table(path: Path, rows: int, columns: int, *, seed: int = 0) -> None:
    """Write a CSV, with the libraries that need much memory imported here, as late as possible."""
    from benchmarks import tables

    tables.write_table(path, rows, columns, seed=seed)


PARTS: dict[str, tuple[str, tuple[int, ...], Measure]] = {
    "configs": ("Configs of a project", (100, 1_000, 10_000), configs),
    "files": ("Files of a dataset", (1, 10, 100), files),
    "columns": ("Columns of a dataset", (10, 100, 1_000, 5_000), columns),
    "versions": ("Versions of a model", (10, 100, 1_000, 10_000), versions),
}


def print_costs(seconds: Costs, peaks: Costs) -> None:
    """Print a table, and how each cost grows."""
    sizes = list(next(iter(seconds.values())))
    print_table(
        ("cost", *(f"{size:,}" for size in sizes)),
        [
            *((name, *(figures[size].text() for size in sizes)) for name, figures in seconds.items()),
            *(
                (f"{name}: memory", *(f"{figures[size].median / 1e6:,.0f} MB" for size in sizes))
                for name, figures in peaks.items()
            ),
        ],
    )
    for name, figures in seconds.items():
        print(f"- {name}: {growth_of({size: one.median for size, one in figures.items()})}")
    print(flush=True)


def growth_of(medians: dict[int, float]) -> str:
    """Return in words how a cost grows on top of what the smallest size costs, most of which is the start of a process.

    Args:
        medians: The seconds by size, at least two.
    """
    (smallest, least), *_, (smaller, before), (largest, most) = [
        next(iter(medians.items())),
        *medians.items(),
    ]
    if most < FLAT * least:
        return f"does not grow up to {largest:,}"
    each = (
        f"{(most - before) / (largest - smaller) * 1000:.2f} ms for each more from {smaller:,} to {largest:,}"
    )
    if before < FLAT * least:
        return f"hardly grows up to {smaller:,}; {each}"
    rise = math.log((most - least) / (before - least))
    exponent = rise / math.log((largest - smallest) / (smaller - smallest))
    low, high = LINEAR
    kind = "less than linear" if exponent < low else "linear" if exponent <= high else "more than linear"
    return f"{kind} (exponent {exponent:.2f}), on top of {least:.2f} s for {smallest:,}; {each}"


def draw(file: Path, title: str, unit: str, seconds: Costs, peaks: Costs) -> None:
    """Draw both kinds of costs side by side, with a dashed line as steep as what is linear."""
    from benchmarks.plots import draw_growth

    def medians(costs: Costs, scale: float) -> dict[str, dict[int, float]]:
        return {
            name: {size: one.median * scale for size, one in figures.items()}
            for name, figures in costs.items()
        }

    busy = any(one.busy for one in itertools.chain(*(figures.values() for figures in seconds.values())))
    panels = {"seconds": medians(seconds, 1), "peak memory, MB": medians(peaks, 1e-6)}
    draw_growth(file, f"{title} (busy machine)" if busy else title, unit, panels)


if __name__ == "__main__":
    main()
