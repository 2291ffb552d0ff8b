"""The links that Airflow shows on a task. Their addresses are found while the step runs, and kept in XCom by Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from airflow.configuration import conf
from airflow.sdk import BaseOperatorLink

from refinery.git import ask_git
from refinery.git_pages import find_git_pages
from refinery.spec.urls import S3Url
from refinery.web.mount import URL_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.types import TaskInstanceKey
    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import HttpUrl

DATASET, MODEL_CARD, MANIFEST, PLAN, CONSOLE = "Dataset", "Model card", "Manifest", "Plan", "S3 console"
# AWS's partitions, and where each has its console.
_CONSOLES = {
    "aws": "https://s3.console.aws.amazon.com",
    "aws-cn": "https://console.amazonaws.cn",
    "aws-us-gov": "https://console.amazonaws-us-gov.com",
}
_AWS = (".amazonaws.com", ".amazonaws.com.cn")


class StepLink(BaseOperatorLink):
    """A link to what `PipelineOperator.links` holds under its name once the step has run; none where that is missing."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """What Airflow writes on it."""
        return self._name

    @property
    def xcom_key(self) -> str:
        """The key of its address in XCom."""
        return f"link_{self._name.lower().replace(' ', '_')}"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - as Airflow calls it
        """Return its address; empty where there is none."""
        links: dict[str, str] = operator.links  # type: ignore[attr-defined]
        return links.get(self._name, "")


def model_page(context: Context) -> str:
    """Return the address of a run's page about its model, in Airflow."""
    run = context["dag_run"]
    return (
        f"{_airflow()}/dags/{quote(run.dag_id, safe='')}/runs/{quote(run.run_id, safe='')}/plugin/run-model"
    )


def manifest_page(context: Context, task_id: str) -> str:
    """Return the address of the manifest of a task's model, which Airflow's web server reads wherever that is."""
    run = context["dag_run"]
    query = urlencode({"run_id": run.run_id, "task_id": task_id})
    return f"{_airflow()}{URL_PREFIX}/dags/{quote(run.dag_id, safe='')}/run/manifest?{query}"


def _airflow() -> str:
    return str(conf.get("api", "base_url", fallback="")).rstrip("/")


def plan_page(project: Path, config: str) -> str:
    """Return the address of the pull request, with its plan, that changed a config last; empty where git does not know it.

    Args:
        project: The project's root folder.
        config: The config's path in it.
    """
    pages = find_git_pages(project)
    revision = ask_git(project, "log", "-1", "--format=%H", "--", config) if pages else None
    return pages.review(revision) if pages and revision else ""


def source_page(url: S3Url | HttpUrl, client: S3Client | None) -> str:
    """Return the address of a dataset's page: in AWS's console, or its own on a web server; empty where it has none.

    Args:
        url: The dataset; of a pattern, the folder is shown.
        client: The client that reads it, for a dataset on S3.
    """
    if not isinstance(url, S3Url):
        return str(url)
    return console_page(url, client) if client else ""


def console_page(url: S3Url, client: S3Client) -> str:
    """Return the address of an object or a prefix in AWS's console; empty for any other server.

    Args:
        url: The object, or the prefix, which ends with a slash.
        client: The client for it.
    """
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    console = _CONSOLES.get(client.meta.partition)
    if console is None or not host.endswith(_AWS):
        return ""
    folder = url.key.removesuffix(url.file_name) if url.is_pattern else url.key
    kind = "object" if folder and not folder.endswith("/") else "buckets"
    query = {"region": client.meta.region_name, "prefix": folder}
    return f"{console}/s3/{kind}/{url.bucket}?{urlencode(query)}"
