"""Which executors Airflow is set up with, by the names of their classes."""

from __future__ import annotations

import re

KUBERNETES = "KubernetesExecutor"
LOCAL = "LocalExecutor"


def executor_classes() -> frozenset[str]:
    """Read Airflow's setting ``core.executor``: one name or several, each perhaps with an alias, a team or a module.

    As ``LocalExecutor``, or ``CeleryExecutor,big:KubernetesExecutor;team_a=my.module.OwnExecutor``.
    """
    from airflow.sdk.configuration import conf

    names = re.split("[,;]", conf.get("core", "executor"))
    return frozenset(map(_class_name, names)) - {""}


def spreading_executor() -> str | None:
    """Return the executor that may run the steps of a run on several machines; None where all run on one.

    The first of a list runs what names none, and pipelines name none. Which team a pipeline is of is not known while it is
    parsed: any team's first one counts, where Airflow heeds teams. An executor of one's own is taken for a spreading one.
    """
    from airflow.sdk.configuration import conf

    heeds_teams = conf.getboolean("core", "multi_team", fallback=False)
    for part in conf.get("core", "executor").split(";"):
        team, _, names = part.rpartition("=")
        executor = _class_name(names.split(",")[0])
        if executor != LOCAL and (heeds_teams or not team):
            return executor
    return None


def _class_name(name: str) -> str:
    return re.split("[=:.]", name.strip())[-1]
