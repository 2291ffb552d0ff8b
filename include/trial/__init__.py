"""What S3 and a training of our own know of a plan's pipelines: the models at stake, and metrics before and after."""

from include.trial.stakes import find_stakes
from include.trial.trials import Bench, try_changes

__all__ = ["Bench", "find_stakes", "try_changes"]
