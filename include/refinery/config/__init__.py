"""The config language: from YAML text to checked pipelines, without Airflow, S3 or scikit-learn.

Other packages import from here, from `models` (the keys), from `run_times` (when a pipeline runs) and from `secret_detectors`.
"""

from refinery.config.checks.model_modules import CheckClasses
from refinery.config.checks.outputs import SHARED_OUTPUT, latest_of, normalise_output, report_newcomer
from refinery.config.checks.values import RUN_MACROS, explain_unstorable, find_macros
from refinery.config.environments import find_environments, merge_problems
from refinery.config.errors import ConfigError, UnknownPipelineError
from refinery.config.explain import ResolvedValue, explain_pipeline, resolved_values
from refinery.config.files import TWIN_FILES, newcomer_problem
from refinery.config.folder import MemoryFolder
from refinery.config.models import PipelineConfig
from refinery.config.page import configuration_page
from refinery.config.pipeline import Pipeline
from refinery.config.problems import Problem, sort_problems
from refinery.config.project import EnvironmentNeededError, Project, load_pipeline, load_project
from refinery.config.readings import Readings
from refinery.config.reports import Level, annotation, problems_as_github, problems_as_json, render_problems
from refinery.config.resolve.environment import LOCAL
from refinery.config.run_params import (
    as_jinja,
    as_typed_jinja,
    fill_params,
    fill_typed_params,
    param_values,
    params_in,
    series_output,
)
from refinery.config.schema import project_schema
from refinery.config.yaml.comments import find_comments
from refinery.config.yaml.node import Node
from refinery.config.yaml.secrets import blank_secrets, find_secrets
from refinery.spec.names import (
    DEFAULTS,
    ENVIRONMENTS,
    SUFFIXES,
    check_name,
    join_dag_id,
    split_dag_id,
)

__all__ = [
    "DEFAULTS",
    "ENVIRONMENTS",
    "LOCAL",
    "RUN_MACROS",
    "SHARED_OUTPUT",
    "SUFFIXES",
    "TWIN_FILES",
    "CheckClasses",
    "ConfigError",
    "EnvironmentNeededError",
    "Level",
    "MemoryFolder",
    "Node",
    "Pipeline",
    "PipelineConfig",
    "Problem",
    "Project",
    "Readings",
    "ResolvedValue",
    "UnknownPipelineError",
    "annotation",
    "as_jinja",
    "as_typed_jinja",
    "blank_secrets",
    "check_name",
    "configuration_page",
    "explain_pipeline",
    "explain_unstorable",
    "fill_params",
    "fill_typed_params",
    "find_comments",
    "find_environments",
    "find_macros",
    "find_secrets",
    "join_dag_id",
    "latest_of",
    "load_pipeline",
    "load_project",
    "merge_problems",
    "newcomer_problem",
    "normalise_output",
    "param_values",
    "params_in",
    "problems_as_github",
    "problems_as_json",
    "project_schema",
    "render_problems",
    "report_newcomer",
    "resolved_values",
    "series_output",
    "sort_problems",
    "split_dag_id",
]
