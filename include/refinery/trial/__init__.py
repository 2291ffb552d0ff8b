"""What S3 and a trial training add to a plan: the latest models, what the last runs say of a change, metrics before and after."""

from refinery.trial.backtest import backtest
from refinery.trial.cost import find_costs
from refinery.trial.forks import refuse_forks
from refinery.trial.latest_models import find_latest_models
from refinery.trial.trials import BothCodes, TrialContext, check_out_both, describe_trials, run_trials

__all__ = [
    "BothCodes",
    "TrialContext",
    "backtest",
    "check_out_both",
    "describe_trials",
    "find_costs",
    "find_latest_models",
    "refuse_forks",
    "run_trials",
]
