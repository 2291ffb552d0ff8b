"""The keys of a config: strict models, from which the schema, the reference page and the checks are made."""

from refinery.config.models.evaluate import EvaluateConfig
from refinery.config.models.expect import ColumnExpectation, ExpectConfig
from refinery.config.models.infrastructure import StepName
from refinery.config.models.notify import NotifyConfig
from refinery.config.models.pipeline import PipelineConfig
from refinery.config.models.require import Requirement
from refinery.config.models.schedule import AssetSchedule, EverySchedule, Schedule
from refinery.config.models.search import SearchConfig
from refinery.config.models.source import SourceConfig, infer_format

__all__ = [
    "AssetSchedule",
    "ColumnExpectation",
    "EvaluateConfig",
    "EverySchedule",
    "ExpectConfig",
    "NotifyConfig",
    "PipelineConfig",
    "Requirement",
    "Schedule",
    "SearchConfig",
    "SourceConfig",
    "StepName",
    "infer_format",
]
