"""The schema and the reference page say what the checks do, and the committed ones are fresh."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from refinery.config import (
    PipelineConfig,
    configuration_page,
    load_project,
    project_schema,
    render_problems,
)
from refinery.config.schema import json_schema
from refinery.config.yaml.reader import read_yaml
from refinery.config.yaml.source_file import SourceFile

_ROOT = Path(__file__).parents[2]


def _as_json(text: str) -> object:
    """Read a config as an editor does: days are texts."""
    tree = read_yaml(SourceFile("p.yml", text), [])
    return json.loads(json.dumps(tree.to_plain() if tree else None, default=dt.date.isoformat))


def _configs(case) -> dict[str, str]:
    return {
        path: text
        for path, text in case.files.items()
        if path.startswith("configs/") and "defaults" not in path and "environments" not in path
    }


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """The schema of a config, whatever project it is in."""
    return Draft202012Validator(json_schema())


def test_the_committed_schema_is_fresh():
    committed = (_ROOT / "configs/schema.json").read_text()
    assert committed == json.dumps(project_schema(_ROOT / "configs"), indent=2) + "\n", "run refinery schema"


def test_the_committed_page_is_fresh():
    assert (_ROOT / "docs/configuration.md").read_text() == configuration_page(), "run refinery schema"


def test_the_schema_is_valid():
    Draft202012Validator.check_schema(json_schema())


def test_the_schema_accepts_every_good_config(good_case, tmp_path):
    good_case.lay_out(tmp_path)
    schema = Draft202012Validator(project_schema(tmp_path / "configs"))
    for text in _configs(good_case).values():
        assert [error.message for error in schema.iter_errors(_as_json(text))] == []


def test_the_schema_refuses_every_bad_config_that_it_can_judge(schema, schema_case):
    assert not schema.is_valid(_as_json(schema_case.files["configs/p.yml"]))


def test_another_validator_accepts_the_projects_configs():
    configs = [str(file) for file in (_ROOT / "configs").glob("*.yml") if file.stem != "defaults"]
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(_ROOT / "configs/schema.json")]
    checked = subprocess.run([*command, *configs], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_key_is_described_with_an_example():
    undescribed = [name for name, field in PipelineConfig.model_fields.items() if not field.description]
    without_example = {name for name, field in PipelineConfig.model_fields.items() if not field.examples}
    assert undescribed == []
    assert without_example == {"evaluate", "notify"}  # groups, whose own keys have them


def test_every_example_of_a_key_is_valid(schema):
    required = {"source": "s3://data/x.csv", "model": "ridge", "output": "s3://models/p/{{ ds }}/"}
    for name, field in PipelineConfig.model_fields.items():
        for example in field.examples or ():
            assert schema.is_valid({**required, name: example}), (name, example)


def test_every_config_on_the_page_is_valid(write, tmp_path):
    write("include/models/churn_legacy.py", "pass\n")
    for name in ("wine_classifier", "ridge", "random_forest"):
        write(f"include/models/{name}.py", "def build_model(): ...\n")
    blocks = re.findall(r"```yaml\n(.*?)```", configuration_page(), re.DOTALL)
    configs = [block for block in blocks if "output: " in block]
    for number, config in enumerate(configs):
        write(f"configs/p{number}.yml", config)
    project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
    assert render_problems(project.problems) == ""
    assert len(configs) == 6


def test_the_page_names_every_key():
    page = configuration_page()
    for name in (*PipelineConfig.model_fields, "separator", "every", "assets", "slack", "exclude", "vars"):
        assert f"| `{name}` |" in page
