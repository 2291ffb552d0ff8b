"""Reads the tables of configs in cases/, and lays a case's files out as a project."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from refinery.config import Pipeline, Project, explain_pipeline, load_project

CASES = Path(__file__).parent / "cases"

_CASE = re.compile(r"^#{8} (?P<schema>\[schema\] )?(?P<name>.+)\n", re.MULTILINE)
_FILE = re.compile(r"^==> (?P<path>.+)\n", re.MULTILINE)
_PROBLEMS = "problems"
_PIPELINES = "pipelines"
_ENVIRONMENT = "environment"
# The module that cases name when the model is not their subject.
_RIDGE = "def build_model(alpha=1.0, solver='auto'):\n    return None\n"


@dataclass(frozen=True)
class Case:
    """A project in a few files, and what is to be said of it.

    Attributes:
        name: What it shows.
        for_schema: Whether the JSON Schema alone must refuse it.
        files: The text of each file by its path.
        environment: The environment it is loaded under.
        problems: The whole report; empty for a good case.
        pipelines: What a good case makes, as described below.
    """

    name: str
    for_schema: bool
    files: dict[str, str]
    environment: str
    problems: str
    pipelines: str

    def lay_out(self, root: Path) -> None:
        """Write the files below a folder."""
        for path, text in {"include/models/ridge.py": _RIDGE, **self.files}.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")

    def load(self, root: Path) -> Project:
        """Write the files and load them."""
        self.lay_out(root)
        return load_project(
            root / "configs", models_dir=root / "include/models", environment=self.environment
        )


def read_cases(kind: str) -> list[Case]:
    """Read all tables of a folder of cases/."""
    return [case for table in sorted((CASES / kind).glob("*.txt")) for case in _read_table(table)]


def describe(project: Project) -> str:
    """Write each pipeline with its tags and with every value that is not a default and where it came from."""
    return "\n".join(line for pipeline in project.pipelines for line in _describe(pipeline))


def _describe(pipeline: Pipeline) -> list[str]:
    given = [value for value in explain_pipeline(pipeline) if value.origin != "default"]
    return [pipeline.dag_id, *(f"  {one.key}: {json.dumps(one.value)} <- {one.origin}" for one in given)]


def _read_table(table: Path) -> list[Case]:
    parts = _CASE.split(table.read_text(encoding="utf-8"))[1:]
    return [
        _read_case(f"{table.stem}: {name}", text, for_schema=bool(mark))
        for mark, name, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]


def _read_case(name: str, text: str, *, for_schema: bool) -> Case:
    parts = _FILE.split(text)[1:]
    files = {path: body.rstrip("\n") + "\n" for path, body in zip(parts[::2], parts[1::2], strict=True)}
    problems = files.pop(_PROBLEMS, "").rstrip("\n")
    pipelines = files.pop(_PIPELINES, "").rstrip("\n")
    environment = files.pop(_ENVIRONMENT, "local").strip()
    return Case(name, for_schema, files, environment, problems, pipelines)


@pytest.fixture
def write(tmp_path):
    """Write a file below the test's folder."""

    def write_file(path: str, text: str) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
        return file

    return write_file


@pytest.fixture(name="describe")
def fixture_describe():
    """Describe a project as the tables do."""
    return describe


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that asks for a case every one of its kind."""
    for name, kind in (("bad_case", "bad"), ("good_case", "good"), ("schema_case", "bad")):
        if name in metafunc.fixturenames:
            cases = [case for case in read_cases(kind) if name != "schema_case" or case.for_schema]
            metafunc.parametrize(name, cases, ids=[case.name for case in cases])
