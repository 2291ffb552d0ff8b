"""The data contract: what a config expects of its dataset, checked before anything is learned from it."""

from include.training.contract.check import BatchedCheck, check_contract
from include.training.contract.proposal import propose_contract
from include.training.contract.rules import Bounds, ColumnRules, Contract

__all__ = ["BatchedCheck", "Bounds", "ColumnRules", "Contract", "check_contract", "propose_contract"]
