"""Two versions of a project's configs into a plan: what merging a change would do, for the people who review it."""

from refinery.review.compare import make_plan
from refinery.review.effects import fill_templates
from refinery.review.errors import ReviewError
from refinery.review.formats import plan_as_github, plan_as_json, plan_as_markdown, plan_as_text
from refinery.review.newcomers import name_newcomers
from refinery.review.pairs import Pair
from refinery.review.plan import (
    Backtest,
    Cost,
    PipelineChange,
    Plan,
    Stake,
    Trial,
    TrialRun,
    Verdict,
    Version,
)
from refinery.review.risks import add_trial_risks, risks_page
from refinery.review.risks.frequency import runs_a_year
from refinery.review.worktree import open_worktree

__all__ = [
    "Backtest",
    "Cost",
    "Pair",
    "PipelineChange",
    "Plan",
    "ReviewError",
    "Stake",
    "Trial",
    "TrialRun",
    "Verdict",
    "Version",
    "add_trial_risks",
    "fill_templates",
    "make_plan",
    "name_newcomers",
    "open_worktree",
    "plan_as_github",
    "plan_as_json",
    "plan_as_markdown",
    "plan_as_text",
    "risks_page",
    "runs_a_year",
]
