"""What could go wrong when a change is merged, each kind of risk under a stable code."""

from refinery.review.risks.kinds import BROKEN_MERGE, KINDS, USELESS_COMMENT
from refinery.review.risks.page import risks_page
from refinery.review.risks.search import add_trial_risks, find_risks, sort_risks
from refinery.review.risks.thresholds import Thresholds

__all__ = [
    "BROKEN_MERGE",
    "KINDS",
    "USELESS_COMMENT",
    "Thresholds",
    "add_trial_risks",
    "find_risks",
    "risks_page",
    "sort_risks",
]
