"""docs/deploy.md names settings that Airflow has, and shows configs that load."""

from __future__ import annotations

import re

import pytest
import yaml

from refinery.config import load_project

_SETTING = re.compile(r"AIRFLOW__([A-Z_]+?)__([A-Z_]+)")
_YAML = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def page(project):
    return (project / "docs" / "deploy.md").read_text()


@pytest.fixture(scope="module")
def settings():
    """Airflow's settings and its providers', by section."""
    from airflow.configuration import conf

    described = conf.configuration_description
    return {section: set(described[section]["options"]) for section in described}


def test_every_setting_is_one_of_airflows(page, settings):
    named = {(section.lower(), key.lower()) for section, key in _SETTING.findall(page)}
    unknown = {(section, key) for section, key in named if key not in settings.get(section, ())}
    assert unknown == {("dag_factory", "enable_telemetry")}, "dag-factory describes none of its settings"


def test_the_charts_values_name_executors_and_settings_that_airflow_has(page, settings):
    from airflow.executors.executor_loader import ExecutorLoader

    values = [yaml.safe_load(text) for path, text in _YAML.findall(page) if path == "values.yaml"]
    assert len(values) == page.count("# values.yaml")
    for value in values:
        assert value.get("executor", "CeleryExecutor") in ExecutorLoader.executors
        for section, options in value.get("config", {}).items():
            assert set(options) <= settings[section]


def test_its_configs_load_with_its_environment(page, tmp_path):
    for path, text in _YAML.findall(page):
        if path.startswith("configs/"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)

    project = load_project(tmp_path / "configs", models_dir=tmp_path, environment="prod")

    assert project.problems == ()
    (pipeline,) = project.pipelines
    assert pipeline.config.workspace.url == "s3://staging/refinery/"
    assert pipeline.config.pool == "training"
