"""Check what a pipeline may set together with `task`: without a target, there is nothing to compare predictions with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.config.models.base import refuse
from refinery.config.models.metrics import METRICS, explain_unknown_metric
from refinery.spec.tasks import UNSUPERVISED_METRIC_NAMES, UNSUPERVISED_METRICS
from refinery.wording import list_names, nearest_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from refinery.config.models.pipeline import PipelineConfig

# What applies without a target, by section; every other key of these sections needs one.
_OF_ANY_TASK = {
    "evaluate": ("test_size", "random_state", "time_column", "group_column", "gap", "metrics"),
    "fit": ("mode", "batch_rows"),
}


def check_task(config: PipelineConfig) -> None:
    """Refuse what needs a target where `task` says that there is none, and metrics of such a task elsewhere."""
    if config.task is None:
        _refuse_metrics(config, lambda name: None if name in METRICS else explain_unknown_metric(name))
        return
    task = config.task
    if config.target is not None:
        refuse(
            f"does not go with task: {task}, which learns no target; leave it out, or remove task", "target"
        )
    if config.model.script:
        refuse("does not apply to scripts, which measure their models themselves; remove it", "task")
    if config.model.is_searched:
        refuse(
            "does not work with a search, which measures its trials on a target; name one class, or remove task",
            "task",
        )
    if config.fit.mode == "incremental":
        refuse(f"does not work with task: {task}, which needs all rows at once; remove one of the two", "fit")
    for section, of_any_task in _OF_ANY_TASK.items():
        values = getattr(config, section)
        for name, field in type(values).model_fields.items():
            if name not in of_any_task and getattr(values, name) not in (field.default, False):
                refuse(f"needs a target, and task: {task} has none; remove it", section, name)
    _refuse_metrics(config, lambda name: explain_other_metric(name, task))


def _refuse_metrics(config: PipelineConfig, explain: Callable[[str], str | None]) -> None:
    for index, name in enumerate(config.evaluate.metrics or ()):
        if problem := explain(name):
            refuse(problem, "evaluate", "metrics", index)


def explain_other_metric(name: str, task: str) -> str | None:
    """Return why a metric does not measure a task without a target; None where it does."""
    known = [metric.name for metric in UNSUPERVISED_METRICS[task]]
    if name in known:
        return None
    if name in METRICS:
        what = "needs a target"
    elif name in UNSUPERVISED_METRIC_NAMES:
        what = f"does not measure task: {task}"
    else:
        what = f"is not a metric of task: {task}"
    near = nearest_name(name, known)
    return f'"{name}" {what}; ' + (f'did you mean "{near}"?' if near else f"choose from {list_names(known)}")
