from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from refinery.errors import RefineryError
from refinery.local.object_store import ObjectStore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path) -> Path:
    samples = tmp_path / "include" / "sample_data"
    (samples / "datasets" / "deep").mkdir(parents=True)
    (samples / "README.md").write_text("not a bucket")
    (samples / "datasets" / "table.csv").write_text("a,b\n1,2\n")
    (samples / "datasets" / "deep" / "table.csv").write_text("deep")
    return tmp_path


def read(store: ObjectStore, bucket: str, key: str) -> bytes:
    return store.client().get_object(Bucket=bucket, Key=key)["Body"].read()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_running(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            pytest.fail(f"process {pid} still runs")
        time.sleep(0.05)


class TestSampleData:
    def test_it_is_served(self, project):
        with ObjectStore(project) as store:
            assert read(store, "datasets", "table.csv") == b"a,b\n1,2\n"
            assert read(store, "datasets", "deep/table.csv") == b"deep"
            assert [bucket["Name"] for bucket in store.client().list_buckets()["Buckets"]] == [
                "datasets",
                "logs",
                "models",
                "staging",
            ]
            assert store.client().head_object(Bucket="datasets", Key="table.csv")["ETag"] != '""'

    def test_it_lies_there_as_plain_files(self, project):
        with ObjectStore(project):
            assert (project / ".local/s3/datasets/deep/table.csv").read_text() == "deep"

    def test_what_differs_is_put_back_at_the_next_start(self, project):
        with ObjectStore(project) as store:
            store.client().put_object(Bucket="datasets", Key="table.csv", Body=b"spoilt")
        (project / "include/sample_data/datasets/new.csv").write_text("new")
        with ObjectStore(project) as store:
            assert read(store, "datasets", "table.csv") == b"a,b\n1,2\n"
            assert read(store, "datasets", "new.csv") == b"new"

    def test_a_project_without_any_has_refinerys_own_and_buckets_to_write_to(self, tmp_path):
        with ObjectStore(tmp_path) as store:
            buckets = [bucket["Name"] for bucket in store.client().list_buckets()["Buckets"]]
            assert buckets == ["datasets", "logs", "models", "staging"]


class TestObjects:
    def test_they_are_still_there_tomorrow(self, project):
        with ObjectStore(project) as store:
            store.client().put_object(Bucket="models", Key="a/model.pkl", Body=b"model")
        with ObjectStore(project) as store:
            assert read(store, "models", "a/model.pkl") == b"model"
        assert (project / ".local/s3/models/a/model.pkl").read_bytes() == b"model"

    def test_one_that_a_person_replaced_on_disk_is_served_as_it_is(self, project):
        with ObjectStore(project) as store:
            for key in ("longer.csv", "same.csv"):
                store.client().put_object(Bucket="models", Key=key, Body=b"old")
        (project / ".local/s3/models/longer.csv").write_bytes(b"and longer")
        (project / ".local/s3/models/same.csv").write_bytes(b"new")
        with ObjectStore(project) as store:
            assert read(store, "models", "longer.csv") == b"and longer"
            head = store.client().head_object(Bucket="models", Key="same.csv")
            assert head["ETag"] == '""'

    def test_what_nobody_touched_keeps_its_etag(self, project):
        with ObjectStore(project) as store:
            written = store.client().put_object(Bucket="models", Key="a/b.csv", Body=b"1")["ETag"]
        with ObjectStore(project) as store:
            assert store.client().head_object(Bucket="models", Key="a/b.csv")["ETag"] == written


class TestProcess:
    def test_the_connection_tells_airflow_all_that_it_needs(self, project):
        with ObjectStore(project) as store:
            connection = json.loads(store.connection)
            assert connection == {
                "conn_type": "aws",
                "login": "refinery",
                "password": "refinery-local",
                "extra": {
                    "endpoint_url": f"http://127.0.0.1:{store.port}",
                    "region_name": "us-east-1",
                },
            }

    def test_nothing_is_left_running(self, project):
        with ObjectStore(project) as store:
            pid = store.pid
            assert is_running(pid)
        assert not is_running(pid)
        store.stop()

    def test_two_run_at_once(self, project):
        with ObjectStore(project) as one, ObjectStore(project) as other:
            assert one.port != other.port
            one.client().put_object(Bucket="models", Key="a", Body=b"1")
            assert read(other, "models", "a") == b"1"

    def test_a_port_that_is_asked_for_is_taken(self, project):
        with ObjectStore(project) as store:
            port = store.port
        with ObjectStore(project, port=port) as store:
            assert store.port == port

    def test_a_port_in_use_is_named(self, project):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            with pytest.raises(RefineryError, match=f"127.0.0.1:{port}: Address already in use"):
                ObjectStore(project, port=port).start()

    def test_a_server_that_ends_at_once_is_named_with_its_log(self, project, monkeypatch):
        broken_python = project / "python"
        broken_python.write_text("#!/bin/sh\necho broken; exit 3\n")
        broken_python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(broken_python))
        store = ObjectStore(project)
        with pytest.raises(RefineryError, match=r"ended with status 3. See its log: .*object_store\.log"):
            store.start()
        assert store.log.read_text() == "broken\n"

    def test_settings_of_another_nanio_do_not_matter(self, project, monkeypatch):
        monkeypatch.setenv("NANIO_OPTIONS_FILE", str(project / "missing.toml"))
        with ObjectStore(project) as store:
            assert read(store, "datasets", "table.csv") == b"a,b\n1,2\n"

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
    def test_it_ends_with_its_parent_however_that_ends(self, project, number):
        script = textwrap.dedent(f"""
            import time
            from pathlib import Path
            from refinery.local.object_store import ObjectStore
            with ObjectStore(Path({str(project)!r})) as store:
                print(store.pid, flush=True)
                time.sleep(60)
        """)
        parent = subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'include'}"},
        )
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(number)
        parent.communicate()
        wait_until_gone(pid)
