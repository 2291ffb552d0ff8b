"""``--param NAME=VALUE``: a run's params as a person names them, and the series of models that they choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from refinery.errors import RefineryError
from refinery.wording import list_names, suggest_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from refinery.config import Pipeline
    from refinery.registry import ModelSeries
    from refinery.spec.urls import S3Url

_OPTION = "--param"
ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        _OPTION,
        "-p",
        metavar="NAME=VALUE",
        help="A param of the run, such as region=eu; repeat it for several. Default: the config's defaults.",
        show_default=False,
    ),
]


class UnsetParamError(RefineryError):
    """Which models are meant depends on a param that has no default and is not set."""


def read_params(given: Sequence[str] | None, pipelines: Iterable[Pipeline]) -> dict[str, dict[str, Any]]:
    """Return the params that a command sets, by DAG id: each where it is declared.

    Args:
        given: Texts such as "region=eu".
        pipelines: The pipelines that the command names.

    Raises:
        typer.BadParameter: No pipeline declares one of them, or its value is not allowed.
    """
    chosen = list(pipelines)
    found: dict[str, dict[str, Any]] = {pipeline.dag_id: {} for pipeline in chosen}
    for text in given or ():
        name, mark, value = text.partition("=")
        if not mark:
            raise typer.BadParameter(f'"{text}" has no value; write NAME=VALUE', param_hint=_OPTION)
        declaring = [pipeline for pipeline in chosen if name in pipeline.config.params]
        if not declaring:
            known = {known for pipeline in chosen for known in pipeline.config.params}
            message = f'no param is called "{name}"{suggest_name(name, known)}'
            raise typer.BadParameter(message, param_hint=_OPTION)
        for pipeline in declaring:
            found[pipeline.dag_id][name] = _parse(pipeline, name, value)
    return found


def require_params(pipelines: Iterable[Pipeline], given: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse runs that lack the value of a param.

    Raises:
        RefineryError: A param has no default and is not given.
    """
    for pipeline in pipelines:
        unset = _unset(pipeline, given[pipeline.dag_id], pipeline.config.params)
        if unset:
            raise RefineryError(
                f"{pipeline.dag_id} needs a value for {list_names(unset)}; add {_OPTION} {unset[0]}=VALUE."
            )


def series_of(pipeline: Pipeline, params: Mapping[str, Any] | None = None) -> ModelSeries:
    """Return the models of a pipeline for one choice of its params.

    Args:
        pipeline: The pipeline.
        params: The params that are set; the others have their defaults.

    Raises:
        UnsetParamError: A param in the output has no default and is not set.
    """
    from refinery.config import params_in, series_output
    from refinery.registry import ModelSeries

    if unset := _unset(pipeline, params or {}, params_in(pipeline.config.output.url)):
        raise UnsetParamError(
            f"{pipeline.dag_id} has separate models for each {unset[0]}, which has no default; add {_OPTION} {unset[0]}=VALUE."
        )
    return ModelSeries.of_output(series_output(pipeline.config, params))


def find_version(pipeline: Pipeline, prefix: S3Url) -> tuple[str, dict[str, Any]] | None:
    """Return which version of a pipeline has a prefix, and the params of its series; None if it is not the pipeline's."""
    from refinery.config import fill_params
    from refinery.registry import ModelSeries

    declared = pipeline.config.params
    dates = {name: param for name, param in declared.items() if param.is_run_date}
    every = ModelSeries.of_output(str(fill_params(pipeline.config.output.url, dates)))
    version = every.version_of(prefix)
    if version is None:
        return None
    params: dict[str, Any] = {}
    for macro, text in zip(every.macros, version.partition("@")[0].split("/"), strict=False):
        name = macro.removeprefix("params.")
        if macro != name:
            try:
                params[name] = declared[name].parse(text)
            except ValueError:
                return None
    found = series_of(pipeline, params).version_of(prefix)
    return (found, params) if found else None


def _unset(pipeline: Pipeline, given: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    declared = pipeline.config.params
    return [name for name in names if name in declared and declared[name].is_required and name not in given]


def _parse(pipeline: Pipeline, name: str, value: str) -> Any:
    try:
        return pipeline.config.params[name].parse(value)
    except ValueError as error:
        raise typer.BadParameter(f"{name}: {error}", param_hint=_OPTION) from error
