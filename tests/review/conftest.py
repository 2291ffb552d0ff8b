"""Reads the pairs of config trees in cases/: one file each, with both sides and what is said of them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"

_SECTION = re.compile(
    r"^--- (?P<side>base|head|both|not raised|options|plan)(?:: (?P<name>.+))?\n", re.MULTILINE
)
# The modules that cases name when the model is not their subject.
_MODELS = {"include/models/ridge.py": "def build_model(alpha=1.0, solver='auto'):\n    return None\n"}


@dataclass(frozen=True)
class Case:
    """Two versions of a project, and the plan from one to the other.

    Attributes:
        file: The case.
        title: What it shows.
        base: The text of each file before, by its path.
        head: The same after.
        not_raised: Codes of risks that it comes near to without raising them.
        options: What the command is given.
        text: Everything above the plan.
        plan: The plan as text.
    """

    file: Path
    title: str
    base: dict[str, str] = field(default_factory=lambda: dict(_MODELS))
    head: dict[str, str] = field(default_factory=lambda: dict(_MODELS))
    not_raised: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    text: str = ""
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
        tuple(words.get("options", "").split()),
        text.partition("--- plan\n")[0],
        words.get("plan", ""),
    )


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    """Every case."""
    return [read_case(file) for file in sorted(CASES.glob("*.txt"))]


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
