"""Choose a model, with its params, by trying candidates on folds of the training rows."""

from refinery.training.search.judgement import Searched, judge
from refinery.training.search.search import search_model
from refinery.training.search.trial_log import Checkpoint

__all__ = ["Checkpoint", "Searched", "judge", "search_model"]
