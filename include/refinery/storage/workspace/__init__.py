"""Where the steps of a run meet: a folder on a common disk, or a prefix on S3 for workers without one."""

from refinery.storage.workspace.base import Workspace
from refinery.storage.workspace.local import LocalWorkspace
from refinery.storage.workspace.run_folder import RunFolder
from refinery.storage.workspace.staged import StagedWorkspace

__all__ = ["LocalWorkspace", "RunFolder", "StagedWorkspace", "Workspace"]
