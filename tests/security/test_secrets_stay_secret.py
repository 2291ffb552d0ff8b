"""No key of a connection is found in anything that a run leaves: logs, XCom, rendered fields, manifest, card, files."""

from __future__ import annotations

import json
import subprocess

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from refinery.local.environment import airflow_environment
from refinery.local.object_store import ObjectStore
from refinery.local.quick_start import start_command

pytestmark = pytest.mark.slow

KEYS = {
    "login": "AKIAZQ3EXAMPLE7WKEY1",
    "password": "kD8/sWq2+Xo7vRz1TnB5uYh3LmC9aPf4EgJ6iKt0",
    "token": "IQoJb3JpZ2luX2VjEXAMPLETOKEN0123456789",
}
PETROL = ("iasd-data-in-the-cloud", "petrol_consumption.csv")


def connection(endpoint):
    extra = {
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "aws_session_token": KEYS["token"],
        "config_kwargs": {"s3": {"addressing_style": "path"}},
    }
    return json.dumps(
        {"conn_type": "aws", "login": KEYS["login"], "password": KEYS["password"], "extra": extra}
    )


@pytest.fixture
def run(project_copy, copy_database, tmp_path):
    """Run a pipeline as `airflow dags test` does, and return its exit status and all that it printed."""

    def run_pipeline(endpoint):
        home = tmp_path / "airflow"
        settings = airflow_environment(project_copy, home=home, s3_connection=connection(endpoint))
        copy_database(home)
        return subprocess.run(
            start_command("airflow", "dags", "test", "petrol_consumption", "2026-01-31"),
            env={**settings, "AWS_EC2_METADATA_DISABLED": "true"},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    return run_pipeline


def assert_no_key_in(texts):
    for name, text in texts.items():
        found = [kind for kind, key in KEYS.items() if key.encode() in text]
        assert not found, f"{name} holds the {', '.join(found)}"


def files_below(folder):
    """All files of a run: Airflow's database with XComs and rendered fields is one of them."""
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_run_that_goes_well_leaves_no_key(run, project, tmp_path):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        s3 = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEYS["login"],
            aws_secret_access_key=KEYS["password"],
            config=Config(s3={"addressing_style": "path"}),
        )
        for bucket in ("models", PETROL[0]):
            s3.create_bucket(Bucket=bucket)
        s3.upload_file(str(project.joinpath("include/sample_data", *PETROL)), *PETROL)

        done = run(endpoint)

        listed = s3.list_objects_v2(Bucket="models", Prefix="petrol_consumption/")["Contents"]
        objects = {
            item["Key"]: s3.get_object(Bucket="models", Key=item["Key"])["Body"].read() for item in listed
        }
    finally:
        server.stop()
    assert done.returncode == 0, done.stdout.decode()
    assert {name.rpartition("/")[2] for name in objects} == {
        "model.pkl",
        "manifest.json",
        "card.html",
        "card.md",
        "latest.json",
    }
    stored = files_below(tmp_path / "airflow")
    assert any(b"petrol_consumption" in text for name, text in stored.items() if name.endswith(".db"))
    assert_no_key_in({"the output": done.stdout, **objects, **stored})


def test_a_run_that_s3_refuses_leaves_no_key(run, project_copy, tmp_path):
    with ObjectStore(project_copy) as store:
        done = run(store.endpoint_url)

    assert b"download_dataset" in done.stdout
    assert b"were rejected" in done.stdout
    assert not (project_copy / ".local/s3/models/petrol_consumption").exists()
    assert_no_key_in({"the output": done.stdout, **files_below(tmp_path / "airflow")})
