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

_BLANKS_IN_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")


def check_overwriting(pipeline: Pipeline) -> list[Problem]:
    """Report an output that each run would write over, unless the config says that it is meant."""
    if pipeline.config.overwrite or set(find_macros(pipeline.config.output.url)) & set(RUN_MACROS):
        return []
    message = (
        "is the same for every run, so each would replace the last one's model; "
        "add a macro of the run, as {{ ds }}, or set overwrite: true"
    )
    return [_report(pipeline, "overwrites", message)]


def check_shared_outputs(pipelines: Iterable[Pipeline]) -> dict[str, Problem]:
    """Report each pipeline that writes to the prefix of another, by its DAG id.

    All of them are reported: which one is right only their writers know.
    """
    by_prefix: dict[str, list[Pipeline]] = defaultdict(list)
    for pipeline in pipelines:
        by_prefix[_normalise(pipeline.config.output.url)].append(pipeline)
    return {
        pipeline.dag_id: _report(pipeline, "shared-output", _explain(pipeline, sharing))
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


def _normalise(url: str) -> str:
    return str(parse_prefix_url(_BLANKS_IN_TEMPLATE.sub(r"{{\1}}", url)))


def _report(pipeline: Pipeline, code: str, message: str) -> Problem:
    output = pipeline.tree.entries["output"]
    url = output.entries["url"]
    return url.problem(code, ("output", "url") if url.key_start else ("output",), message)
