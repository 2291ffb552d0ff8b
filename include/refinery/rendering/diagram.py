"""Draw a pipeline's tasks as a Mermaid diagram, which GitHub and editors show as a picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from refinery.rendering.dag_factory import dag_factory_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refinery.config import Pipeline

TEARDOWN = "clean_up"  # a dotted line leads to it, since it runs whatever happened before


def mermaid_diagram(pipeline: Pipeline) -> str:
    """Return a flowchart of the tasks in order, with what the pipeline reads and writes."""
    tasks = list(dag_factory_config(pipeline)["tasks"])
    config = pipeline.config
    lines = [
        "flowchart LR",
        *_data("source", config.source.url),
        *_data("output", [config.output.url]),
        *(_arrow(first, second) for first, second in pairwise(tasks)),
        *(_arrow(f"source{index}", "download_dataset") for index in range(len(config.source.url))),
        f"    train_model --- model[{label(config.model.name)}]",
        _arrow("upload_model", "output0"),
    ]
    return "\n".join(lines) + "\n"


def label(text: str) -> str:
    """Quote a text for Mermaid, which escapes a character as # and its code."""
    escaped = "".join(f"#{ord(character)};" if character in '"#&<>`' else character for character in text)
    return f'"{escaped}"'


def _arrow(first: str, second: str) -> str:
    return f"    {first} {'-.->' if second == TEARDOWN else '-->'} {second}"


def _data(name: str, urls: Sequence[str]) -> Iterator[str]:
    for index, url in enumerate(urls):
        yield f"    {name}{index}[({label(url)})]"
