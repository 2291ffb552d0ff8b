"""A runner: does a workflow's jobs as GitHub's would; commands run as they stand, actions and expressions are played."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.ci.workflows.repository import REPOSITORY, git

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD = re.compile(r"'(?:[^']|'')*'|\d+|[A-Za-z_][\w-]*(?:\.[\w-]+)*|==|!=|&&|\|\||[!(),]|\s+")
_STATUS_FUNCTIONS = ("always", "cancelled", "failure", "success")


@dataclass(frozen=True)
class Start:
    """What a run gets from GitHub.

    Attributes:
        number: The run's.
        event_name: What starts it.
        event: The event's payload.
        ref: The ref that it is started for.
        sha: The commit that actions/checkout takes by default.
        token: The job's token.
        api_url: Where the API is.
        remote: The repository.
        artifacts: Where all runs' artifacts are kept.
    """

    number: int
    event_name: str
    event: dict[str, Any]
    ref: str
    sha: str
    token: str
    api_url: str
    remote: Path
    artifacts: Path


@dataclass
class Job:
    """A job, and what its steps share.

    Attributes:
        folder: The runner's disk.
        start: What it gets.
        log: What its commands printed.
        outcomes: Each step's outcome, by its name.
        conclusion: As GitHub words it.
    """

    folder: Path
    start: Start
    log: str = ""
    outcomes: dict[str, str] = field(default_factory=dict)
    conclusion: str = "success"
    _steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def summary(self) -> str:
        """What was written on the run's page."""
        return (self.folder / "summary").read_text(encoding="utf-8")

    @property
    def annotations(self) -> list[str]:
        return [
            line for line in self.log.splitlines() if line.startswith(("::error ", "::warning ", "::notice "))
        ]

    def run(self, job: Mapping[str, Any]) -> Job:
        """Do a job of a workflow file."""
        for folder in (self.workspace, self.folder / "temp", self.folder / "bin"):
            folder.mkdir(parents=True)
        (self.folder / "summary").touch()
        (self.folder / "event.json").write_text(json.dumps(self.start.event), encoding="utf-8")
        if "if" in job and not self.evaluate(job["if"]):
            self.conclusion = "skipped"
            return self
        for step in job["steps"]:
            self._step(step, job.get("env", {}))
        return self

    def evaluate(self, expression: str) -> Any:
        """Work out an expression, as far as the workflows use the language."""
        words = _WORD.findall(expression)
        assert "".join(words) == expression, f"not understood: {expression}"
        python = "".join(map(self._word, words)).strip()
        return eval(python, {"fromJSON": json.loads, "contains": lambda rows, one: one in rows})

    def fill(self, text: str) -> str:
        """Put the values of expressions into a text."""
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: str(self.evaluate(found[1])), text)

    def _word(self, word: str) -> str:
        if word.startswith("'"):
            return repr(word[1:-1].replace("''", "'"))
        if not word[0].isalpha():
            return {"&&": " and ", "||": " or ", "!": " not "}.get(word, word)
        if word in _STATUS_FUNCTIONS:
            failed = self.conclusion == "failure"
            now = {"always": True, "cancelled": False, "failure": failed, "success": not failed}
            return f"(lambda: {now[word]})"
        return word if word in {"fromJSON", "contains"} else repr(self._look_up(word))

    def _look_up(self, name: str) -> Any:
        value: Any = {
            "github": {
                "event": self.start.event,
                "event_name": self.start.event_name,
                "ref": self.start.ref,
                "token": self.start.token,
            },
            "runner": {"temp": str(self.folder / "temp")},
            "steps": self._steps,
        }
        for part in name.split("."):
            value = value.get(part, {})
        return "" if value == {} else value  # as for a context that has no such key

    def _step(self, step: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        name = step.get("name") or step["uses"].partition("@")[0]
        condition = step.get("if", "success()").removeprefix("${{").removesuffix("}}").strip()
        if not any(f"{one}()" in condition for one in _STATUS_FUNCTIONS):
            condition = f"success() && ({condition})"
        outcome = "skipped"
        output = self.folder / "output"
        output.write_text("", encoding="utf-8")
        if self.evaluate(condition):
            outcome = "success" if self._do(step, environment) else "failure"
        if outcome == "failure":
            self.conclusion = "failure"
        self.outcomes[name] = outcome
        outputs = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        self._steps[step.get("id", name)] = {"outcome": outcome, "outputs": outputs}

    def _do(self, step: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
        if "uses" in step:
            played = _ACTIONS[step["uses"].partition("@")[0]]
            played(self, {name: self.fill(value) for name, value in step.get("with", {}).items()})
            return True
        own = {name: self.fill(value) for name, value in {**environment, **step.get("env", {})}.items()}
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],  # as for a step that names no shell
            cwd=self.workspace,
            env={**self._variables(), **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        self.log += done.stdout
        return done.returncode == 0

    def _variables(self) -> dict[str, str]:
        """The variables of a runner, and of this machine its programs alone."""
        return {
            "PATH": f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.start.api_url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "RUNNER_TEMP": str(self.folder / "temp"),
        }


def _checkout(job: Job, given: dict[str, str]) -> None:
    assert given.pop("persist-credentials") == "false"
    depth, cone = given.pop("fetch-depth", "1"), given.pop("sparse-checkout", None)
    assert not given
    git(job.workspace, "init", "--quiet")
    if cone:
        git(job.workspace, "sparse-checkout", "set", "--cone", cone)
    remote, sha = job.start.remote.as_uri(), job.start.sha
    history = () if depth == "0" else (f"--depth={depth}",)
    git(job.workspace, "fetch", "--quiet", "--no-tags", *history, remote, sha)
    git(job.workspace, "checkout", "--quiet", "--detach", sha)


def install_python(folder: Path) -> None:
    """Put this environment's Python into a folder of programs; its packages are there, so that pip is only asked."""
    python = folder / "python3"
    script = (
        f'#!/bin/sh\ncase "$*" in "-m pip install"*) echo "$@"; exit;; esac\nexec {sys.executable} "$@"\n'
    )
    python.write_text(script, encoding="utf-8")
    python.chmod(0o755)


def _setup_python(job: Job, given: dict[str, str]) -> None:
    assert (job.workspace / given["cache-dependency-path"]).exists()
    install_python(job.folder / "bin")


def _upload_artifact(job: Job, given: dict[str, str]) -> None:
    assert any(Path(given["path"]).iterdir())
    shutil.copytree(given["path"], job.start.artifacts / str(job.start.number) / given["name"])


def _download_artifact(job: Job, given: dict[str, str]) -> None:
    assert given["github-token"] == job.start.token
    shutil.copytree(job.start.artifacts / given["run-id"] / given["name"], given["path"])


_ACTIONS = {
    "actions/checkout": _checkout,
    "actions/setup-python": _setup_python,
    "actions/upload-artifact": _upload_artifact,
    "actions/download-artifact": _download_artifact,
}
