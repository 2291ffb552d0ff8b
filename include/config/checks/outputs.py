"""Check where pipelines write: each run to a place of its own, and no two pipelines to one."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from include.config.checks.values import RUN_MACROS, find_macros
from include.config.problems import list_names
from include.urls import parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.config.pipeline import Pipeline
    from include.config.problems import Problem
    from include.config.text.node import Node

_BLANKS_IN_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")


def check_overwriting(tree: Node) -> list[Problem]:
    """Report an output that each run would write over, unless the config says that it is meant.

    Args:
        tree: The resolved values; they may be wrong in themselves.
    """
    output = tree.entries.get("output")
    url = output.entries.get("url") if output else None
    overwrite = tree.entries.get("overwrite")
    if (
        url is None
        or not isinstance(url.value, str)
        or url.is_broken
        or (overwrite and overwrite.value is True)
    ):
        return []
    if set(find_macros(url.value)) & set(RUN_MACROS):
        return []
    message = (
        "is the same for every run, so each would replace the last one's model; "
        "add a macro of the run, as {{ ds }}, or set overwrite: true"
    )
    return [_report(url, "overwrites", message)]


def check_shared_outputs(pipelines: Iterable[Pipeline]) -> dict[str, Problem]:
    """Report each pipeline that writes to the prefix of another, by its DAG id.

    All of them are reported: which one is right only their writers know.
    """
    by_prefix: dict[str, list[Pipeline]] = defaultdict(list)
    for pipeline in pipelines:
        by_prefix[normalise_output(pipeline.config.output.url)].append(pipeline)
    return {
        pipeline.dag_id: _report(_url(pipeline), "shared-output", _explain(pipeline, sharing))
        for sharing in by_prefix.values()
        if len(sharing) > 1
        for pipeline in sharing
    }


def _explain(pipeline: Pipeline, sharing: list[Pipeline]) -> str:
    others = [other for other in sharing if other is not pipeline]
    elsewhere = list_names([other.dag_id for other in others if other.path != pipeline.path])
    if elsewhere:
        return f"is written by {elsewhere} too; give each pipeline a prefix of its own"
    return f"is the same for {len(sharing)} pipelines of the matrix; use ${{matrix.{next(iter(pipeline.matrix))}}} in it"


def normalise_output(url: str) -> str:
    """Write an output in one way, so that equal ones are equal texts: as s3://, its templates with single blanks."""
    return str(parse_prefix_url(_BLANKS_IN_TEMPLATE.sub(r"{{ \1 }}", url)))


def _url(pipeline: Pipeline) -> Node:
    return pipeline.tree.entries["output"].entries["url"]


def _report(url: Node, code: str, message: str) -> Problem:
    return url.problem(code, ("output", "url") if url.key_start else ("output",), message)
