"""Training: a dataset's file and a model's name in; model file, metrics and manifest out."""

from include.training.errors import TrainingError
from include.training.model_file import load_model_file
from include.training.prediction import predict_file
from include.training.profile import ColumnProfile, DatasetProfile, profile_dataset
from include.training.source_options import SourceOptions
from include.training.spec import ClassModel, ModuleModel, TrainingSpec
from include.training.training import TrainingResult, train

__all__ = [
    "ClassModel",
    "ColumnProfile",
    "DatasetProfile",
    "ModuleModel",
    "SourceOptions",
    "TrainingError",
    "TrainingResult",
    "TrainingSpec",
    "load_model_file",
    "predict_file",
    "profile_dataset",
    "train",
]
