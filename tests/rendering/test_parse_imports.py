"""What parsing the DAG file brings into the process."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "pandas",
    "sklearn",
    "numpy",
    "scipy",
    "boto3",
    "botocore",
    "pyarrow",
    "matplotlib",
    "refinery.training",
    "refinery.registry",
}

PARSE = """
import json, runpy, sys
namespace = runpy.run_path(sys.argv[1])
from airflow.sdk import DAG
dags = [value.dag_id for value in namespace.values() if isinstance(value, DAG)]
print(json.dumps({"dags": dags, "modules": sorted(sys.modules)}))
"""


def test_parsing_imports_nothing_heavy(project):
    command = [sys.executable, "-c", PARSE, str(project / "dags" / "load_pipelines.py")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    parsed = json.loads(output.splitlines()[-1])
    assert "petrol_consumption" in parsed["dags"]
    assert HEAVY.intersection(parsed["modules"]) == set()
    assert not any(name.startswith("include.models.") for name in parsed["modules"]), (
        "no user code is imported"
    )
