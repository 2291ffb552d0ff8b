"""Check where pipelines write: each run to its own prefix, and no two pipelines to the same one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from refinery.config.checks.run_params import find_meetings, run_date_macros
from refinery.config.checks.values import RUN_MACROS, find_macros
from refinery.config.run_params import series_output
from refinery.spec.series import latest_url
from refinery.spec.urls import parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from refinery.config.pipeline import Pipeline
    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node

SHARED_OUTPUT = "shared-output"
_BLANKS_IN_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")


def check_overwriting(tree: Node) -> list[Problem]:
    """Return a problem for an output that each run would overwrite, unless the config allows it.

    Args:
        tree: The resolved values; they may be invalid.
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
    if set(find_macros(url.value)) & {*RUN_MACROS, *run_date_macros(tree)}:
        return []
    message = (
        "is the same for every run, so each run would replace the previous model; "
        "add a macro such as {{ ds }}, or set overwrite: true"
    )
    return [_report(url, "overwrites", message)]


def check_shared_outputs(pipelines: Iterable[Pipeline]) -> dict[str, Problem]:
    """Return a problem for each pipeline that shares `latest.json` with another, by DAG id; all but the one that keeps running.

    Each would take the other's newest model for its own. That happens if outputs are equal, and if only their templates differ.

    Files have no reliable age, so the one whose DAG id sorts first keeps running. A config whose own pipelines share a prefix is
    invalid by itself and blocks no other.
    """
    pipelines = list(pipelines)
    by_latest: dict[str, list[Pipeline]] = defaultdict(list)
    for pipeline in pipelines:
        by_latest[latest_of(pipeline)].append(pipeline)
    problems = (_find_sharing(sharing) for sharing in by_latest.values() if len(sharing) > 1)
    found = {pipeline.dag_id: problem for sharing in problems for pipeline, problem in sharing}
    for reaching, other in find_meetings(one for one in pipelines if one.dag_id not in found):
        found[reaching.dag_id] = _report(_url(reaching), SHARED_OUTPUT, _describe_meeting(other))
    return found


def _find_sharing(sharing: list[Pipeline]) -> Iterator[tuple[Pipeline, Problem]]:
    count = Counter(pipeline.path for pipeline in sharing)
    for pipeline in sharing:
        if count[pipeline.path] > 1:
            axis = next(iter(pipeline.matrix))
            message = f"is the same for {count[pipeline.path]} pipelines of the matrix; add ${{matrix.{axis}}} to it"
            yield pipeline, _report(_url(pipeline), SHARED_OUTPUT, message)
    alone = sorted((one for one in sharing if count[one.path] == 1), key=lambda one: one.dag_id)
    for pipeline in alone[1:]:
        message = f"{_describe_sharing(pipeline, alone[0])}, which keeps running because its id sorts first; give this pipeline another prefix"
        yield pipeline, _report(_url(pipeline), SHARED_OUTPUT, message)


def report_newcomer(newcomer: Pipeline, holder: Pipeline) -> Problem:
    """Return the problem of a new pipeline that takes the output of an existing one."""
    message = (
        f"{_describe_sharing(newcomer, holder)}, which existed before and stops running because {newcomer.dag_id} sorts first; "
        "give this pipeline another prefix"
    )
    return _report(_url(newcomer), SHARED_OUTPUT, message)


def _describe_sharing(pipeline: Pipeline, other: Pipeline) -> str:
    outputs = {normalise_output(series_output(one.config)) for one in (pipeline, other)}
    if len(outputs) == 1:
        return f"is also the output of {other.dag_id} ({other.path})"
    return f"shares {latest_of(pipeline)}, and with it the latest model, with {other.dag_id} ({other.path})"


def _describe_meeting(other: Pipeline) -> str:
    return (
        f"becomes the output of {other.dag_id} ({other.path}) for one of the values that its params may have; write a folder of "
        "this pipeline's own in front of them"
    )


def latest_of(pipeline: Pipeline) -> str:
    """Return the `latest.json` of a pipeline, which no other pipeline may share."""
    return _latest_of_output(series_output(pipeline.config))


@lru_cache(maxsize=1 << 15)  # asked again for each version of a project
def _latest_of_output(url: str) -> str:
    return str(latest_url(parse_prefix_url(normalise_output(url))))


def normalise_output(url: str) -> str:
    """Return an output in its normal form, so that equal ones are equal texts: s3://, templates with single spaces."""
    return str(parse_prefix_url(_BLANKS_IN_TEMPLATE.sub(r"{{ \1 }}", url)))


def _url(pipeline: Pipeline) -> Node:
    return pipeline.tree.entries["output"].entries["url"]


def _report(url: Node, code: str, message: str) -> Problem:
    return url.problem(code, ("output", "url") if url.key_start else ("output",), message)
