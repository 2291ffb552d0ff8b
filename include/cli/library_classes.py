"""Checks the library classes that configs name: the only part of validation that imports a library, and only those named."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from include.config.problems import list_names, nearest_name, suggest_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SET = re.compile(r"\{([^{}]*)\}")


def check_library_class(path: str, params: Mapping[str, Any], incremental: bool) -> list[str]:
    """Say what a class's constructor has against a pipeline's parameters, and whether it can learn as the config asks.

    Args:
        path: The class, as "sklearn.linear_model.Ridge".
        params: The parameters of the config.
        incremental: Whether it shall learn batch by batch.

    Returns:
        A sentence for each problem; one of a parameter names it in double quotes.
    """
    from include.training.errors import ModelParamsError
    from include.training.estimators import check_params

    found = _find_class(path)
    if isinstance(found, str):
        return [found]
    name = found.__name__
    try:
        check_params(name, found, params)
    except ModelParamsError as error:
        rest = [one for one in error.accepted if one not in params]
        problems = [f'{name} takes no parameter "{one}"{_offer(one, rest)}' for one in error.unknown]
        if error.missing:
            return [*problems, f"{name} needs {list_names(error.missing)} under params"]
        known = {one: value for one, value in params.items() if one not in error.unknown}
        return problems + _check_values(found, known)
    return _check_values(found, params) or (_check_incremental(found, params) if incremental else [])


@cache
def _find_class(path: str) -> type[Any] | str:
    """Return the class, or why it cannot be had."""
    from include.training.errors import ModelNotFoundError, TrainingError
    from include.training.library_classes import find_estimator_class

    try:
        return find_estimator_class(path)
    except ModelNotFoundError as error:
        return f"there is no {error.name}{suggest_name(error.name, error.known)}"
    except TrainingError as error:
        return str(error).rstrip(".")


def _check_values(estimator_class: type[Any], params: Mapping[str, Any]) -> list[str]:
    """Let scikit-learn judge the values, as it does before fitting; what a macro will stand for is not known yet."""
    judged = {name: value for name, value in params.items() if "{{" not in repr(value)}
    problems = []
    while text := _refusal(estimator_class, judged):
        refused = next((name for name in judged if f"'{name}' parameter" in text), None)
        problems.append(_reword(text, refused))
        if refused is None:
            break
        del judged[refused]  # scikit-learn tells of one at a time
    return problems


def _check_incremental(estimator_class: type[Any], params: Mapping[str, Any]) -> list[str]:
    from include.training.incremental import incremental_problem

    problem = incremental_problem(estimator_class(**params))
    return [problem] if problem else []


def _refusal(estimator_class: type[Any], params: Mapping[str, Any]) -> str | None:
    try:
        estimator = estimator_class(**params)
        # It has no public door to what its fit checks first.
        check = getattr(estimator, "_validate_params", None)
        if check:
            check()
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _reword(text: str, param: str | None) -> str:
    """Write a refusal as our own sentences are; the sets in it come in any order."""
    text = _SET.sub(lambda found: ", ".join(sorted(found[1].split(", "))), text)
    text = text.rstrip(".").replace(" instead", "").replace(". Got ", "; it is ")
    return text.replace(f"The '{param}' parameter", f'the "{param}" parameter')


def _offer(wrong: str, accepted: Sequence[str]) -> str:
    if not accepted:
        return "; it takes no other"
    near = nearest_name(wrong, accepted)
    takes = f"it takes {list_names(accepted)}"
    return f"; did you mean {near}? ({takes})" if near else f"; {takes}"
