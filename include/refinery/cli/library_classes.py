"""Check the library classes that configs name. Only this part of validation imports libraries, and only those that are named."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from refinery.wording import list_names, nearest_name, suggest_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SET = re.compile(r"\{([^{}]*)\}")


def check_library_class(path: str, params: Mapping[str, Any], incremental: bool) -> list[str]:
    """Return what is wrong with a pipeline's parameters for a class, and whether it can learn as the config asks.

    Args:
        path: The class, such as "sklearn.linear_model.Ridge".
        params: The parameters of the config.
        incremental: Whether it is to learn batch by batch.

    Returns:
        A sentence for each problem, with parameters in double quotes.
    """
    from refinery.training import check_params
    from refinery.training.errors import ModelParamsError

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
    if problems := _check_values(found, params):
        return problems
    from refinery.training import kind_problem

    if problem := kind_problem(found(**params)):
        return [problem]
    return _check_incremental(found, params) if incremental else []


@cache
def _find_class(path: str) -> type[Any] | str:
    """Return the class, or why it cannot be used."""
    from refinery.training import estimators_problem, find_estimator_class
    from refinery.training.errors import ModelNotFoundError, TrainingError

    try:
        found = find_estimator_class(path)
        return estimators_problem(found) or found
    except ModelNotFoundError as error:
        return f"there is no {error.name}{suggest_name(error.name, error.known)}"
    except TrainingError as error:
        return str(error).rstrip(".")


def _check_values(estimator_class: type[Any], params: Mapping[str, Any]) -> list[str]:
    """Let scikit-learn check the values, as it does before fitting; the value of a macro is not known yet."""
    checked = {name: value for name, value in params.items() if "{{" not in repr(value)}
    problems = []
    while text := _refusal(estimator_class, checked):
        refused = next((name for name in checked if f"'{name}' parameter" in text), None)
        problems.append(_reword(text, refused))
        if refused is None:
            break
        del checked[refused]  # scikit-learn reports one at a time
    return problems


def _check_incremental(estimator_class: type[Any], params: Mapping[str, Any]) -> list[str]:
    from refinery.training import incremental_problem

    problem = incremental_problem(estimator_class(**params))
    return [problem] if problem else []


def _refusal(estimator_class: type[Any], params: Mapping[str, Any]) -> str | None:
    try:
        estimator = estimator_class(**params)
        # There is no public way to run the checks that fit runs first.
        check = getattr(estimator, "_validate_params", None)
        if check:
            check()
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _reword(text: str, param: str | None) -> str:
    """Reword a refusal like our own sentences, and sort the sets in it, whose order varies."""
    text = _SET.sub(lambda found: ", ".join(sorted(found[1].split(", "))), text)
    text = text.rstrip(".").replace(" instead", "").replace(". Got ", "; it is ")
    return text.replace(f"The '{param}' parameter", f'the "{param}" parameter')


def _offer(wrong: str, accepted: Sequence[str]) -> str:
    if not accepted:
        return "; it takes no other"
    near = nearest_name(wrong, accepted)
    takes = f"it takes {list_names(accepted)}"
    return f"; did you mean {near}? ({takes})" if near else f"; {takes}"
