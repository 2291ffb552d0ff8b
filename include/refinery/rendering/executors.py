"""The executors in Airflow's configuration, by class name."""

from __future__ import annotations

import re

KUBERNETES = "KubernetesExecutor"
LOCAL = "LocalExecutor"


def executor_classes() -> frozenset[str]:
    """Read Airflow's setting ``core.executor``: one or more names, optionally with an alias, a team or a module.

    For example ``LocalExecutor``, or ``CeleryExecutor,big:KubernetesExecutor;team_a=my.module.OwnExecutor``.
    """
    from airflow.providers.common.compat.sdk import conf

    names = re.split("[,;]", conf.get("core", "executor"))
    return frozenset(map(_class_name, names)) - {""}


def spreading_executor() -> str | None:
    """Return the executor that may run the steps of a run on several machines; None if all run on one machine.

    The first of a list is the default, and pipelines do not choose another. A pipeline's team is not known while it is parsed,
    so the default of any team counts, if Airflow uses teams. A custom executor counts as one that uses several machines.
    """
    from airflow.providers.common.compat.sdk import conf

    heeds_teams = conf.getboolean("core", "multi_team", fallback=False)
    for part in conf.get("core", "executor").split(";"):
        team, _, names = part.rpartition("=")
        executor = _class_name(names.split(",")[0])
        if executor != LOCAL and (heeds_teams or not team):
            return executor
    return None


def _class_name(name: str) -> str:
    return re.split("[=:.]", name.strip())[-1]
