"""What docker-compose.override.yml adds to the containers of `astro dev start`."""

from __future__ import annotations

import os

import pytest

from refinery.local.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore

AIRFLOW_CONTAINERS = ["scheduler", "dag-processor", "api-server", "triggerer"]
OWN_SERVICES = ["versitygw", "sample-data"]


def test_the_file_follows_the_compose_specification(project, tool, run):
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    checked = run([*command, project / "docker-compose.override.yml"])
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("container", AIRFLOW_CONTAINERS)
def test_every_airflow_container_sees_the_configs_and_cannot_change_them(compose, container):
    (mount,) = compose["services"][container]["volumes"]
    source, target, options = mount.split(":")
    assert (source, target) == ("./configs", "/usr/local/airflow/configs")
    assert "ro" in options.split(",")


@pytest.mark.parametrize("service", OWN_SERVICES)
def test_own_services_are_pinned_and_on_airflows_network(compose, service):
    _, _, tag = compose["services"][service]["image"].partition(":")
    assert tag not in {"", "latest"}
    assert compose["services"][service]["networks"] == ["airflow"]


def test_ports_are_published_on_the_loopback_interface_only(compose):
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:7070:7070"]


def test_objects_are_kept_in_a_named_volume(compose):
    server = compose["services"]["versitygw"]
    volume, folder = server["volumes"][0].split(":")
    assert volume in compose["volumes"]
    assert folder == server["environment"]["VGW_BACKEND_ARG"]


class TestSampleData:
    """The very command of the sample-data container, run against an S3 server that checks signatures."""

    @pytest.fixture
    def store(self, tmp_path):
        with ObjectStore(tmp_path) as store:
            store.client().delete_bucket(Bucket="models")
            yield store

    @pytest.fixture
    def upload(self, compose, project, store, tool, run):
        tool("curl")
        service = compose["services"]["sample-data"]
        environment = service["environment"] | {
            "S3_ENDPOINT": store.endpoint_url,
            "SAMPLE_DATA": str(project / "include" / "sample_data"),
        }
        command = [argument.replace("$$", "$") for argument in service["entrypoint"]]

        return lambda **changes: run(command, env=os.environ | environment | changes)

    def test_every_file_becomes_an_object_under_its_bucket_and_key(self, upload, store, project):
        ran = upload()

        assert ran.returncode == 0, ran.stderr
        for sample in (project / "include" / "sample_data").glob("*/**/*"):
            bucket, key = sample.relative_to(project / "include" / "sample_data").as_posix().split("/", 1)
            assert store.client().get_object(Bucket=bucket, Key=key)["Body"].read() == sample.read_bytes()

    def test_there_is_a_bucket_for_models(self, upload, store):
        upload()
        store.client().put_object(Bucket="models", Key="petrol/manifest.json", Body=b"{}")

    def test_starting_again_keeps_the_models(self, upload, store):
        upload()
        store.client().put_object(Bucket="models", Key="petrol/manifest.json", Body=b"{}")

        assert upload().returncode == 0
        assert store.client().get_object(Bucket="models", Key="petrol/manifest.json")["Body"].read() == b"{}"

    def test_a_refused_upload_fails_and_says_so(self, upload):
        ran = upload(ROOT_SECRET_KEY="wrong")
        assert ran.returncode != 0
        assert "403" in ran.stderr


def test_the_local_servers_take_the_same_keys(compose):
    environment = compose["services"]["versitygw"]["environment"]
    assert (environment["ROOT_ACCESS_KEY"], environment["ROOT_SECRET_KEY"]) == (ACCESS_KEY, SECRET_KEY)
