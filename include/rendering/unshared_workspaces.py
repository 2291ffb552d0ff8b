"""Finds workspaces that are local folders where Airflow runs the steps of a run on several machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.config import Pipeline


def unshared_workspaces(
    pipelines: Iterable[Pipeline], executor: str, *, environment: str
) -> dict[str, Problem]:
    """Return what is wrong with workspaces that are local folders, by DAG id; those that are declared shared are right.

    Args:
        pipelines: The pipelines.
        executor: What runs their steps on several machines.
        environment: The environment's name, whose file should say the workspace.
    """
    return {
        pipeline.dag_id: _problem(pipeline, executor, environment)
        for pipeline in pipelines
        if not (pipeline.config.workspace.url or pipeline.config.workspace.shared)
    }


def _problem(pipeline: Pipeline, executor: str, environment: str) -> Problem:
    advice = (
        "Name a prefix on S3 (workspace: s3://BUCKET/PREFIX/), or, where every worker sees the folder, say so "
        "(workspace: {path: FOLDER, shared: true})"
    )
    code, key = "local-workspace", ("workspace",)
    if written := pipeline.tree.entries.get("workspace"):
        message = (
            f"is a local folder, and {executor} runs the steps on machines that may not share it. {advice}"
        )
        return written.key_problem(code, key, message)
    file = f"{pipeline.path.partition('/')[0]}/environments/{environment}.yml"
    message = f"is not set under defaults, and {executor} runs the steps on machines that may share no disk. {advice}"
    return Problem(file, 1, 1, key[0], message, code)
