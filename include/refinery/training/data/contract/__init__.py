"""The data contract: what a config expects of its dataset, checked before anything is learned from it."""

from refinery.spec.contract import Bounds, ColumnRules, Contract
from refinery.training.data.contract.check import BatchedCheck, check_contract
from refinery.training.data.contract.proposal import propose_contract

__all__ = ["BatchedCheck", "Bounds", "ColumnRules", "Contract", "check_contract", "propose_contract"]
