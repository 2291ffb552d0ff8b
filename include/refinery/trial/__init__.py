"""What S3 and a trial training add to a plan: the latest models, what the last runs say of a change, metrics before and after."""

from refinery.trial.backtest import backtest
from refinery.trial.cost import find_costs
from refinery.trial.latest_models import find_latest_models
from refinery.trial.trials import TrialContext, run_trials

__all__ = ["TrialContext", "backtest", "find_costs", "find_latest_models", "run_trials"]
