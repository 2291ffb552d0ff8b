"""The config language: YAML text to checked pipelines. Knows nothing of Airflow, S3 or scikit-learn."""

from include.config.errors import ConfigError, UnknownPipelineError
from include.config.explain import ResolvedValue, explain_pipeline
from include.config.keys.pipeline import PipelineConfig
from include.config.page import configuration_page
from include.config.pipeline import Pipeline
from include.config.problems import Problem
from include.config.project import Project, load_pipeline, load_project
from include.config.reports import problems_as_github, problems_as_json, problems_as_sarif, render_problems
from include.config.schema import project_schema

__all__ = [
    "ConfigError",
    "Pipeline",
    "PipelineConfig",
    "Problem",
    "Project",
    "ResolvedValue",
    "UnknownPipelineError",
    "configuration_page",
    "explain_pipeline",
    "load_pipeline",
    "load_project",
    "problems_as_github",
    "problems_as_json",
    "problems_as_sarif",
    "project_schema",
    "render_problems",
]
