"""Make pipelines from one config file: read, layer, expand, resolve, validate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.config.checks.outputs import check_overwriting
from refinery.config.checks.run_params import check_params_in_output, check_unused_params
from refinery.config.checks.validation import validate
from refinery.config.checks.values import check_values
from refinery.config.folder import show_path
from refinery.config.models.pipeline import PipelineConfig
from refinery.config.models.variables import MatrixConfig
from refinery.config.pipeline import Pipeline
from refinery.config.problems import Problem, has_errors
from refinery.config.resolve.matrix import MAX_COMBINATIONS, count_combinations, expand_matrix, id_values
from refinery.config.resolve.merging import merge_layers
from refinery.config.resolve.short_forms import choose_keys, expand_short_forms
from refinery.config.salvage import salvage
from refinery.spec.names import MAX_DAG_ID_LENGTH, join_dag_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from refinery.config.resolve.shared import SharedLayers
    from refinery.config.resolve.variables import Variables
    from refinery.config.yaml.node import Node
    from refinery.config.yaml.source_file import SourceFile

    Check = Callable[[Node], Iterable[Problem]]
_EMPTY = "is empty; a config needs at least source, model and output"


@dataclass(frozen=True, slots=True)
class ReadConfig:
    """One config under one environment.

    Attributes:
        pipelines: Its pipelines; none if the file or a layer below it has an error.
        problems: The problems of the file and the layers.
        source: Its text; None if it cannot be read.
        layers: The texts below it.
        used: The variables that it uses.
        size: What it expands to.
    """

    pipelines: list[Pipeline]
    problems: list[Problem]
    source: SourceFile | None = None
    layers: tuple[SourceFile, ...] = ()
    used: frozenset[str] = frozenset()
    size: int = 0

    def is_still(self, source: SourceFile | None, layers: tuple[SourceFile, ...]) -> bool:
        """Return whether the config is healthy and the texts that it was made of are still the same."""
        # Healthy texts are kept as one object; see `Readings`.
        return not self.problems and self.source is source and self.layers == layers


def choose_file(files: list[str], parts: tuple[str, ...], layers: SharedLayers) -> str:
    """Return which of two files of a name is loaded: the first valid one, else the first."""
    if len(files) == 1:
        return files[0]
    healthy = (file for file in files if not has_errors(read_pipelines(file, parts, layers).problems))
    return next(healthy, files[0])


def read_pipelines(
    file: str,
    parts: tuple[str, ...],
    layers: SharedLayers,
    *,
    only: str | None = None,
    check: Check | None = None,
    with_errors: bool = False,
) -> ReadConfig:
    """Return the pipelines of one file.

    Args:
        file: The path of the config in the configs' folder.
        parts: Its path below the configs' folder, without suffix.
        layers: The layers below it.
        only: The one DAG id to make if a matrix makes many.
        check: Further checks of a resolved tree, which may be invalid: all problems are reported in one pass.
        with_errors: As of `load_project`.
    """
    below = layers.below(parts[:-1])
    problems: list[Problem] = []
    reading = layers.readings.read(layers.folder, file, problems)
    source, own = reading.source, reading.tree
    if source is None or own is None:
        layers.environment.variables.note_uses(source.text if source else "")
        empty = Problem(show_path(layers.folder, file), 1, 1, "", _EMPTY, "empty-file")
        return ReadConfig([], problems or [empty])
    problems += below.problems
    variables = layers.environment.variables.afresh()
    tree = expand_short_forms(own)
    if below.tree is not None:
        tree = merge_layers(below.tree, tree)
    pipelines = []
    layers.expansion.begin_config()
    for dag_id, combination in _combinations(parts, tree, variables, problems):
        if only in (None, dag_id):
            resolved = _resolve(tree, combination, variables, problems)
            if too_large := layers.expansion.add(tree, resolved):
                problems.append(too_large)
                break
            problems += check_overwriting(resolved)
            problems += check_params_in_output(resolved)
            problems += check(resolved) if check else ()
            config = validate(PipelineConfig, resolved, problems)
            problems += check_unused_params(resolved, source)
            if config is None and with_errors and (salvaged := salvage(resolved)):
                config, resolved = salvaged
            if config:
                made = _make(
                    dag_id,
                    source,
                    config,
                    resolved,
                    combination=combination,
                    folders=parts[:-1],
                    layers=below.sources,
                )
                pipelines.append(made)
    layers.environment.variables.used |= variables.used
    layers.readings.forget(problems)
    if has_errors(problems) and not with_errors:
        pipelines = []
    size = layers.expansion.of_config
    return ReadConfig(pipelines, problems, source, below.sources, frozenset(variables.used), size)


def _make(
    dag_id: str,
    source: SourceFile,
    config: PipelineConfig,
    tree: Node,
    *,
    combination: dict[str, Node],
    folders: tuple[str, ...],
    layers: tuple[SourceFile, ...],
) -> Pipeline:
    if combination:
        # From here on only this combination counts, not the lists that it comes from.
        tree = tree.with_value({**tree.entries, "matrix": tree.entries["matrix"].with_value(combination)})
    return Pipeline(
        dag_id=dag_id,
        path=source.path,
        text=source.text,
        config=config,
        tags=tuple(dict.fromkeys((*config.tags, *folders))),
        matrix={axis: node.value for axis, node in combination.items()},
        tree=tree,
        layers=layers,
    )


def _resolve(tree: Node, combination: dict[str, Node], variables: Variables, problems: list[Problem]) -> Node:
    variables = variables.with_matrix(combination)
    matrix = tree.entries.get("matrix")
    if matrix and matrix.value is not None and not combination:
        variables = variables.awaiting_matrix()  # the matrix itself is reported
    resolved = choose_keys(variables.substitute(tree, (), problems))
    params = resolved.entries.get("params")
    check_values(resolved, problems, declared=params.entries.keys() if params else ())
    return resolved


def _combinations(
    parts: tuple[str, ...], tree: Node, variables: Variables, problems: list[Problem]
) -> list[tuple[str, dict[str, Node]]]:
    """Return each DAG id with its values of the matrix; one without values if there is no usable matrix."""
    single: list[tuple[str, dict[str, Node]]] = [(join_dag_id(parts), {})]
    matrix = tree.entries.get("matrix")
    if matrix is None or matrix.value is None:
        return single
    matrix = variables.substitute(matrix, ("matrix",), problems)
    if not isinstance(matrix.value, dict) or not validate_matrix(matrix, problems):
        return single
    combinations = expand_matrix(matrix)
    found: dict[str, dict[str, Node]] = {}
    for combination in combinations:
        dag_id = join_dag_id(parts, id_values(matrix, combination))
        if dag_id in found:
            problems.append(
                matrix.key_problem(
                    "duplicate-id",
                    ("matrix",),
                    f'defines the pipeline "{dag_id}" twice; change one of the values',
                )
            )
        elif len(dag_id) > MAX_DAG_ID_LENGTH:
            message = f'makes the DAG id "{dag_id[:60]}..." of {len(dag_id)} characters; Airflow allows {MAX_DAG_ID_LENGTH}, so shorten the values'
            problems.append(matrix.key_problem("bad-id", ("matrix",), message))
        found[dag_id] = combination
    if not found:
        problems.append(
            matrix.key_problem(
                "empty-matrix",
                ("matrix",),
                "defines no pipeline: it has no values, or exclude removes all of them",
            )
        )
    return list(found.items())


def validate_matrix(matrix: Node, problems: list[Problem]) -> bool:
    """Return whether a matrix can be expanded; problems of its keys are reported with those of the whole config."""
    if validate(MatrixConfig, matrix, []) is None:
        return False
    count = count_combinations(matrix)
    if count > MAX_COMBINATIONS:
        message = f"defines {count:,} pipelines; the limit for one config is {MAX_COMBINATIONS}"
        problems.append(matrix.key_problem("too-many-pipelines", ("matrix",), message))
        return False
    return True
