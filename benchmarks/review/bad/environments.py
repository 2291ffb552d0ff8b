"""Changes of one environment: the deployed one, which the project plans for, or the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.kinds import bad, error, high, serious

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding

ALL = "configs/"


def environment(draft: Draft) -> str:
    """Return the path of one of the two environments, each in its turn."""
    return f"configs/environments/{('prod', 'dev')[draft.number % 2]}.yml"


def variable_removed(draft: Draft) -> Finding:
    """Remove a variable that configs use: an error of each in that environment."""
    path = environment(draft)
    with draft.edit(path) as config:
        del config["vars"]["data"]
    return error(ALL)


def gates_of_an_environment_warn(draft: Draft) -> Finding:
    """Make all gates only warn in one environment: R012, high."""
    path = environment(draft)
    with draft.edit(path) as config:
        config["defaults"]["gate"] = "warn"
    return high("R012", ALL)


def models_of_an_environment_move(draft: Draft) -> Finding:
    """Write all models of one environment into another bucket: R002, high."""
    path = environment(draft)
    with draft.edit(path) as config:
        config["vars"]["models"] += "-v2"
    return high("R002", ALL)


def environment_removed(draft: Draft) -> Finding:
    """Remove the file of an environment that a deployment still uses: an error or at least medium."""
    path = environment(draft)
    del draft.files[path]
    return serious(ALL, path)


def misspelt_default(draft: Draft) -> Finding:
    """Misspell a key of an environment's defaults: an error."""
    path = environment(draft)
    with draft.edit(path) as config:
        config["defaults"]["retrys"] = 5
    return error(ALL)


KINDS = (
    bad(
        "environments",
        *(
            rule
            for rule in (variable_removed, gates_of_an_environment_warn, models_of_an_environment_move)
            for _ in range(2)
        ),
        misspelt_default,
        environment_removed,
    ),
)
