"""Train on a dataset larger than memory: batch by batch, through `partial_fit`."""

from refinery.training.trainers.incremental.estimators import incremental_problem
from refinery.training.trainers.incremental.stream import prepare_stream, reads_itself_error

__all__ = ["incremental_problem", "prepare_stream", "reads_itself_error"]
