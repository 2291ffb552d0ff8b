"""Which executors Airflow is set up with, by the names of their classes."""

from __future__ import annotations

import re

KUBERNETES = "KubernetesExecutor"


def executor_classes() -> frozenset[str]:
    """Read Airflow's setting ``core.executor``: one name or several, each perhaps with an alias, a team or a module.

    As ``LocalExecutor``, or ``CeleryExecutor,big:KubernetesExecutor;team_a=my.module.OwnExecutor``.
    """
    from airflow.sdk.configuration import conf

    names = re.split("[,;]", conf.get("core", "executor"))
    return frozenset(re.split("[=:.]", name.strip())[-1] for name in names) - {""}
