"""Finds the class that a config counts as positive among those of the target."""

from __future__ import annotations

import json
import numbers
from typing import TYPE_CHECKING, Any

from include.training.errors import PositiveClassError
from include.training.errors.wording import nearest
from include.training.metrics import REGRESSION

if TYPE_CHECKING:
    from collections.abc import Iterable

_BINARY = 2
_MOST_LISTED = 5
_MOST_LETTERS = 40


def check_positive_class(wanted: Any, task: str) -> None:
    """Check that a model has a positive class where the config names one.

    Raises:
        PositiveClassError: It does regression.
    """
    if wanted is not None and task == REGRESSION:
        raise PositiveClassError("this model does regression, which has no classes; remove it.")


def find_positive_class(wanted: Any, target: str, values: Iterable[Any]) -> Any:
    """Give the one of a target's values that the config counts as positive, None where it names none.

    Args:
        wanted: The class as the config writes it; text, a number and a boolean are never the same.
        target: The target's name.
        values: Each value that it has, once.

    Raises:
        PositiveClassError: The target has no such value, or more than two.
    """
    if wanted is None:
        return None
    known = list(values)
    if len(known) > _BINARY:
        problem = (
            f"only one of two classes can be positive, and the target {target!r} has {len(known):,} values"
        )
        raise PositiveClassError(f"{problem}, as {_listed(known)}; remove it.")
    for value in known:
        if _kind(value) == _kind(wanted) and value == wanted:
            return value
    problem = f"the target {target!r} has no class {_cut(wanted)}, only {_listed(known)}"
    by_text = {str(plain(value)): value for value in known}
    near = nearest(str(wanted), by_text)
    raise PositiveClassError(
        f"{problem}." if near is None else f"{problem}; did you mean {_cut(by_text[near])}?"
    )


def plain(value: Any) -> Any:
    """Give a value of numpy's as Python's own."""
    return value.item() if hasattr(value, "item") else value


def written(value: Any) -> str:
    """Write a class as a config has it: text in quotes, since no and 1 would be read as something else."""
    return json.dumps(plain(value), ensure_ascii=False, default=str)


def _kind(value: Any) -> type:
    own = plain(value)
    return next((kind for kind in (bool, numbers.Real) if isinstance(own, kind)), type(own))


def _listed(values: list[Any]) -> str:
    shown = [_cut(value) for value in values[:_MOST_LISTED]]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _cut(value: Any) -> str:
    text = written(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."
