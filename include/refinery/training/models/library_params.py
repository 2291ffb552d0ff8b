"""Check the params of boosting libraries, whose classes take more than their signatures say, against the libraries' own lists."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from refinery.spec.libraries import library_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# What XGBoost calls params of its scikit-learn classes in its own documentation; it has no list of these.
_XGBOOST_ALIASES = {
    "alpha": "reg_alpha",
    "eta": "learning_rate",
    "lambda": "reg_lambda",
    "min_split_loss": "gamma",
    "nthread": "n_jobs",
    "seed": "random_state",
}
# Written by XGBoost into its models, and derived from the data.
_XGBOOST_INTERNAL = frozenset(
    (
        "boost_from_average",
        "fail_on_invalid_gpu_id",
        "name",
        "num_class",
        "num_feature",
        "num_target",
        "num_trees",
        "specified_updater",
        "updater_seq",
    )
)
_XGBOOST_BOOSTERS = ({"booster": "dart"}, {"booster": "gblinear", "updater": "coord_descent"})
# CatBoost has no list of these either: all say how much to print, and how to judge a fit.
_CATBOOST_ALIASES = {
    "objective": "loss_function",
    "silent": "verbose",
    "verbose_eval": "verbose",
    "logging_level": "verbose",
}
_STDERR = 2
# A library's place in its own code, before or after its message.
_PLACE = re.compile(r"^(\[[\d:]+\] )?\S+\.(cc|cpp|h):\d+: | at \S+, line \d+ *\.?")


def accepted_params(estimator_class: type[Any], params: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the names of all params that a boosting library's class takes; None for any other class, whose signature says it.

    Args:
        estimator_class: The class.
        params: The params of the config; XGBoost takes more for some objectives.
    """
    match library_of(estimator_class.__module__):
        case "xgboost":
            own = _signature_of(estimator_class)
            return tuple(sorted({*own, *_xgboost_names(), *_xgboost_names_of(params.get("objective"))}))
        case "lightgbm":
            return tuple(sorted({*_signature_of(estimator_class), *_lightgbm_aliases()}))
        case "catboost":
            return tuple(sorted(inspect.signature(estimator_class).parameters))
    return None


def canonical_params(estimator_class: type[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params by the names that the class's constructor gives them, or the library, where it has none of its own.

    Raises:
        ValueError: Two of them set the same; the text names both in double quotes.
    """
    alias_of = _ALIASES.get(library_of(estimator_class.__module__))
    if alias_of is None:
        return dict(params)
    own = frozenset(_signature_of(estimator_class))
    canonical: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, value in params.items():
        known = alias_of(name, own)
        if known in origin:
            raise ValueError(
                f'"{name}" and "{origin[known]}" set the same parameter of {estimator_class.__name__}; keep one'
            )
        origin[known] = name
        # CatBoost's ways to print do not take each other's values.
        canonical[name if known == "verbose" else known] = value
    return canonical


def refused_values(estimator_class: type[Any], params: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each value that the library itself refuses, without any data; the name is in double quotes."""
    refusal = _REFUSALS.get(library_of(estimator_class.__module__))
    if refusal is None:
        return
    for name, value in params.items():
        # Lists and mappings may name columns or classes, which are not known yet.
        if value is None or isinstance(value, list | tuple | dict) or "{{" in repr(value):
            continue
        if text := refusal(name, value):
            problem = _PLACE.sub("", text.partition("\n")[0]).strip(" .")
            yield f'{estimator_class.__name__} refuses "{name}": {problem}'


def _signature_of(estimator_class: type[Any]) -> tuple[str, ...]:
    """Return the names in the constructors of a class and of those that it inherits from."""
    return tuple(
        dict.fromkeys(
            name
            for one in estimator_class.__mro__
            if library_of(one.__module__) == library_of(estimator_class.__module__)
            and "__init__" in vars(one)
            for name, parameter in inspect.signature(one.__init__).parameters.items()  # type: ignore[misc]
            if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
        )
    )


@cache
def _xgboost_names() -> frozenset[str]:
    found = {name for params in _XGBOOST_BOOSTERS for name in _names_in(_xgboost_config(params))}
    return frozenset(found) - _XGBOOST_INTERNAL


def _xgboost_names_of(objective: object) -> frozenset[str]:
    if not isinstance(objective, str):
        return frozenset()
    given: dict[str, Any] = {"objective": objective}
    if "quantile" in objective:
        return frozenset({"quantile_alpha"})  # its configuration needs this very value
    try:
        return frozenset(
            _names_in(_xgboost_config(given | ({"num_class": 2} if "multi:" in objective else {})))
        )
    except ValueError:
        return frozenset()  # an objective that does not exist is refused by its value


def _xgboost_config(params: Mapping[str, Any]) -> Any:
    """Return XGBoost's whole configuration, which holds the name of each param that it knows; raise what it refuses."""
    import numpy as np
    import xgboost

    data = xgboost.DMatrix(np.arange(4.0).reshape(-1, 1), label=[0, 1, 0, 1], nthread=1)
    return json.loads(xgboost.Booster({"verbosity": 0, "nthread": 1, **params}, [data]).save_config())


def _names_in(config: Any) -> Iterator[str]:
    if isinstance(config, list):
        for item in config:
            yield from _names_in(item)
    elif isinstance(config, dict):
        for name, value in config.items():
            if isinstance(value, dict | list):
                yield from _names_in(value)
            else:
                yield name


@cache
def _lightgbm_aliases() -> dict[str, frozenset[str]]:
    """Return all names of each of LightGBM's params, by each of them."""
    from lightgbm.basic import _ConfigAliases

    groups = _ConfigAliases._get_all_param_aliases().items()  # noqa: SLF001 - the library has no public API for it
    return {name: frozenset({main, *names}) for main, names in groups for name in {main, *names}}


def _xgboost_alias(name: str, own: frozenset[str]) -> str:
    del own
    return _XGBOOST_ALIASES.get(name, name)


def _lightgbm_alias(name: str, own: frozenset[str]) -> str:
    names = _lightgbm_aliases().get(name, frozenset({name}))
    return min(names & own or names)


def _catboost_alias(name: str, own: frozenset[str]) -> str:
    from catboost import core

    del own
    found = {_CATBOOST_ALIASES.get(name, name): 1}
    core._process_synonyms_groups(found)  # noqa: SLF001 - the library has no public API for it
    return next(iter(found))


def _xgboost_refusal(name: str, value: object) -> str | None:
    if name in ("n_estimators", "early_stopping_rounds"):
        return (
            None if type(value) is int and value > 0 else f"expected a whole number above 0; found {value!r}"
        )
    if name not in _xgboost_names() or (
        name == "objective" and str(value).startswith(("multi:", "reg:quantile"))
    ):
        return None
    try:
        _xgboost_config({name: value})
    except ValueError as error:
        return str(error)
    return None


def _lightgbm_refusal(name: str, value: object) -> str | None:
    import lightgbm
    import numpy as np

    if name not in _lightgbm_aliases():
        return None
    params = {
        name: value,
        **{key: number for key, number in (("verbosity", -1), ("num_threads", 1)) if key != name},
    }
    try:
        with contextlib.redirect_stdout(io.StringIO()), _silent_stderr():
            data = lightgbm.Dataset(np.arange(4.0).reshape(-1, 1), label=[0, 1, 0, 1], params=params)
            lightgbm.Booster(params, data)
    except (lightgbm.basic.LightGBMError, ValueError, TypeError) as error:
        text = str(error)
        return None if "Number of classes" in text else text
    return None


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drop what C code writes to the process's stderr: LightGBM prints each refusal before it raises it."""
    kept = os.dup(_STDERR)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


def _catboost_refusal(name: str, value: object) -> str | None:
    from catboost import CatBoostError, core

    known = {name: value}
    if "weight" in name:  # those of classes are refused without a loss that takes them
        known["loss_function"] = "Logloss"
    try:
        core._process_synonyms(known)  # noqa: SLF001 - the library has no public API for it
        core._check_train_params(known)  # noqa: SLF001
    except CatBoostError as error:
        return str(error)
    return None


_ALIASES: dict[str, Callable[[str, frozenset[str]], str]] = {
    "xgboost": _xgboost_alias,
    "lightgbm": _lightgbm_alias,
    "catboost": _catboost_alias,
}
_REFUSALS: dict[str, Callable[[str, object], str | None]] = {
    "xgboost": _xgboost_refusal,
    "lightgbm": _lightgbm_refusal,
    "catboost": _catboost_refusal,
}
