"""Trains on a dataset larger than memory: batch by batch, through `partial_fit`."""

from include.training.incremental.estimators import incremental_problem
from include.training.incremental.training import reads_itself_error, train_incrementally

__all__ = ["incremental_problem", "reads_itself_error", "train_incrementally"]
