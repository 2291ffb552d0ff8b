"""The Kubernetes pod of a task, from a config's resources."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from refinery.rendering.executors import KUBERNETES, executor_classes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubernetes.client import V1Pod

CONTAINER = "base"  # the executor's name for the container that runs the task
GPU = "nvidia.com/gpu"


def executor_arguments(resources: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an operator's arguments for its executor: a pod if Airflow runs tasks on Kubernetes, else none.

    Args:
        resources: ``cpu`` in cores or such as "500m", ``memory`` such as "16Gi", the number of ``gpu``, ``image``, and
            ``node_selector``, labels of the node.
    """
    if not resources or KUBERNETES not in executor_classes():
        return {}
    return {"executor_config": {"pod_override": make_pod(resources)}}


def make_pod(resources: Mapping[str, Any]) -> V1Pod:
    """Return the pod that the executor merges into its own template.

    Requests are also limits: a task gets all of its cores and memory, and can count them.
    """
    from kubernetes import client

    amounts = {
        name: str(resources[key])
        for key, name in (("cpu", "cpu"), ("memory", "memory"), ("gpu", GPU))
        if resources.get(key) is not None
    }
    container = client.V1Container(
        name=CONTAINER,
        image=resources.get("image"),
        resources=client.V1ResourceRequirements(requests=amounts, limits=amounts) if amounts else None,
    )
    node_selector = resources.get("node_selector")
    return client.V1Pod(spec=client.V1PodSpec(containers=[container], node_selector=node_selector))


def whole_cores(resources: Mapping[str, Any] | None) -> int | None:
    """Return the number of cores of a task, rounded up; None if unknown."""
    cpu = (resources or {}).get("cpu")
    if cpu is None:
        return None
    return math.ceil(int(cpu.removesuffix("m")) / 1000 if isinstance(cpu, str) else cpu)
