"""What can go wrong between a dataset file and a model file.

TrainingError
+-- DatasetError           the file or its rows cannot be trained on
|   +-- UnreadableDatasetError (SourceOptionError), EmptyDatasetError, ColumnNotFoundError, NoFeaturesError
|   +-- ColumnRoleError, NullTargetError, TargetTypeError, OneClassError, TooFewRowsError, UnusableColumnsError
|   +-- SplitError
|   +-- ContractBrokenError    the dataset is not as the config expects it to be
+-- InvalidContractError   what the config expects makes no sense
+-- ModelCodeError         the model module or class is not what is asked for
|   +-- ModelNotFoundError, ModelImportError, ModelInterfaceError, ModelParamsError
|   +-- UserCodeError      the module's own code raised or left the process
+-- ComputeError           the compute engine cannot be used
|   +-- ComputeLostError
+-- FitError, IncrementalFitError, OutOfMemoryError, UnpicklableModelError, NoModelFileError, MetricsError
+-- ScriptNotFoundError
+-- ScriptError            a script in a process of its own did not train a model
|   +-- PlaceholderError, ScriptFailedError, ScriptTimeoutError, ScriptOutputError
+-- MetricError            the config asks for a metric that is none, or none of the model's task
|   +-- UnknownMetricError, MetricTaskError, PositiveClassError
+-- RequirementError, GateFailedError
+-- ModelFormatError, UntrustedModelTypesError
+-- ModelFileError         a saved model cannot be loaded
    +-- ModelFileChangedError, UntrustedModelFileError
"""

from include.training.errors.base import (
    TrainingError,
)
from include.training.errors.code import (
    MetricsError,
    ModelCodeError,
    ModelImportError,
    ModelInterfaceError,
    ModelNotFoundError,
    ModelParamsError,
    NoModelFileError,
    UserCodeError,
)
from include.training.errors.compute import (
    ComputeError,
    ComputeLostError,
)
from include.training.errors.contract import (
    BrokenRule,
    ContractBrokenError,
    InvalidContractError,
)
from include.training.errors.dataset import (
    ColumnNotFoundError,
    ColumnRoleError,
    DatasetError,
    EmptyDatasetError,
    NoFeaturesError,
    NullTargetError,
    OneClassError,
    SourceOptionError,
    TargetTypeError,
    TooFewRowsError,
    UnreadableDatasetError,
    UnusableColumnsError,
)
from include.training.errors.evaluation import (
    GateFailedError,
    MetricError,
    MetricTaskError,
    PositiveClassError,
    RequirementError,
    SplitError,
    UnknownMetricError,
)
from include.training.errors.model import (
    FitError,
    IncrementalFitError,
    ModelFileChangedError,
    ModelFileError,
    OutOfMemoryError,
    UnpicklableModelError,
)
from include.training.errors.model_format import (
    ModelFormatError,
    UntrustedModelFileError,
    UntrustedModelTypesError,
)
from include.training.errors.script import (
    PlaceholderError,
    ScriptError,
    ScriptFailedError,
    ScriptNotFoundError,
    ScriptOutputError,
    ScriptTimeoutError,
)
from include.training.errors.wording import (
    ending,
    listed,
    listed_with,
    suggestion,
)

__all__ = [
    "BrokenRule",
    "ColumnNotFoundError",
    "ColumnRoleError",
    "ComputeError",
    "ComputeLostError",
    "ContractBrokenError",
    "DatasetError",
    "EmptyDatasetError",
    "FitError",
    "GateFailedError",
    "IncrementalFitError",
    "InvalidContractError",
    "MetricError",
    "MetricTaskError",
    "MetricsError",
    "ModelCodeError",
    "ModelFileChangedError",
    "ModelFileError",
    "ModelFormatError",
    "ModelImportError",
    "ModelInterfaceError",
    "ModelNotFoundError",
    "ModelParamsError",
    "NoFeaturesError",
    "NoModelFileError",
    "NullTargetError",
    "OneClassError",
    "OutOfMemoryError",
    "PlaceholderError",
    "PositiveClassError",
    "RequirementError",
    "ScriptError",
    "ScriptFailedError",
    "ScriptNotFoundError",
    "ScriptOutputError",
    "ScriptTimeoutError",
    "SourceOptionError",
    "SplitError",
    "TargetTypeError",
    "TooFewRowsError",
    "TrainingError",
    "UnknownMetricError",
    "UnpicklableModelError",
    "UnreadableDatasetError",
    "UntrustedModelFileError",
    "UntrustedModelTypesError",
    "UnusableColumnsError",
    "UserCodeError",
    "ending",
    "listed",
    "listed_with",
    "suggestion",
]
