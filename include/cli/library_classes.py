"""Checks the library classes that configs name: the only part of validation that imports a library, and only those named."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from include.config.problems import list_names, nearest_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def check_library_class(path: str, params: Mapping[str, Any]) -> list[str]:
    """Say what a class's constructor has against a pipeline's parameters.

    Args:
        path: The class, as "sklearn.linear_model.Ridge".
        params: The parameters of the config.

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
            problems.append(f"{name} needs {list_names(error.missing)} under params")
        return problems
    return _check_values(found, params)


@cache
def _find_class(path: str) -> type[Any] | str:
    """Return the class, or why it cannot be had."""
    from include.training.errors import TrainingError
    from include.training.library_classes import find_estimator_class

    try:
        return find_estimator_class(path)
    except TrainingError as error:
        return str(error).rstrip(".")


def _check_values(estimator_class: type[Any], params: Mapping[str, Any]) -> list[str]:
    """Let scikit-learn judge the values, as it would before fitting; what a macro will stand for is not known yet."""
    if "{{" in repr(params):
        return []
    try:
        estimator = estimator_class(**params)
        estimator._validate_params()  # noqa: SLF001 - scikit-learn has no public door to what fit checks first
    except AttributeError:
        return []
    except (TypeError, ValueError) as error:
        return [_quote_names(str(error), params).rstrip(".")]
    return []


def _quote_names(text: str, params: Mapping[str, Any]) -> str:
    for name in params:
        text = text.replace(f"'{name}' parameter", f'"{name}" parameter')
    return text


def _offer(wrong: str, accepted: Sequence[str]) -> str:
    if not accepted:
        return "; it takes no other"
    near = nearest_name(wrong, accepted)
    takes = f"it takes {list_names(accepted)}"
    return f"; did you mean {near}? ({takes})" if near else f"; {takes}"
