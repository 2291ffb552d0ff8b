"""Seed random numbers from the config, so that the same training gives the same model."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = "random_state"


def seed_estimator(estimator: Any, random_state: int) -> tuple[str, ...]:
    """Set the unset seed params of an estimator, and of those inside it; return their names."""
    if not hasattr(estimator, "get_params"):
        return ()
    unset = sorted(
        name
        for name, value in estimator.get_params(deep=True).items()
        if value is None and name.split("__")[-1] == SEED
    )
    if unset:
        estimator.set_params(**dict.fromkeys(unset, random_state))
    return tuple(unset)


@contextlib.contextmanager
def seeded_generators(random_state: int) -> Iterator[None]:
    """Seed the global generators of Python and NumPy in the block, and restore them after."""
    import numpy as np

    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - the legacy one is meant
    random.seed(random_state)
    np.random.seed(random_state)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
