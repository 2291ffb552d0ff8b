"""What a plan costs: of projects with many pipelines, by the command as people start it.

    .venv/bin/python benchmarks/plan.py [--pipelines 200 1000 10000] [--rounds 5] [--edits "a line of one config" ...]

Each edit is made in a copy of the project, in a separate repository, with two environments and a defaults.yml for each of 20
teams. Every round is a new process, from start to exit; the first, which warms the file cache, does not count. Printed are the
median of the rounds in seconds and their range, the processor's own time, what other processes took of the machine meanwhile, how
many pipelines change by the plan's own account, and the size of its page. A row whose machine was busy is marked: its seconds are
not those of a quiet one.
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
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

CONFIG = """\
description: Pipeline {index} of a team that has many.
schedule: "{minute} {hour} * * *"
source: s3://${{bucket}}/team_{team}/measurements_{index}.csv
model:
  module: random_forest
  params: {{n_estimators: {trees}}}
output: s3://${{models}}/pipeline_{index}/{{{{ ds }}}}/
target: outcome
"""
DEFAULTS = "owner: data-science\ntags: [training]\nretries: 3\n"
DEFAULTS_OF_TEAM = "owner: team-{team}\nrequire:\n  r2: {{min: 0.{team:02}}}\n"
ENVIRONMENT = "vars:\n  bucket: {name}-datasets\n  models: {name}-models\n  pool: {name}_pool\ndefaults:\n  pool: ${{pool}}\n"
ENVIRONMENTS = ("staging", "production")
TEAMS = 20
QUIET = 0.05  # of the machine, taken by others


def main() -> None:
    """Print a table of edits and times for each size of a project."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipelines", type=int, nargs="+", default=[200, 1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--edits", nargs="+", choices=EDITS, default=list(EDITS), metavar="EDIT")
    arguments = parser.parse_args()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; seconds: median of {arguments.rounds} (range)")
    for count in arguments.pipelines:
        with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as folder:
            root = Path(folder)
            lay_out(root, count)
            print(f"\n{count:,} pipelines{'':19} clock (range)        processor  others  change    page")
            measure_plans(root, arguments.edits, arguments.rounds)
            for command in (["validate"], ["list", "--env", ENVIRONMENTS[0]]):
                print_row(f"refinery {command[0]}", measure(root, command, arguments.rounds))


def measure_plans(root: Path, edits: list[str], rounds: int) -> None:
    """Print a row for each edit."""
    for name in edits:
        EDITS[name](root)
        plan = ["plan", "--base", "main", "--format"]
        changed = len({one["dag_id"] for one in json.loads(run(root, [*plan, "json"]))["pipelines"]})
        page = len(run(root, [*plan, "markdown"]))
        print_row(name, measure(root, [*plan, "markdown"], rounds), f"{changed:7,} {page / 1000:4.0f} KB")
        git(root, "reset", "--quiet", "--hard")
        git(root, "clean", "-fdq")


def print_row(name: str, cost: Cost, result: str = "") -> None:
    """Print what one command took."""
    middle, least, most = statistics.median(cost.seconds), min(cost.seconds), max(cost.seconds)
    spread = f"({least:.2f} to {most:.2f})"
    others = f"{cost.others:5.0%}" if cost.others is not None else "    ?"
    mark = "" if cost.others is not None and cost.others <= QUIET else "  busy machine"
    print(
        f"  {name:<28} {middle:7.2f} {spread:<18} {statistics.median(cost.processor):6.2f}  {others} {result}{mark}",
        flush=True,
    )


def lay_out(root: Path, count: int) -> None:
    """Write a project with that many pipelines, and commit it."""
    for name in ("include", "plugins", "dags"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "constraints.txt", "Dockerfile", ".gitignore"):
        shutil.copy(PROJECT / name, root / name)
    (root / "configs/environments").mkdir(parents=True)
    (root / "configs/defaults.yml").write_text(DEFAULTS)
    for name in ENVIRONMENTS:
        (root / f"configs/environments/{name}.yml").write_text(ENVIRONMENT.format(name=name))
    for team in range(TEAMS):
        folder = root / f"configs/team_{team}"
        folder.mkdir()
        (folder / "defaults.yml").write_text(DEFAULTS_OF_TEAM.format(team=team))
    for index in range(count):
        file = root / f"configs/team_{index % TEAMS}/pipeline_{index}.yml"
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


def defaults_of_a_team(root: Path) -> None:
    """Change a line that a team shares."""
    replace(root / "configs/team_1/defaults.yml", "owner: team-1", "owner: team-one")


def variable(root: Path) -> None:
    """Change a variable that all use, in one environment."""
    replace(root / "configs/environments/production.yml", "production-models", "models-of-production")


def module(root: Path) -> None:
    """Change the module that all use."""
    replace(root / "include/models/random_forest.py", "random_state=0", "random_state=1")


def every_output(root: Path) -> None:
    """Change the output of each pipeline."""
    for file in (root / "configs").glob("team_*/*.yml"):
        replace(file, "/{{ ds }}/", "/v2/{{ ds }}/")


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
    "a line of a team's defaults": defaults_of_a_team,
    "a line of defaults.yml": defaults,
    "a variable of production": variable,
    "the module of all": module,
    "the output of each": every_output,
    "a team's folder renamed": a_team_moves,
    "all folders renamed": all_teams_move,
}


def replace(file: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text in a file."""
    file.write_text(file.read_text().replace(old, new, 1))


@dataclass(frozen=True)
class Cost:
    """What the rounds of a command took.

    Attributes:
        seconds: By the clock.
        processor: Of the processor.
        others: The share of all cores that other processes took meanwhile; None where the system does not tell.
    """

    seconds: list[float]
    processor: list[float]
    others: float | None


def measure(root: Path, command: list[str], rounds: int) -> Cost:
    """Run a command several times."""
    run(root, command)
    seconds, processor = [], []
    busy = busy_seconds()
    for _ in range(rounds):
        start, used = time.perf_counter(), used_by_children()
        run(root, command)
        seconds.append(time.perf_counter() - start)
        processor.append(used_by_children() - used)
    busy_now = busy_seconds()
    if busy is None or busy_now is None:
        return Cost(seconds, processor, None)
    others = busy_now - busy - sum(processor)
    return Cost(seconds, processor, max(0.0, others) / sum(seconds) / (os.cpu_count() or 1))


def run(root: Path, command: list[str]) -> bytes:
    """Run a command of Refinery in the project, and return what it prints."""
    return subprocess.run(
        [sys.executable, "-m", "refinery", *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'include'}"},
        check=True,
        capture_output=True,
    ).stdout


def busy_seconds() -> float | None:
    """Return how long all cores together have worked since the machine started."""
    statistic = Path("/proc/stat")
    if not statistic.exists():
        return None
    user, nice, system, _, _, irq, softirq, *_ = map(int, statistic.read_text().split()[1:9])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


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
