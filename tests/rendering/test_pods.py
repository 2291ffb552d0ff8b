"""The pods that a config's resources ask for: Kubernetes takes them, and other executors see none."""

from __future__ import annotations

from datetime import UTC, datetime

import kubernetes_validate
import pytest
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from airflow.serialization.serialized_objects import DagSerialization
from kubernetes import client

from refinery.config import load_pipeline
from refinery.rendering.executors import executor_classes
from refinery.rendering.loader import build_dag

RESOURCES = """\
wait_for: true
resources:
  cpu: 500m
  memory: 2Gi
  node_selector: {disk: ssd}
  steps:
    train_model: {cpu: 8, memory: 64Gi, gpu: 1, image: "registry.example.com/refinery:gpu"}
"""
SMALL = {"cpu": "500m", "memory": "2Gi"}
LARGE = {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "1"}
STEPS = {
    "wait_for_dataset": SMALL,
    "download_dataset": SMALL,
    "train_model": LARGE,
    "upload_model": SMALL,
    "clean_up": SMALL,
}
# As an installation's own pod template: what a config does not say stays.
TEMPLATE = client.V1Pod(
    api_version="v1",
    kind="Pod",
    metadata=client.V1ObjectMeta(name="template", labels={"team": "ml"}),
    spec=client.V1PodSpec(
        service_account_name="airflow",
        containers=[client.V1Container(name="base", image="apache/airflow:3.3.2", env=[])],
    ),
)


@pytest.fixture
def dag(configs, monkeypatch):
    def build(executor, more=RESOURCES):
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
        configs.write("churn", more)
        return build_dag(load_pipeline(configs.root / "configs", "churn"))

    return build


def pod_of(task):
    """The pod that the executor starts for a task: its template under what the task asks for."""
    return PodGenerator.construct_pod(
        dag_id=task.dag_id,
        task_id=task.task_id,
        pod_id="churn-pod",
        try_number=1,
        kube_image="apache/airflow:3.3.2",
        date=datetime(2026, 1, 31, tzinfo=UTC),
        args=["airflow", "tasks", "run"],
        pod_override_object=PodGenerator.from_obj(task.executor_config),
        base_worker_pod=TEMPLATE,
        namespace="airflow",
        scheduler_job_id="1",
    )


@pytest.mark.parametrize(("step", "amounts"), STEPS.items())
def test_each_steps_pod_is_one_that_kubernetes_takes_with_what_the_config_asks_for(dag, step, amounts):
    pod = client.ApiClient().sanitize_for_serialization(pod_of(dag("KubernetesExecutor").get_task(step)))

    kubernetes_validate.validate(pod, "1.34", strict=True)
    (container,) = pod["spec"]["containers"]
    assert container["resources"] == {"requests": amounts, "limits": amounts}
    assert container["args"] == ["airflow", "tasks", "run"]
    is_training = step == "train_model"
    assert container["image"] == (
        "registry.example.com/refinery:gpu" if is_training else "apache/airflow:3.3.2"
    )
    assert pod["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert pod["spec"]["serviceAccountName"] == "airflow"
    assert pod["metadata"]["labels"]["team"] == "ml"


def test_the_pod_reaches_the_scheduler_through_airflows_database(dag):
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag("KubernetesExecutor")))

    pod = stored.get_task("train_model").executor_config["pod_override"]
    assert pod.spec.containers[0].resources.limits == LARGE


@pytest.mark.parametrize("executor", ["LocalExecutor", "CeleryExecutor"])
def test_other_executors_see_no_pod(dag, executor):
    assert all(not task.executor_config for task in dag(executor).tasks)


def test_a_config_without_resources_asks_for_no_pod(dag):
    assert all(not task.executor_config for task in dag("KubernetesExecutor", "").tasks)


@pytest.mark.parametrize(
    ("setting", "classes"),
    [
        ("LocalExecutor", {"LocalExecutor"}),
        ("CeleryExecutor, KubernetesExecutor", {"CeleryExecutor", "KubernetesExecutor"}),
        ("CeleryExecutor,big:KubernetesExecutor", {"CeleryExecutor", "KubernetesExecutor"}),
        ("LocalExecutor;team_a=CeleryExecutor", {"LocalExecutor", "CeleryExecutor"}),
        (
            "airflow.providers.cncf.kubernetes.executors.kubernetes_executor.KubernetesExecutor",
            {"KubernetesExecutor"},
        ),
        ("mine:company.executors.OwnExecutor", {"OwnExecutor"}),
    ],
)
def test_executors_are_known_in_every_form_of_airflows_setting(monkeypatch, setting, classes):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", setting)

    assert executor_classes() == classes
