"""The params of a pipeline's runs: what their templates become in Airflow, and their values in a run that sets none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.spec.run_params import PARAM, RUN_DATE, write_param

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    from refinery.config.models import PipelineConfig
    from refinery.config.models.params import ParamConfig

    Params = Mapping[str, ParamConfig]

_CONVERTED = {"integer": " | int", "number": " | float", "boolean": " | lower"}
_AS_TEXT = " | string"


def as_jinja(value: Any, params: Params) -> Any:
    """Return a value with its params' templates as Airflow renders them: a whole number stays one however it was sent."""
    return _map(value, lambda text: PARAM.sub(lambda found: _jinja(found, text, params), text))


def as_typed_jinja(value: Any, params: Params) -> Any:
    """Return the same for values in which a template alone keeps its type, such as a model's params."""
    return _map(
        value,
        lambda text: (
            _typed_jinja(found, params) if (found := PARAM.fullmatch(text)) else as_jinja(text, params)
        ),
    )


def fill_params(value: Any, params: Params, values: Mapping[str, Any] | None = None) -> Any:
    """Return a value with its params' templates filled.

    What only the run knows stays a template: its date as `{{ params.NAME or ds }}`, and a param that has no value.

    Args:
        value: A text, or a list or mapping of values.
        params: The declared params.
        values: Those that are set; the others have their defaults.
    """
    known = param_values(params, values)
    return _map(value, lambda text: PARAM.sub(lambda found: _filled(found, params, known), text))


def fill_typed_params(value: Any, params: Params) -> Any:
    """Return the same with the defaults for values in which a template alone keeps its type, such as a model's params."""
    known = param_values(params)

    def fill(text: str) -> Any:
        alone = PARAM.fullmatch(text)
        return known[alone["name"]] if alone and alone["name"] in known else fill_params(text, params)

    return _map(value, fill)


def param_values(params: Params, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the values of a run's params: those that are set, else the defaults; none of one that has neither."""
    defaults = {name: param.default_value for name, param in params.items() if param.default is not None}
    return {**defaults, **(values or {})}


def series_output(config: PipelineConfig, values: Mapping[str, Any] | None = None) -> str:
    """Return the output of a pipeline's models for one choice of params: each choice has a series of its own.

    Args:
        config: The pipeline's config.
        values: The params that are set; the others have their defaults.
    """
    return str(fill_params(config.output.url, config.params, values))


def params_in(value: Any) -> list[str]:
    """Return the names of the params whose templates a value contains, each once."""
    return list(dict.fromkeys(found["name"] for text in _texts(value) for found in PARAM.finditer(text)))


def _jinja(found: re.Match[str], text: str, params: Params) -> str:
    param = params.get(found["name"])
    if param is None:
        return found[0]
    expression = f"params.{found['name']}{RUN_DATE if param.is_run_date else _CONVERTED.get(param.type, '')}"
    is_typed_alone = found[0] == text and param.type in ("integer", "number")
    return f"{{{{ {expression}{_AS_TEXT if is_typed_alone else ''} }}}}"


def _typed_jinja(found: re.Match[str], params: Params) -> str:
    param = params.get(found["name"])
    if param and param.type == "boolean":
        return f"{{{{ params.{found['name']} }}}}"
    return _jinja(found, "", params)


def _filled(found: re.Match[str], params: Params, known: Mapping[str, Any]) -> str:
    name = found["name"]
    if name in known:
        return write_param(known[name])
    is_run_date = name in params and params[name].is_run_date
    return f"{{{{ params.{name}{RUN_DATE if is_run_date else ''} }}}}"


def _map(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value) if "{{" in value else value
    if isinstance(value, dict):
        return {key: _map(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_map(inner, change) for inner in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
