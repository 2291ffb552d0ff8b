"""Where the steps of a run meet: a folder on a common disk, or a prefix on S3 for workers that share none."""

from include.storage.workspace.local import LocalWorkspace
from include.storage.workspace.run_folder import RunFolder
from include.storage.workspace.scratch import scratch_folder
from include.storage.workspace.staged import StagedWorkspace
from include.storage.workspace.workspace import Workspace

__all__ = ["LocalWorkspace", "RunFolder", "StagedWorkspace", "Workspace", "scratch_folder"]
