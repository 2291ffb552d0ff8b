"""What a plan costs: of a project with many pipelines, by the command as people start it.

    .venv/bin/python benchmarks/plan.py [--pipelines 2000] [--rounds 3]

Each edit is made in a copy of the project, in a separate repository. The time is that of the whole command, from start to
exit; what is printed is the median of the rounds in seconds, beside it the processor's own time, which a busy machine does not
change much, and how many pipelines change by the plan's own account.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

CONFIG = """\
description: Pipeline {index} of a team that has many.
schedule: "{minute} {hour} * * *"
source: s3://datasets/team_{team}/measurements_{index}.csv
model:
  module: random_forest
  params: {{n_estimators: {trees}}}
output: s3://models/pipeline_{index}/{{{{ ds }}}}/
target: outcome
"""
DEFAULTS = "owner: data-science\ntags: [training]\nretries: 3\n"
TEAMS = 20


def main() -> None:
    """Print a table of edits and times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipelines", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as folder:
        root = Path(folder)
        lay_out(root, arguments.pipelines)
        print(
            f"{arguments.pipelines} pipelines, seconds a plan (median of {arguments.rounds}), of the clock and the processor:"
        )
        for name, edit in EDITS.items():
            edit(root)
            seconds, processor, changed = measure(root, arguments.rounds)
            print(f"  {name:<26} {seconds:6.2f} {processor:6.2f}   {changed} change")
            git(root, "reset", "--quiet", "--hard")
            git(root, "clean", "-fdq")


def lay_out(root: Path, count: int) -> None:
    """Write a project of that many pipelines, and commit it."""
    for name in ("include", "plugins", "dags"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "constraints.txt", "Dockerfile", ".gitignore"):
        shutil.copy(PROJECT / name, root / name)
    (root / "configs").mkdir()
    (root / "configs/defaults.yml").write_text(DEFAULTS)
    for index in range(count):
        file = root / f"configs/team_{index % TEAMS}/pipeline_{index}.yml"
        file.parent.mkdir(exist_ok=True)
        values = {"minute": index % 60, "hour": index % 24, "trees": 100 + index % 7, "team": index % TEAMS}
        file.write_text(CONFIG.format(index=index, **values))
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "The project")


def nothing(_: Path) -> None:
    """Change nothing."""


def one_config(root: Path) -> None:
    """Change a line of one pipeline."""
    replace(root / "configs/team_1/pipeline_1.yml", "n_estimators: 1", "n_estimators: 2")


def defaults(root: Path) -> None:
    """Change a line that all share."""
    replace(root / "configs/defaults.yml", "retries: 3", "retries: 5")


def module(root: Path) -> None:
    """Change the module that all use."""
    replace(root / "include/models/random_forest.py", '"""', '"""Edited. ')


def every_output(root: Path) -> None:
    """Change the output of each pipeline."""
    for file in (root / "configs").glob("team_*/*.yml"):
        replace(file, "s3://models/", "s3://models-v2/")


def a_team_moves(root: Path) -> None:
    """Rename the folder of one team."""
    (root / "configs/team_1").rename(root / "configs/group_1")


def all_teams_move(root: Path) -> None:
    """Rename the folders of all teams."""
    for folder in sorted((root / "configs").glob("team_*")):
        folder.rename(folder.with_name(folder.name.replace("team", "group")))


EDITS = {
    "nothing": nothing,
    "a line of one config": one_config,
    "a line of defaults.yml": defaults,
    "the module of all": module,
    "the output of each": every_output,
    "a team's folder renamed": a_team_moves,
    "all folders renamed": all_teams_move,
}


def replace(file: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text in a file."""
    file.write_text(file.read_text().replace(old, new, 1))


def measure(root: Path, rounds: int) -> tuple[float, float, int]:
    """Return the median times of a plan by the clock and the processor, and how many pipelines it says change."""
    command = [sys.executable, "-m", "refinery", "plan", "--base", "main", "--format", "json"]
    seconds, processor = [], []
    for _ in range(rounds):
        start, used = time.perf_counter(), used_by_children()
        done = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, "PYTHONPATH": f"{root}:{root / 'include'}"},
            check=True,
            capture_output=True,
        )
        seconds.append(time.perf_counter() - start)
        processor.append(used_by_children() - used)
    return statistics.median(seconds), statistics.median(processor), len(json.loads(done.stdout)["pipelines"])


def used_by_children() -> float:
    """Return the processor's seconds that ended commands have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def git(root: Path, *arguments: str) -> None:
    """Run git in the project, as nobody in particular."""
    identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com")
    subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True)


if __name__ == "__main__":
    main()
