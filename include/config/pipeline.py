"""Make pipelines of one config file: read, layer, expand, resolve, validate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.config.checks.outputs import check_overwriting
from include.config.checks.validation import validate
from include.config.checks.values import check_values
from include.config.keys.matrix import MatrixConfig
from include.config.keys.pipeline import PipelineConfig
from include.config.layers.matrix import MAX_COMBINATIONS, count_combinations, expand_matrix, id_values
from include.config.layers.merging import merge_layers
from include.config.layers.names import MAX_DAG_ID_LENGTH, join_dag_id
from include.config.layers.short_forms import choose_keys, expand_short_forms
from include.config.problems import Problem, has_errors
from include.config.text.reader import read_yaml
from include.config.text.source_file import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from include.config.layers.shared import SharedLayers
    from include.config.text.node import Node
    from include.config.text.source_file import SourceFile

    Check = Callable[[Node], Iterable[Problem]]
_EMPTY = "is empty; a config needs at least source, model and output"


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A pipeline whose config is right in itself.

    Attributes:
        dag_id: The id of its DAG.
        path: Its config as people see it, as "configs/team_a/churn.yml".
        text: The config as written.
        config: What it says, with all layers under it and all variables in place.
        tags: The tags of its DAG: those of all layers, and its folders' names.
        matrix: The values of its combination of the matrix, by axis; empty without one.
        tree: The values with the places where they were written.
        layers: The files below the config, the farthest first: defaults of the project and its folders, the environment.
    """

    dag_id: str
    path: str
    text: str
    config: PipelineConfig
    tags: tuple[str, ...]
    matrix: Mapping[str, Any]
    tree: Node = field(repr=False)
    layers: tuple[SourceFile, ...] = field(default=(), repr=False)


def read_pipelines(
    file: Path,
    parts: tuple[str, ...],
    layers: SharedLayers,
    *,
    only: str | None = None,
    check: Check | None = None,
) -> tuple[list[Pipeline], list[Problem]]:
    """Make the pipelines of one file.

    Args:
        file: The config.
        parts: Its path below the configs' folder, without suffix.
        layers: What lies below it.
        only: The one DAG id to make, where a matrix makes many.
        check: Further checks of a resolved tree, which may be wrong in itself: all problems are told in one pass.

    Returns:
        The pipelines, none where the file or a layer below it has an error; and the file's and the layers' problems.
    """
    below = layers.below(parts[:-1])
    problems: list[Problem] = []
    path = "/".join((file.parents[len(parts) - 1].name, *parts[:-1], file.name))
    source = read_source(file, path, problems)
    own = read_yaml(source, problems) if source else None
    if own is None:
        layers.environment.variables.note_uses(source.text if source else "")
        return [], problems or [Problem(path, 1, 1, "", _EMPTY, "empty-file")]
    problems += below.problems
    tree = expand_short_forms(own)
    if below.tree is not None:
        tree = merge_layers(below.tree, tree)
    pipelines = []
    for dag_id, combination in _combinations(parts, tree, layers, problems):
        if only in (None, dag_id):
            resolved = _resolve(tree, combination, layers, problems)
            problems += check_overwriting(resolved)
            problems += check(resolved) if check else ()
            config = validate(PipelineConfig, resolved, problems)
            if config:
                made = _make(
                    dag_id,
                    own.source,
                    config,
                    resolved,
                    combination=combination,
                    folders=parts[:-1],
                    layers=below.sources,
                )
                pipelines.append(made)
    return ([], problems) if has_errors(problems) else (pipelines, problems)


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
        # What counts from here on is the one combination, not the lists that it was made of.
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


def _resolve(tree: Node, combination: dict[str, Node], layers: SharedLayers, problems: list[Problem]) -> Node:
    variables = layers.environment.variables.with_matrix(combination)
    matrix = tree.entries.get("matrix")
    if matrix and matrix.value is not None and not combination:
        variables = variables.awaiting_matrix()  # the matrix itself is reported
    resolved = choose_keys(variables.substitute(tree, (), problems))
    check_values(resolved, problems)
    return resolved


def _combinations(
    parts: tuple[str, ...], tree: Node, layers: SharedLayers, problems: list[Problem]
) -> list[tuple[str, dict[str, Node]]]:
    """Return each DAG id with its values of the matrix; one without values where there is no usable matrix."""
    single: list[tuple[str, dict[str, Node]]] = [(join_dag_id(parts), {})]
    matrix = tree.entries.get("matrix")
    if matrix is None or matrix.value is None:
        return single
    matrix = layers.environment.variables.substitute(matrix, ("matrix",), problems)
    if not isinstance(matrix.value, dict) or not validate_matrix(matrix, problems):
        return single
    combinations = expand_matrix(matrix)
    found: dict[str, dict[str, Node]] = {}
    for combination in combinations:
        dag_id = join_dag_id(parts, id_values(matrix, combination))
        if dag_id in found:
            problems.append(
                matrix.key_problem("duplicate-id", ("matrix",), f'makes the pipeline "{dag_id}" twice')
            )
        elif len(dag_id) > MAX_DAG_ID_LENGTH:
            message = f'makes the DAG id "{dag_id[:60]}..." of {len(dag_id)} characters; Airflow takes {MAX_DAG_ID_LENGTH}'
            problems.append(matrix.key_problem("bad-id", ("matrix",), message))
        found[dag_id] = combination
    if not found:
        problems.append(
            matrix.key_problem(
                "empty-matrix", ("matrix",), "makes no pipeline: it has no values, or exclude leaves none"
            )
        )
    return list(found.items())


def validate_matrix(matrix: Node, problems: list[Problem]) -> bool:
    """Tell whether a matrix can be expanded; what is wrong in its keys is reported with the whole config's."""
    if validate(MatrixConfig, matrix, []) is None:
        return False
    count = count_combinations(matrix)
    if count > MAX_COMBINATIONS:
        message = f"makes {count:,} pipelines; at most {MAX_COMBINATIONS} may come from one config"
        problems.append(matrix.key_problem("too-many-pipelines", ("matrix",), message))
        return False
    return True
