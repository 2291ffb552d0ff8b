"""The Kubernetes pod of a task: what a config's resources ask for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from include.rendering.executors import KUBERNETES, executor_classes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubernetes.client import V1Pod

CONTAINER = "base"  # the executor's own name for the container that runs the task
GPU = "nvidia.com/gpu"


def executor_arguments(resources: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an operator is made with for its executor: a pod where Airflow runs tasks on Kubernetes, else nothing.

    Args:
        resources: ``cpu`` in cores or as "500m", ``memory`` as "16Gi", ``gpu`` their number, ``image``, and
            ``node_selector``, labels of the node.
    """
    if not resources or KUBERNETES not in executor_classes():
        return {}
    return {"executor_config": {"pod_override": make_pod(resources)}}


def make_pod(resources: Mapping[str, Any]) -> V1Pod:
    """Return the pod that the executor lays over its own template.

    What is asked for is also the limit: a task gets its cores and memory whole, and can count them.
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
    """Return how many cores a task is given, rounded up; None where nothing says it."""
    cpu = (resources or {}).get("cpu")
    if cpu is None:
        return None
    return math.ceil(int(cpu.removesuffix("m")) / 1000 if isinstance(cpu, str) else cpu)
