"""What could go wrong when a change is merged, each kind of risk under a stable code."""

from include.review.risks.catalogue import KINDS, Kind
from include.review.risks.page import risks_page
from include.review.risks.search import find_risks
from include.review.risks.thresholds import Thresholds, ThresholdsError

__all__ = ["KINDS", "Kind", "Thresholds", "ThresholdsError", "find_risks", "risks_page"]
