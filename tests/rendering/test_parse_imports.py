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
    "xgboost",
    "lightgbm",
    "catboost",
    "imblearn",
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


def test_reading_configs_with_library_classes_imports_none_of_the_libraries(tmp_path):
    model = (
        "{steps: [{class: imblearn.over_sampling.SMOTE}, {class: xgboost.XGBClassifier, params: {eta: 0.1}}]}"
    )
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "churn.yml").write_text(
        f"source: s3://data/x.csv\nmodel: {model}\noutput: s3://models/{{{{ ds }}}}/\n"
    )
    code = (
        "import json, sys; from pathlib import Path; from refinery.config import load_project\n"
        "read = load_project(Path(sys.argv[1]), models_dir=Path(sys.argv[1]))\n"
        "print(json.dumps([len(read.pipelines), sorted(sys.modules)]))"
    )
    command = [sys.executable, "-c", code, str(configs)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    pipelines, modules = json.loads(output)
    assert pipelines == 1
    assert HEAVY.intersection(modules) == set()


def test_parsing_imports_nothing_heavy(project):
    command = [sys.executable, "-c", PARSE, str(project / "dags" / "load_pipelines.py")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    parsed = json.loads(output.splitlines()[-1])
    assert "petrol_consumption" in parsed["dags"]
    assert HEAVY.intersection(parsed["modules"]) == set()
    assert not any(name.startswith("include.models.") for name in parsed["modules"]), (
        "no user code is imported"
    )
