"""The error of an invalid value in a spec."""

from __future__ import annotations

from refinery.errors import RefineryError


class SpecError(RefineryError):
    """A value of a spec is invalid for any dataset.

    Attributes:
        key: Its key, such as "require.mae.max".
    """

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(f"{key}: {problem}")
