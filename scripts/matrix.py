"""Run Refinery on each Airflow and Python that it says it supports, as a user would: a wheel, a new project, its pipeline.

Each cell is a fresh environment outside the checkout. Airflow's own dependencies are those that were newest when that Airflow was
released, as in the constraints that it publishes; all else is the newest that fits, and in the last cell the oldest that
pyproject.toml allows. In each, `refinery init` makes a project, `refinery demo` runs its pipeline, and then a dag-processor, a
scheduler and an API server run it for the next day and show both models on Refinery's pages.

    make matrix                     all cells; needs uv, and the Pythons where uv finds them (with pyenv: set PYENV_VERSION to all three)
    scripts/matrix.py 3.1 3.4       the cells of these Airflows
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
DATE, NEXT_DATE = "2026-01-31", "2026-02-01"
# The packages that exist by the day after the release of each Airflow.
RELEASES = {
    "3.1.8": "2026-03-13",
    "3.2.2": "2026-05-31",
    "3.3.2": "2026-09-19",
    "3.4.0b2": "2026-10-22",
}
LOWEST = "3.1.8"


@dataclass(frozen=True)
class Cell:
    """One environment to run in."""

    airflow: str
    python: str
    resolution: str = "highest"

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"Airflow {self.airflow}, Python {self.python}" + (
            "" if self.resolution == "highest" else ", lower bounds"
        )

    @property
    def requirements(self) -> list[str]:
        """Airflow, and of a pre-release each of its parts: a package's pre-release is installed only where it is named."""
        exact = [f"apache-airflow=={self.airflow}"]
        if "b" in self.airflow:
            minor = self.airflow.split(".")[1]
            exact += [f"apache-airflow-core=={self.airflow}", f"apache-airflow-task-sdk>=1.{minor}.0b1"]
        return exact


def main(wanted: list[str]) -> int:
    """Run the cells, print what came of each, and return how many failed."""
    cells = [Cell(airflow, python) for airflow in RELEASES for python in PYTHONS]
    cells.append(Cell(LOWEST, PYTHONS[0], "lowest-direct"))
    if wanted:
        cells = [cell for cell in cells if cell.airflow.startswith(tuple(wanted))]
    if shutil.which("uv") is None:
        sys.exit("uv is not installed. Run: pip install uv")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="refinery-matrix-") as name:
        folder = Path(name)
        wheel = build_wheel(folder)
        for cell in cells:
            begun = time.monotonic()
            environment = folder / "environment"
            problem = make_environment(environment, cell, wheel) or use(environment, folder / "project")
            failed += bool(problem)
            print(
                f"{cell.name}: {'failed' if problem else 'ok'}, {time.monotonic() - begun:.0f} s", flush=True
            )
            if problem:
                print(problem)
            for made in (environment, folder / "project"):
                shutil.rmtree(made, ignore_errors=True)
    return failed


def build_wheel(folder: Path) -> Path:
    """Build this checkout's wheel."""
    problem = run(["uv", "build", "--quiet", "--wheel", "--out-dir", folder, CHECKOUT], folder)
    if problem:
        sys.exit(problem)
    return next(folder.glob("*.whl"))


def make_environment(folder: Path, cell: Cell, wheel: Path) -> str:
    """Make a cell's environment, and return what went wrong."""
    uv = ["uv", "pip"]
    at = ["--quiet", "--python", folder / "bin" / "python"]
    constraints = folder / "constraints.txt"
    then = ["--exclude-newer", RELEASES[cell.airflow], "--output-file", constraints, "-"]
    chosen = ["--resolution", cell.resolution, "--constraint", constraints]
    problem = run(["uv", "venv", "--quiet", "--python", cell.python, folder], folder.parent) or run(
        [*uv, "compile", *at, *then], folder, stdin="\n".join([*cell.requirements, "botocore"])
    )
    if problem:
        return problem
    if cell.resolution != "highest":
        leave_out_own(constraints)
    # Also from pyproject.toml, since uv takes the lowest versions of none but those dependencies that it is given itself.
    own = ["--requirements", CHECKOUT / "pyproject.toml", "--extra", "local"]
    return run([*uv, "install", *at, *chosen, *own, wheel, *cell.requirements], folder)


def leave_out_own(constraints: Path) -> None:
    """Leave Refinery's own dependencies out of Airflow's constraints: their lower bounds are pyproject.toml's."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    own = {re.split("[<>=!~[]", one)[0] for one in project["dependencies"]}
    lines = constraints.read_text().splitlines(keepends=True)
    constraints.write_text("".join(line for line in lines if line.partition("==")[0] not in own))


def use(environment: Path, project: Path) -> str:
    """Make a project and run its pipeline, and return what went wrong."""
    refinery = environment / "bin" / "refinery"
    return (
        run([refinery, "init", project], environment)
        or run([refinery, "demo", "wine", "--date", DATE], project)
        or run([environment / "bin" / "python", Path(__file__).resolve(), "--stack"], project)
    )


def run_stack() -> None:
    """Run the pipeline of the project in this folder with all of Airflow, and open its pages; the cell's own Python does this."""
    import socket

    from refinery.local.rest_api import RestApi
    from refinery.local.stack import running_stack

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running_stack(Path.cwd(), home=Path.cwd() / ".local" / "airflow", port=port) as stack:
        api = RestApi(stack.url)
        api.unpause("wine", timeout=300)
        ended = api.wait("wine", api.trigger("wine", logical_date=f"{NEXT_DATE}T00:00:00Z"))
        errors = api.call("GET", "importErrors")["import_errors"]
        if ended["state"] != "success" or errors:
            sys.exit(f"{ended}\n{errors}")
        [plugin] = [each for each in api.call("GET", "plugins")["plugins"] if each["name"] == "refinery"]
        views = {view["destination"]: view["href"] for view in plugin["external_views"]}
        open_pages(stack.url, views, ended["dag_run_id"])


def open_pages(airflow: str, views: dict[str, str], run_id: str) -> None:
    """Open each page that Airflow lists, and those they lead to; go back to the model before, and promote the new one again."""
    import requests

    from refinery.web.rendering import number

    manifest = json.loads((Path(".local/s3/models/wine") / NEXT_DATE / "manifest.json").read_text())
    metric, value = next(iter(manifest["metrics"].items()))
    web = requests.Session()
    web.get(f"{airflow}/auth/token/login", timeout=60)  # sets the cookie, as in a browser

    def check(answer: requests.Response, *expected: str) -> str:
        if not answer.ok or any(text not in answer.text for text in expected):
            sys.exit(f"{answer.url}: {answer.status_code}, expected {expected}\n{answer.text}")
        return answer.text

    def get(path: str, *expected: str) -> str:
        for _ in range(60):  # as the script of the pages does while something is still read from S3
            answer = web.get(f"{airflow}/{path}", timeout=60)
            if "data-pending" not in answer.text:
                break
            time.sleep(1)
        return check(answer, *expected)

    for destination in ("nav", "dag", "dag_run", "task_instance"):
        path = views[destination].format(DAG_ID="wine", RUN_ID=run_id, TASK_ID="upload_model")
        page = get(path, "wine", metric, number(value), *(["Model uploaded"] if "run" in destination else []))
    for path in set(re.findall(r'(?:href|src)="/(refinery/static/[^"]+)"', page)):
        get(path)
    dag = "refinery/dags/wine"
    get(f"{dag}/card?v={NEXT_DATE}/", "<!DOCTYPE html>", metric)
    get(f"{dag}/compare?v={NEXT_DATE}/&v={DATE}/", f"{DATE} and {NEXT_DATE}", metric)
    for action, version in (("rollback", DATE), ("promote", NEXT_DATE)):
        [proof, *_] = re.findall(r'name="proof" value="([^"]+)"', get(dag))
        form = {"version": version, "reason": f"the matrix tries {action}", "proof": proof}
        sent = web.post(f"{airflow}/{dag}/{action}", form, headers={"Origin": airflow}, timeout=60)
        check(sent, f"{version}/ is now the latest model", form["reason"])


def run(command: list[str | Path], folder: Path, stdin: str | None = None) -> str:
    """Run a command as outside the checkout, and return what it prints where it fails."""
    others = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("PYTHON", "AIRFLOW", "REFINERY"))
    }
    done = subprocess.run(
        command, cwd=folder, env=others, input=stdin, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--stack"]:
        run_stack()
    else:
        sys.exit(bool(main(sys.argv[1:])))
