"""How much a test tries: enough to notice the fault it is there for, or with THOROUGH=1 (`make test-all`) all it can."""

from __future__ import annotations

import os
from typing import TypeVar

Amount = TypeVar("Amount")


def effort(usual: Amount, thorough: Amount) -> Amount:
    """Return the usual number, or list of cases, or the thorough one where that is asked for."""
    return thorough if os.environ.get("THOROUGH") else usual
