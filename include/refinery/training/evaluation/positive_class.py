"""Find the class that a config counts as positive among those of the target."""

from __future__ import annotations

import json
import numbers
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import REGRESSION
from refinery.training.errors import MetricError
from refinery.wording import nearest_name, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY = "evaluate.positive_class"
_BINARY = 2
_MOST_LISTED = 5
_MOST_LETTERS = 40


def check_positive_class(wanted: Any, task: str) -> None:
    """Check that a model has classes where the config names a positive one.

    Raises:
        MetricError: It does regression.
    """
    if wanted is not None and task == REGRESSION:
        raise MetricError(f"{_KEY}: this model does regression, which has no classes; remove it.")


def find_positive_class(wanted: Any, target: str, values: Iterable[Any]) -> Any:
    """Return the target's value that the config counts as positive; None where it names none.

    Args:
        wanted: The class as the config writes it; text, a number and a boolean are never the same.
        target: The target's name.
        values: Each of its values, once.

    Raises:
        MetricError: The target lacks this value, or has more than two.
    """
    if wanted is None:
        return None
    known = list(values)
    if len(known) > _BINARY:
        problem = f"only one of two classes can be positive, and the target {quoted(target)} has {len(known):,} values"
        raise MetricError(f"{_KEY}: {problem}, such as {_listed(known)}; remove it.")
    for value in known:
        if _kind(value) == _kind(wanted) and value == wanted:
            return value
    problem = f"the target {quoted(target)} has no class {_cut(wanted)}, only {_listed(known)}"
    by_text = {str(plain(value)): value for value in known}
    near = nearest_name(str(wanted), by_text)
    end = "." if near is None else f"; did you mean {_cut(by_text[near])}?"
    raise MetricError(f"{_KEY}: {problem}{end}")


def plain(value: Any) -> Any:
    """Return a NumPy value as Python's own."""
    return value.item() if hasattr(value, "item") else value


def written(value: Any) -> str:
    """Return a class as a config writes it: text in quotes, because no and 1 would be read as something else."""
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
