"""Pipelines that go, or go on under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.draft import has
from benchmarks.review.kinds import bad, medium, noted, serious

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding


def renamed(draft: Draft) -> Finding:
    """Rename a config, and leave all else: R040, medium."""
    path = draft.pick(has("require"))
    new = path.replace(".yml", "_daily.yml")
    draft.move(path, new)
    return medium("R040", path, new)


def folder_renamed(draft: Draft) -> Finding:
    """Rename a team's folder: R040, medium."""
    team = draft.random.choice(("churn", "fraud", "demand", "energy"))
    for path in [path for path in draft.files if path.startswith(f"configs/{team}/")]:
        draft.move(path, path.replace(f"configs/{team}/", f"configs/{team}_emea/"))
    return medium("R040", f"configs/{team}/", f"configs/{team}_emea/")


def matrix_value_renamed(draft: Draft) -> Finding:
    """Rename a value of a matrix, which renames two DAGs and moves their outputs: R040, medium."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["matrix"]["region"] = ["europe", "apac", "latam"]
    return medium("R040", path)


def removed(draft: Draft) -> Finding:
    """Remove a pipeline that people outside use: readers of latest.json get no new models; at least medium."""
    path = draft.pick(has("require", "wait_for"))
    del draft.files[path]
    return serious(path)


def value_of_a_matrix_removed(draft: Draft) -> Finding:
    """Remove a region of a matrix, and with it two pipelines: at least medium."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["matrix"]["region"].pop()
    return serious(path)


def single_to_matrix(draft: Draft) -> Finding:
    """Split a pipeline into two by a matrix: readers of its latest.json get no new models; at least medium."""
    path = draft.pick(has("require", "model.class"))
    with draft.edit(path) as config:
        config["output"] = config["output"].replace("/{{ ds }}/", "/${matrix.size}/{{ ds }}/")
        config["matrix"] = {"size": ["small", "large"]}
    return serious(path)


def matrix_to_single(draft: Draft) -> Finding:
    """Replace the six pipelines of a matrix by one: their readers get no new models; at least medium."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["source"] = config["source"].replace("${matrix.region}", "world")
        config["model"] = config.pop("matrix")["model"][0]
        config["output"] = config["output"].replace("${matrix.region}/${matrix.model}", "world")
    return serious(path)


def new_without_checks(draft: Draft) -> Finding:
    """Add a pipeline that promotes whatever it trains, without a contract or a gate: any risk."""
    path = draft.pick(has("require", "model.class"))
    new = path.replace(".yml", "_b2b.yml")
    config = draft.read(path)
    config["output"] = config["output"].replace("/{{ ds }}/", "_b2b/{{ ds }}/")
    del config["expect"], config["require"]
    draft.write(new, config)
    return noted(new)


KINDS = (
    bad(
        "pipelines come and go",
        renamed,
        folder_renamed,
        matrix_value_renamed,
        removed,
        value_of_a_matrix_removed,
        single_to_matrix,
        matrix_to_single,
        new_without_checks,
    ),
)
