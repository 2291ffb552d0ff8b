"""Draw how a pipeline's tasks change, and what follows it, as Mermaid diagrams, which GitHub shows as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.rendering.diagram import TEARDOWN, label
from refinery.review.formats.escaping import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refinery.review.plan import Follower, Graph

# Readable on white and on black: a border in the sign's color, and no fill.
_STYLES = (
    "classDef added stroke:#1a7f37,stroke-width:3px",
    "classDef removed stroke:#cf222e,stroke-width:3px,stroke-dasharray:5",
)


def changed_graph(before: Graph, after: Graph) -> str:
    """Return a flowchart of both graphs in one: what comes is "new", what goes is "gone"."""
    tasks = list(dict.fromkeys((*after.tasks, *before.tasks)))
    names = {task: f"t{index}" for index, task in enumerate(tasks)}
    return "\n".join(
        ["flowchart LR", *_nodes(names, before, after), *_edges(names, before, after), *_used(before, after)]
    )


def downstream_graph(followers: Sequence[Follower]) -> str:
    """Return a flowchart from the changed pipelines to those that follow them, directly and through others."""
    following = {one.dag_id for one in followers}
    ids = dict.fromkeys(name for one in followers for name in (*one.after, one.dag_id))
    names = {dag_id: f"p{index}" for index, dag_id in enumerate(ids)}
    changed = [name for dag_id, name in names.items() if dag_id not in following]
    return "\n".join(
        [
            "flowchart LR",
            *(f"    {name}[{label(visible(dag_id))}]" for dag_id, name in names.items()),
            *(f"    {names[before]} --> {names[one.dag_id]}" for one in followers for before in one.after),
            "    classDef changed stroke:#9a6700,stroke-width:3px",
            f"    class {','.join(changed)} changed",
        ]
    )


def _nodes(names: dict[str, str], before: Graph, after: Graph) -> Iterator[str]:
    for task, name in names.items():
        shown = visible(task)
        if task not in before.tasks:
            yield f"    {name}[{label(f'{shown} (new)')}]:::added"
        elif task not in after.tasks:
            yield f"    {name}[{label(f'{shown} (gone)')}]:::removed"
        else:
            yield f"    {name}[{label(shown)}]"


def _edges(names: dict[str, str], before: Graph, after: Graph) -> Iterator[str]:
    for edge in dict.fromkeys((*after.edges, *before.edges)):
        first, second = edge
        if edge not in before.edges:
            arrow = "==>"
        elif edge not in after.edges:
            arrow = "-. gone .->"
        else:
            arrow = "-.->" if second == TEARDOWN else "-->"
        yield f"    {names[first]} {arrow} {names[second]}"


def _used(before: Graph, after: Graph) -> Iterator[str]:
    added, removed = _STYLES
    if set(after.tasks) - set(before.tasks):
        yield f"    {added}"
    if set(before.tasks) - set(after.tasks):
        yield f"    {removed}"
