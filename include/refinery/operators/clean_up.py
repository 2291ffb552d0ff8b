"""The last step: delete the run's workspace, whatever happened before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.operators.base import PipelineOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class CleanUpOperator(PipelineOperator):
    """Delete the run's workspace: its copies of the dataset and the model.

    It is a teardown, so it also runs after a failed step, and does not turn a failed run into a success.
    """

    ui_color = "#f3f4f6"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.as_teardown()

    def run_step(self, context: Context) -> None:
        """Delete the workspace, if it exists."""
        workspace = self.workspace_of(context)
        workspace.remove()
        self.log.info("Deleted %s", workspace.location)
