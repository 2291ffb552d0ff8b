"""What a plan costs: of projects with many pipelines, by the command as people start it.

    .venv/bin/python -m benchmarks.plan [--pipelines 200 1000 10000] [--rounds 5] [--edits "a line of one config" ...]

About 40 minutes, most of them for edits of 10,000 pipelines; `--pipelines 200` takes two. Each edit is made in a copy of the project, in a separate repository, with two environments and a defaults.yml for each of 20
teams. Every round is a new process, from start to exit; the first, which warms the file cache, does not count. Printed are the
seconds by the clock and of the processor, how many pipelines change by the plan's own account, and the size of its page.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from benchmarks import PROJECT
from benchmarks.measure import (
    Figures,
    Run,
    arguments,
    clean_environment,
    print_machine,
    print_table,
    python,
    run,
    scratch_folder,
)
from benchmarks.project import copy_project, environment_of

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


def main() -> None:
    """Print a table of edits and times for each size of a project."""
    parser = arguments(__doc__)
    parser.add_argument("--pipelines", type=int, nargs="+", default=[200, 1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--edits", nargs="+", choices=EDITS, default=list(EDITS), metavar="EDIT")
    options = parser.parse_args()
    print_machine(options.rounds)
    for count in options.pipelines:
        with scratch_folder() as folder:
            root = Path(folder)
            lay_out(root, count)
            rows = [measure_plan(root, name, options.rounds) for name in options.edits]
            rows += [
                (f"refinery {command[0]}", *measure(root, command, options.rounds), "", "")
                for command in (["validate"], ["list", "--env", ENVIRONMENTS[0]])
            ]
        print(f"{count:,} pipelines")
        print_table(("edit", "clock", "processor", "pipelines that change", "page"), rows)


def measure_plan(root: Path, name: str, rounds: int) -> tuple[str, ...]:
    """Make an edit, measure its plan, take the edit back, and return the row of a table."""
    EDITS[name](root)
    plan = ["plan", "--base", "main", "--format"]
    changed = len({one["dag_id"] for one in json.loads(refinery(root, [*plan, "json"]).output)["pipelines"]})
    page = len(refinery(root, [*plan, "markdown"]).output.encode())
    costs = measure(root, [*plan, "markdown"], rounds)
    git(root, "reset", "--quiet", "--hard")
    git(root, "clean", "-fdq")
    return (name, *costs, f"{changed:,}", f"{page / 1000:.1f} KB")


def measure(root: Path, command: list[str], rounds: int) -> tuple[str, str]:
    """Run a command several times, and return its seconds by the clock and of the processor."""
    refinery(root, command)
    clock, processor = Figures(), Figures()
    for _ in range(rounds):
        done = refinery(root, command)
        clock.add(done.seconds, done.others)
        processor.add(done.processor, done.others)
    return clock.text(), f"{processor.median:.2f} s{processor.mark}"


def refinery(root: Path, command: list[str]) -> Run:
    """Run a command of Refinery in the project."""
    return run(python("-m", "refinery", *command), cwd=root, env=clean_environment(**environment_of(root)))


def lay_out(root: Path, count: int) -> None:
    """Write a project with that many pipelines, and commit it."""
    configs = {"defaults.yml": DEFAULTS}
    configs |= {f"environments/{name}.yml": ENVIRONMENT.format(name=name) for name in ENVIRONMENTS}
    configs |= {f"team_{team}/defaults.yml": DEFAULTS_OF_TEAM.format(team=team) for team in range(TEAMS)}
    for index in range(count):
        values = {"minute": index % 60, "hour": index % 24, "trees": 100 + index % 7, "team": index % TEAMS}
        configs[f"team_{index % TEAMS}/pipeline_{index}.yml"] = CONFIG.format(index=index, **values)
    copy_project(root, configs)
    for name in ("requirements.txt", "constraints.txt", "Dockerfile", ".gitignore"):
        shutil.copy(PROJECT / name, root / name)
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


def git(root: Path, *arguments: str) -> None:
    """Run git in the project, as nobody in particular."""
    identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com")
    subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True)


if __name__ == "__main__":
    main()
