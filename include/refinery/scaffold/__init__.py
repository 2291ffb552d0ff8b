"""Make a project, or add Refinery to an existing one."""

from refinery.scaffold.changes import Action, Change
from refinery.scaffold.project import plan_project

__all__ = ["Action", "Change", "plan_project"]
