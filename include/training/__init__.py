"""Training: a dataset's file and a model's name in; model file, metrics and manifest out."""

from include.training.compute import Compute, computing_on, on_cores
from include.training.errors import GateFailedError, TrainingError
from include.training.evaluation import HeldOut
from include.training.gates import GateResult
from include.training.latest import LatestModel
from include.training.model_code import hash_used_files
from include.training.model_file import load_model_file
from include.training.outcome import Trained
from include.training.prediction import predict_file
from include.training.profile import (
    ColumnProfile,
    DatasetProfile,
    DatasetSample,
    profile_dataset,
    read_sample,
)
from include.training.requirements import needs_latest, parse_requirements
from include.training.sample import take_sample
from include.training.settings import read_settings
from include.training.source_options import SourceOptions
from include.training.spec import ClassModel, ModuleModel, ScriptModel, TrainingSpec
from include.training.training import TrainingResult, train

__all__ = [
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
    "ScriptModel",
    "SourceOptions",
    "Trained",
    "TrainingError",
    "TrainingResult",
    "TrainingSpec",
    "computing_on",
    "hash_used_files",
    "load_model_file",
    "needs_latest",
    "on_cores",
    "parse_requirements",
    "predict_file",
    "profile_dataset",
    "read_sample",
    "read_settings",
    "take_sample",
    "train",
]
