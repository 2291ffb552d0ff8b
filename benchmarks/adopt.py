"""How long it takes to adopt Refinery, from nothing: a new project to its first card, an Airflow project to its first own model.

Both are done as a user does, by the commands of the README, in an environment of their own; the environment with Airflow in it, and the
wheel, are made before the clock starts. Packages come from pip's cache where it has them, so run it twice and take the second.

    .venv/bin/python -m benchmarks.adopt

About 3 minutes with a warm cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks import PROJECT
from benchmarks.measure import Figures, Watch, arguments, print_machine, scratch_folder

DAG = "from airflow.sdk import DAG\n\nwith DAG('own', schedule=None):\n    pass\n"
ROWS = 500


def main() -> None:
    """Print both times, and how many lines were typed."""
    arguments(__doc__).parse_args()
    print_machine()
    with scratch_folder() as name:
        folder = Path(name)
        wheel = build_wheel(folder)
        for title, steps, made in (
            ("a new project to its first card", new_project, "new/.local/cards/wine-*.html"),
            (
                "an Airflow project to its first own model",
                airflow_project,
                "airflow/.local/s3/models/churn/latest.json",
            ),
        ):
            bin_dir = make_environment(folder / title.replace(" ", "-"))
            lines = steps(folder, wheel)
            seconds = measure(lines, bin_dir)
            if not list(folder.glob(made)):
                sys.exit(f"{title}: nothing is at {made}")
            print(f"{title}: {seconds.median:.0f} s{seconds.mark}, {len(lines)} lines typed\n")


def build_wheel(folder: Path) -> Path:
    """Build this checkout's wheel."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, PROJECT],
        check=True,
    )
    return next(folder.glob("*.whl"))


def make_environment(folder: Path) -> Path:
    """Make an environment with Airflow in it, as the project that is there has one."""
    venv.create(folder, with_pip=True)
    constraints = PROJECT / "constraints.txt"
    run([folder / "bin" / "pip", "install", "--quiet", "apache-airflow", "--constraint", constraints], folder)
    return folder / "bin"


def new_project(folder: Path, wheel: Path) -> list[tuple[Path, list[str]]]:
    """What is typed in an empty folder, each line with where."""
    project = folder / "new"
    return [
        (folder, ["pip", "install", f"{wheel}[local]"]),
        (folder, ["refinery", "init", "new"]),
        (project, ["refinery", "demo"]),
        (project, ["refinery", "card", "wine"]),
    ]


def airflow_project(folder: Path, wheel: Path) -> list[tuple[Path, list[str]]]:
    """What is typed in an Airflow project, beside a CSV of one's own."""
    project = folder / "airflow"
    (project / "dags").mkdir(parents=True)
    (project / "dags" / "own.py").write_text(DAG)
    (folder / "churn.csv").write_text(
        "age,visits,churned\n"
        + "".join(f"{row % 60 + 20},{row * 7 % 13},{int(row * 7 % 13 < 4)}\n" for row in range(ROWS))
    )
    return [
        (project, ["pip", "install", f"{wheel}[local]"]),
        (project, ["refinery", "init"]),
        (project, ["refinery", "new", "churn", "--source", "../churn.csv", "--target", "churned"]),
        (project, ["refinery", "demo", "churn"]),
    ]


def measure(steps: list[tuple[Path, list[str]]], bin_dir: Path) -> Figures:
    """Run the lines one after the other, print the seconds of each, and return those of all."""
    with Watch() as whole:
        for folder, (program, *rest) in steps:
            with Watch() as watch:
                run([bin_dir / program, *rest], folder)
            print(f"  {watch.seconds:6.1f} s  {program} {rest[0]}", flush=True)
    figures = Figures()
    figures.add(whole.seconds, whole.others)
    return figures


def run(command: list[str | Path], folder: Path) -> None:
    """Run one line; what it prints is shown where it fails."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "REFINERY", "AIRFLOW"))
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | {"BROWSER": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{command[0]} {' '.join(map(str, command[1:]))}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
