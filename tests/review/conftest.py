"""Reads the pairs of config trees in cases/: one file each, with both sides and what is said of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from refinery.review.compare import make_plan
from refinery.review.formats import plan_as_text

CASES = Path(__file__).parent / "cases"

PLAN = "--- plan\n"
_SECTION = re.compile(
    r"^--- (?P<side>base|head|both|not raised|environment|plan)(?:: (?P<name>.+))?\n", re.MULTILINE
)
# The modules that cases name when the model is not their subject.
_MODELS = {"include/models/ridge.py": "def build_model(alpha=1.0, solver='auto'):\n    return None\n"}


_WHO = {"NAME": "A", "EMAIL": "a@example.com", "DATE": "2026-01-31T12:00:00Z"}
# Commits must not depend on who makes them, and when.
_GIT = {
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True)
class Case:
    """Two versions of a project, and the plan from one to the other.

    Attributes:
        file: The case.
        title: What it shows.
        base: The text of each file before, by its path.
        head: The same after.
        not_raised: Codes of risks that it comes near to without raising them.
        environment: The environment that it is planned for.
        given: Everything above the plan, as it stands in the file.
        plan: The plan as text.
    """

    file: Path
    title: str
    base: dict[str, str] = field(default_factory=lambda: dict(_MODELS))
    head: dict[str, str] = field(default_factory=lambda: dict(_MODELS))
    not_raised: tuple[str, ...] = ()
    environment: str | None = None
    given: str = ""
    plan: str = ""


def read_case(file: Path) -> Case:
    """Read a case from its file."""
    text = file.read_text(encoding="utf-8")
    title, *parts = _SECTION.split(text)
    found = Case(file, title.strip())
    sides = {"base": (found.base,), "head": (found.head,), "both": (found.base, found.head)}
    words: dict[str, str] = {}
    for side, name, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if side in sides:
            for files in sides[side]:
                files[name] = body.rstrip("\n") + "\n" if body.strip() else ""
        else:
            words[side] = name or body
    return Case(
        file,
        found.title,
        found.base,
        found.head,
        tuple(words.get("not raised", "").split()),
        words.get("environment"),
        text.partition(PLAN)[0],
        words.get("plan", ""),
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the plans in cases/ be written anew."""
    parser.addoption("--update-cases", action="store_true", help="write the plans of tests/review/cases anew")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that asks for a case every one."""
    if "case" in metafunc.fixturenames:
        cases = all_cases()
        metafunc.parametrize("case", cases, ids=[case.file.stem for case in cases])


def all_cases() -> list[Case]:
    """Read every case."""
    return [read_case(file) for file in sorted(CASES.glob("*.txt"))]


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    """Every case."""
    return all_cases()


def run_git(folder: Path, *arguments: str) -> None:
    """Run git as the same person at the same time, whoever tests."""
    subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **_GIT}
    )


@pytest.fixture
def git():
    """Run git in a folder."""
    return run_git


@pytest.fixture
def plan_text(write_files):
    """Plan a case in a git repository: base is committed on main, head lies in the working tree."""

    def plan(case: Case) -> str:
        root = write_files("project", case.base)
        run_git(root, "init", "-q", "-b", "main")
        run_git(root, "add", "-A")
        run_git(root, "commit", "-q", "-m", "base")
        for path in case.base.keys() - case.head.keys():
            (root / path).unlink()
        write_files("project", case.head)
        run_git(root, "add", "-A")
        made = make_plan(root, base="main", head=None, environment=case.environment, day=None)
        return plan_as_text(made, width=100, color=False)

    return plan


@pytest.fixture
def write_files(tmp_path):
    """Write files below a folder of the test's own."""

    def write(folder: str, files: dict[str, str]) -> Path:
        for path, text in files.items():
            file = tmp_path / folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        return tmp_path / folder

    return write


@pytest.fixture
def run_python(project):
    """Run code in a fresh interpreter, and return what it prints."""

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=project, check=True, capture_output=True, text=True
        )
        return done.stdout

    return run
