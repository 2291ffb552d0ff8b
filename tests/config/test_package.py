"""What the package offers, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import refinery.config

_ROOT = Path(__file__).parents[2]
_HEAVY = (
    "airflow",
    "pandas",
    "numpy",
    "sklearn",
    "boto3",
    "botocore",
    "pyarrow",
    "requests",
    "croniter",
    "jinja2",
)


def test_each_public_name_is_there_once():
    names = refinery.config.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(refinery.config, name) for name in names)


def test_loading_the_project_imports_nothing_heavy():
    program = (
        "import sys; from pathlib import Path; from refinery.config import load_project\n"
        f"load_project(Path({str(_ROOT / 'configs')!r}), models_dir=Path({str(_ROOT / 'include/models')!r}))\n"
        f"print(*[name for name in {_HEAVY} if name in sys.modules and name != 'croniter'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []


def test_the_projects_own_configs_have_no_problem():
    project = refinery.config.load_project(_ROOT / "configs", models_dir=_ROOT / "include/models")
    assert project.problems == ()
    assert [pipeline.dag_id for pipeline in project.pipelines] == [
        "diabetes_progression",
        "petrol_consumption",
        "wine_cultivar",
    ]
