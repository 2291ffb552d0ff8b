"""Fails when Airflow cannot import a file in dags/; `astro dev parse` and `astro deploy` run it in the image."""

# ruff: noqa: INP001 - the Astro CLI looks for the file in this folder

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.models import DagBag

PROJECT = Path(__file__).resolve().parents[1]
EXCEPTIONS = PROJECT / ".astro" / "dag_integrity_exceptions.txt"


def test_every_dag_file_imports() -> None:
    """Every import error is shown, but for the files that are excepted by name."""
    found = DagBag(PROJECT / "dags").import_errors
    errors = {Path(path).relative_to(PROJECT).as_posix(): error for path, error in found.items()}
    excepted = set(EXCEPTIONS.read_text().splitlines())
    report = [f"{path}:\n{error}" for path, error in sorted(errors.items()) if path not in excepted]
    if report:
        pytest.fail("\n\n".join(report), pytrace=False)
