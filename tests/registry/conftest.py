"""Real S3 servers, one with conditional writes and one without, and models to put there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from refinery.local.object_store import ObjectStore
from refinery.registry import ModelSeries
from tests.moto_server import running_moto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url


@pytest.fixture(scope="session")
def nanio(tmp_path_factory) -> Iterator[S3Client]:
    """A client of the embedded server, which ignores the conditions of a write."""
    with ObjectStore(tmp_path_factory.mktemp("nanio")) as store:
        yield store.client()


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Client]:
    """A client of a server that enforces the conditions of a write, as AWS does."""
    with running_moto() as url:
        yield boto3.client(
            "s3",
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, max_pool_connections=20),
        )


@pytest.fixture
def client(request: pytest.FixtureRequest) -> S3Client:
    """A client of the server with conditional writes, unless a test asks for nanio; its bucket "models" is empty."""
    return emptied(request.getfixturevalue(getattr(request, "param", "moto")))


@pytest.fixture
def series() -> ModelSeries:
    """The models of a pipeline called churn."""
    return ModelSeries.of_output("s3://models/churn/{{ ds }}/")


@pytest.fixture
def put_model(series: ModelSeries) -> Callable[..., S3Url]:
    """Put a model of a date under its prefix: a manifest, changed as told, and a model file of a few bytes."""

    def put(client: S3Client, date: str, *, of: ModelSeries = series, **changes: Any) -> S3Url:
        prefix = of.prefix_of(date)
        client.put_object(Bucket=prefix.bucket, Key=f"{prefix.key}model.pkl", Body=b"a model")
        manifest = json.dumps(make_manifest(date) | changes)
        client.put_object(Bucket=prefix.bucket, Key=f"{prefix.key}manifest.json", Body=manifest)
        return prefix

    return put


@pytest.fixture
def count_requests() -> Callable[[S3Client], list[str]]:
    """Note each request of a client from now on, by its operation."""

    def count(client: S3Client) -> list[str]:
        made: list[str] = []
        client.meta.events.register("before-send.s3.*", lambda request, **_: made.append(request.method))
        return made

    return count


def make_manifest(date: str) -> dict[str, Any]:
    run = {"dag_id": "churn", "run_id": f"scheduled__{date}", "logical_date": f"{date}T00:00:00+00:00"}
    return {
        "created_at": f"{date}T01:00:00+00:00",
        "metrics": {"r2": 0.5},
        "model": {"name": "random_forest", "kind": "module"},
        "params": {"depth": 3},
        "files": {"model.pkl": {"size": 7, "sha256": "0" * 64}},
        "provenance": {"run": run},
    }


def emptied(client: S3Client) -> S3Client:
    if "models" not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket="models")
    while stored := client.list_objects_v2(Bucket="models").get("Contents", []):
        client.delete_objects(Bucket="models", Delete={"Objects": [{"Key": item["Key"]} for item in stored]})
    return client
