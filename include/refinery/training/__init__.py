"""Training: a dataset's file and a model's name in; model file, metrics and manifest out."""

from refinery.spec.gates import GateResult, needs_latest, parse_requirements
from refinery.spec.source_options import SourceOptions
from refinery.spec.training import (
    Candidate,
    CandidatesModel,
    ClassModel,
    ModuleModel,
    ScriptModel,
    Step,
    StepsModel,
    TrainingSpec,
)
from refinery.training.compute import Compute, computing_on, on_cores
from refinery.training.data.contract import propose_contract
from refinery.training.data.profile import ColumnProfile, profile_table
from refinery.training.data.proposal import DatasetProfile, DatasetSample, profile_dataset, read_sample
from refinery.training.data.sample import take_sample
from refinery.training.errors import GateFailedError, TrainingError
from refinery.training.evaluation.decision import decision_problem
from refinery.training.evaluation.latest import LatestModel
from refinery.training.evaluation.metrics import find_metrics
from refinery.training.evaluation.scores import HeldOut
from refinery.training.models.early_stopping import early_stopping_problem, missing_rows_problem
from refinery.training.models.estimator_kinds import declared_task, kind_problem
from refinery.training.models.estimators import check_library_params, make_estimator, make_steps
from refinery.training.models.library_classes import estimators_problem, find_estimator_class, find_step_class
from refinery.training.models.library_params import canonical_params, refused_values
from refinery.training.models.sample_weights import weight_problem
from refinery.training.output.environment import (
    installed_versions,
    other_versions,
    unknown_versions,
    without_standard_modules,
)
from refinery.training.output.model_file import find_model_file, load_model_file
from refinery.training.output.publish import json_ready
from refinery.training.output.result import Trained
from refinery.training.predict import PredictedFile, predict_file, predict_rows
from refinery.training.search import Checkpoint
from refinery.training.train import TrainingResult, train
from refinery.training.trainers.incremental import incremental_problem
from refinery.training.user_code.child_process import run_child
from refinery.training.user_code.model_code import hash_used_files
from refinery.training.user_code.script_environment import child_environment

__all__ = [
    "Candidate",
    "CandidatesModel",
    "Checkpoint",
    "ClassModel",
    "ColumnProfile",
    "Compute",
    "DatasetProfile",
    "DatasetSample",
    "GateFailedError",
    "GateResult",
    "HeldOut",
    "LatestModel",
    "ModuleModel",
    "PredictedFile",
    "ScriptModel",
    "SourceOptions",
    "Step",
    "StepsModel",
    "Trained",
    "TrainingError",
    "TrainingResult",
    "TrainingSpec",
    "canonical_params",
    "check_library_params",
    "child_environment",
    "computing_on",
    "decision_problem",
    "declared_task",
    "early_stopping_problem",
    "estimators_problem",
    "find_estimator_class",
    "find_metrics",
    "find_model_file",
    "find_step_class",
    "hash_used_files",
    "incremental_problem",
    "installed_versions",
    "json_ready",
    "kind_problem",
    "load_model_file",
    "make_estimator",
    "make_steps",
    "missing_rows_problem",
    "needs_latest",
    "on_cores",
    "other_versions",
    "parse_requirements",
    "predict_file",
    "predict_rows",
    "profile_dataset",
    "profile_table",
    "propose_contract",
    "read_sample",
    "refused_values",
    "run_child",
    "take_sample",
    "train",
    "unknown_versions",
    "weight_problem",
    "without_standard_modules",
]
