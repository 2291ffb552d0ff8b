"""Check the library classes that configs name. Only this part of validation imports libraries, and only those that are named."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from refinery.spec.libraries import library_of, missing_library
from refinery.spec.search import ends_of, parse_space
from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.wording import list_names, nearest_name, suggest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from refinery.spec.search import Searching, Space

_USUAL = {
    CLASSIFICATION: "write roc_auc, accuracy, f1 or another metric of classes",
    REGRESSION: "write rmse, mae, r2 or another metric of numbers",
}
_SET = re.compile(r"\{([^{}]*)\}")


def check_library_classes(  # noqa: PLR0917 - as CheckClasses
    classes: Sequence[tuple[str, Mapping[str, Any]]],
    incremental: bool,
    weighted: bool = False,
    task: str | None = None,
    followed: frozenset[str] = frozenset(),
    search: Searching | None = None,
) -> list[list[str]]:
    """Return what is wrong with the classes of a model and their parameters, and whether it can learn as the config asks.

    Args:
        classes: The path and the parameters of each class; of several, each is a step, and the last one is the estimator.
        incremental: Whether the model is to learn batch by batch.
        weighted: Whether it is to learn from weighted rows.
        task: What it is to do without a target; None where it learns one.
        followed: Other keys that it must be able to follow: early_stopping, threshold, calibrate.
        search: What is searched for it.

    Returns:
        For each class, a sentence for each problem, with parameters in double quotes; then those of the metric of a search.
    """
    spaces = search.spaces if search else ({},) * len(classes)
    tried = [
        (path, {**params, **{name: next(ends_of(space)) for name, space in _parsed(written).items()}})
        for (path, params), written in zip(classes, spaces, strict=True)
    ]
    last = len(classes) - 1
    checked = [
        _check_class(path, params, task, is_last=at == last) for at, (path, params) in enumerate(tried)
    ]
    if any(checked):
        return checked
    checked = [
        list(_check_space(path, params, _parsed(written), task, is_last=at == last))
        for at, ((path, params), written) in enumerate(zip(tried, spaces, strict=True))
    ]
    if not any(checked):
        checked[-1] = _check_whole(tried, incremental, weighted, task, followed)
    if search is None or any(checked):
        return checked
    return [
        *checked[:-1],
        list(_check_candidate(tried[-1][0], search)),
        list(_check_metric(tried[-1][0], search)),
    ]


def check_library_class(
    path: str,
    params: Mapping[str, Any],
    incremental: bool,
    weighted: bool = False,
    task: str | None = None,
    *,
    followed: frozenset[str] = frozenset(),
) -> list[str]:
    """Return what is wrong with one class, as `check_library_classes` does."""
    return check_library_classes([(path, params)], incremental, weighted, task, followed)[0]


def _check_class(path: str, params: Mapping[str, Any], task: str | None, *, is_last: bool) -> list[str]:
    from refinery.training import canonical_params, check_library_params
    from refinery.training.errors import ModelParamsError

    found = _find_class(path, task, is_last=is_last)
    if isinstance(found, str):
        return [found]
    name = found.__name__
    try:
        check_library_params(found, params)
        canonical_params(found, params)
    except ValueError as error:
        return [str(error)]
    except ModelParamsError as error:
        rest = [one for one in error.accepted if one not in params]
        problems = [f'{name} takes no parameter "{one}"{_offer(one, rest)}' for one in error.unknown]
        if error.missing:
            return [*problems, f"{name} needs {list_names(error.missing)} under params"]
        known = {one: value for one, value in params.items() if one not in error.unknown}
        return problems + _check_values(found, known)
    return _check_values(found, params)


def _parsed(written: Mapping[str, Any]) -> dict[str, Space]:
    """Return the spaces that are right; the config's own check reports others."""
    spaces = {}
    for name, value in written.items():
        with contextlib.suppress(ValueError):
            spaces[name] = parse_space(value)
    return spaces


def _check_space(
    path: str, params: Mapping[str, Any], spaces: Mapping[str, Space], task: str | None, *, is_last: bool
) -> Iterator[str]:
    """Yield what the class has against the values that are searched: the ends of a range, or each choice."""
    found = _find_class(path, task, is_last=is_last)
    if isinstance(found, str):
        return
    for name, space in spaces.items():
        problems = (one for end in ends_of(space) for one in _check_values(found, {**params, name: end}))
        if problem := next(problems, None):
            yield problem


def _check_candidate(path: str, search: Searching) -> Iterator[str]:
    """Yield why a model cannot be searched for, or not beside the first candidate."""
    if importlib.util.find_spec("optuna") is None:
        yield f"a search needs Optuna: {missing_library('optuna')}"
    task, other = _task_of(path), _task_of(search.first) if search.first else None
    if task and other and task != other:
        yield (
            f"{_name(path)} does {task}, and {_name(search.first)}, the first candidate, does {other}; "
            "candidates must do the same"
        )


def _check_metric(path: str, search: Searching) -> Iterator[str]:
    from refinery.training import find_metrics

    task = _task_of(path)
    if search.by and task and find_metrics([search.by])[0].task != task:
        yield f'"{search.by}" does not measure {task}, which {_name(path)} does; {_USUAL[task]}'


def _task_of(path: str) -> str | None:
    from refinery.training import declared_task

    found = _find_class(path, None, is_last=True)
    try:
        return None if isinstance(found, str) else declared_task(found())
    except (TypeError, ValueError):  # it needs arguments
        return None


def _name(path: str | None) -> str:
    return str(path).rpartition(".")[2]


def _check_whole(
    classes: Sequence[tuple[str, Mapping[str, Any]]],
    incremental: bool,
    weighted: bool,
    task: str | None,
    followed: frozenset[str],
) -> list[str]:
    """Check the model that the classes make together."""
    from refinery.training import (
        decision_problem,
        early_stopping_problem,
        incremental_problem,
        kind_problem,
        make_estimator,
        make_steps,
        missing_rows_problem,
        weight_problem,
    )

    last = len(classes) - 1
    made: list[Any] = []
    last_class: Any = None
    for position, (path, params) in enumerate(classes):
        found = _find_class(path, task, is_last=position == last)
        if not isinstance(found, str):
            last_class = found
            made.append(make_estimator(found, _known(params), 0))
    estimator = made[0] if len(made) == 1 else make_steps(made)
    if problem := kind_problem(estimator, task):
        return [problem]
    found_problems = (
        incremental_problem(estimator) if incremental else None,
        weight_problem(estimator) if weighted else None,
        early_stopping_problem(last_class, classes[-1][1])
        if "early_stopping" in followed
        else missing_rows_problem(last_class, classes[-1][1]),
        decision_problem(estimator, followed) if followed & {"threshold", "calibrate"} else None,
    )
    return [problem for problem in found_problems if problem]


def _known(params: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the values of macros, which are not known yet."""
    return {name: value for name, value in params.items() if "{{" not in repr(value)}


@cache
def _find_class(path: str, task: str | None, *, is_last: bool) -> type[Any] | str:
    """Return the class, or why it cannot be used."""
    from refinery.training import estimators_problem, find_estimator_class, find_step_class
    from refinery.training.errors import ModelNotFoundError, TrainingError

    libraries = (library_of(path),)  # the config's own check has refused others
    try:
        found = (
            find_estimator_class(path, libraries, task) if is_last else find_step_class(path, libraries, task)
        )
        return estimators_problem(found) or found
    except ModelNotFoundError as error:
        return f"there is no {error.name}{suggest_name(error.name, error.known)}"
    except TrainingError as error:
        return str(error).rstrip(".")


def _check_values(estimator_class: type[Any], params: Mapping[str, Any]) -> list[str]:
    """Let the library check the values, as it does before fitting; the value of a macro is not known yet."""
    from refinery.training import refused_values

    checked = _known(params)
    if problems := list(refused_values(estimator_class, checked)):
        return problems
    while text := _refusal(estimator_class, checked):
        refused = next((name for name in checked if f"'{name}' parameter" in text), None)
        problems.append(_reword(text, refused))
        if refused is None:
            break
        del checked[refused]  # scikit-learn reports one at a time
    return problems


def _refusal(estimator_class: type[Any], params: Mapping[str, Any]) -> str | None:
    try:
        estimator = estimator_class(**params)
        # There is no public way to run the checks that fit runs first.
        if hasattr(estimator, "_parameter_constraints"):
            estimator._validate_params()  # noqa: SLF001
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
