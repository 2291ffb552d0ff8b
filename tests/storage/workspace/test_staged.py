"""The workspace on S3: what one step leaves there, another finds whole on another machine, or not at all."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery.spec.urls import S3Url
from refinery.storage import RetryPolicy, StagedWorkspace
from refinery.storage.errors import (
    AccessDeniedError,
    DataCorruptedError,
    ObjectChangedError,
    RemoteError,
    StorageError,
)
from refinery.storage.local_files import scratch_folder
from refinery.storage.workspace.publishing import publish_file
from refinery.storage.workspace.stage import Stage

ROOT = S3Url("data", "staging/")
MODELS = S3Url("data", "models/churn/")
DAG, RUN = "risk.churn", "scheduled__2026-01-31T00:00:00+00:00"
both_servers = pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)
MODEL = {"model.pkl": b"weights" * 1000, "manifest.json": b'{"metrics": {"mae": 1}}', "card.html": b"<p>"}


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The machine's temporary folder, empty."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def workspace(client):
    return StagedWorkspace.of_run(ROOT, DAG, RUN, client=client)


@pytest.fixture
def keys(client):
    def list_keys(prefix="staging/"):
        return [
            item["Key"] for item in client.list_objects_v2(Bucket="data", Prefix=prefix).get("Contents", [])
        ]

    return list_keys


@pytest.fixture
def body(client):
    return lambda key: client.get_object(Bucket="data", Key=key)["Body"].read()


def stage_dataset(workspace, content=b"x,y\n1,2\n", name="table.csv"):
    with workspace.open(writes="dataset") as folder:
        (folder.dataset_dir / name).write_bytes(content)
        folder.identity_file.write_text("{}")


def stage_model(workspace, files=MODEL):
    with workspace.open(reads="dataset", writes="model") as folder:
        for name, content in files.items():
            (folder.model_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (folder.model_dir / name).write_bytes(content)


def push_beside(lost, meanwhile):
    """Push another model, after what is done in the meantime."""
    with lost.open(reads="dataset", writes="model") as folder:
        meanwhile()
        for name in MODEL:
            (folder.model_dir / name).write_bytes(b"lost")


def fail_halfway(folder):
    (folder.dataset_dir / "table.csv").write_text("half")
    raise RuntimeError


def description(workspace, body, part):
    return json.loads(body(f"{workspace.run.key}{part}.json"))


class TestBetweenSteps:
    @both_servers
    @pytest.mark.parametrize("name", ["table.csv", "100%.csv", "fête 1.csv.gz", "07-a+b=c.csv", "x" * 200])
    def test_a_step_finds_what_the_one_before_left(self, workspace, name):
        stage_dataset(workspace, b"1,2", name)
        with workspace.open(reads="dataset", writes="model") as folder:
            assert (folder.dataset_dir / name).read_bytes() == b"1,2"
            assert folder.identity_file.read_text() == "{}"

    def test_each_step_works_in_a_private_folder_that_is_gone_when_it_ends(self, workspace, scratch):
        with workspace.open(writes="dataset") as folder:
            (private,) = scratch.iterdir()
            assert folder.path.is_relative_to(private)
            assert {stat.S_IMODE(path.stat().st_mode) for path in (private, folder.dataset_dir)} == {0o700}
        assert list(scratch.iterdir()) == []

    def test_a_step_that_fails_leaves_no_folder_and_nothing_that_counts(self, workspace, scratch, keys):
        with pytest.raises(RuntimeError), workspace.open(writes="dataset") as folder:
            fail_halfway(folder)
        assert list(scratch.iterdir()) == []
        assert keys() == []

    @both_servers
    def test_clean_up_leaves_nothing_of_the_run_and_all_of_others(self, workspace, client, keys):
        other = StagedWorkspace.of_run(ROOT, DAG, f"{RUN}1", client=client)
        for each in (workspace, other):
            stage_dataset(each)
            stage_model(each)
        workspace.remove()
        workspace.remove()
        assert keys(workspace.run.key) == []
        assert keys(other.run.key) == keys()

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        ids=st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=2, max_size=2, unique=True)
    )
    def test_no_two_runs_share_a_prefix_and_none_leaves_the_root(self, ids):
        first, second = (StagedWorkspace.of_run(ROOT, *run, client=None).run.key for run in ids)
        assert not first.startswith(second)
        assert not second.startswith(first)
        for key in (first, second):
            assert key.startswith(ROOT.key)
            assert key.isascii()
            assert not {"", ".", ".."} & set(key.removesuffix("/").split("/"))
            assert len(key) < 450  # of S3's 1024 bytes
            assert "%" not in key  # which nanio refuses


class TestTriesOfAStep:
    @both_servers
    def test_a_second_try_takes_the_firsts_place(self, workspace):
        stage_dataset(workspace, b"old", "north.csv")
        stage_dataset(workspace, b"new", "south.csv")
        with workspace.open(reads="dataset", writes="model") as folder:
            assert [path.name for path in folder.dataset_dir.iterdir()] == ["south.csv"]

    def test_a_new_dataset_makes_the_old_ones_model_count_no_more(self, workspace, client):
        stage_dataset(workspace)
        stage_model(workspace)
        stage_dataset(workspace)
        with pytest.raises(StorageError, match="Clear train_model"):
            workspace.upload_model(MODELS, client=client)

    def test_a_try_that_fails_leaves_no_earlier_trys_model_to_upload(self, workspace, client):
        stage_dataset(workspace)
        stage_model(workspace)
        with pytest.raises(RuntimeError), workspace.open(reads="dataset", writes="model"):
            raise RuntimeError
        with pytest.raises(StorageError, match=r"does not describe the output"):
            workspace.upload_model(MODELS, client=client)

    def test_a_lost_try_that_ends_after_the_next_one_leaves_one_whole_try(self, workspace, client, body):
        stage_dataset(workspace)
        with workspace.open(reads="dataset", writes="model") as lost:
            stage_model(workspace)
            (lost.model_dir / "manifest.json").write_text('{"metrics": {"mae": 2}}')
            (lost.model_dir / "model.pkl").write_bytes(b"lost")
        workspace.upload_model(MODELS, client=client)
        assert body("models/churn/model.pkl") == b"lost"
        assert workspace.read_manifest() == {"metrics": {"mae": 2}}

    def test_a_lost_try_that_breaks_off_after_the_next_one_spoils_nothing_of_it(
        self, workspace, client, body, proxy, proxied
    ):
        stage_dataset(workspace)
        lost = StagedWorkspace(workspace.run, proxied)
        with pytest.raises(AccessDeniedError):
            push_beside(
                lost,
                lambda: (stage_model(workspace), proxy.plan(None, None, proxy.refuse(403, "AccessDenied"))),
            )
        workspace.upload_model(MODELS, client=client)
        assert {name: body(f"models/churn/{name}") for name in MODEL} == MODEL


class TestWhatIsNotWhole:
    def test_a_push_that_breaks_off_is_no_stage(self, workspace, proxy, proxied, client, keys):
        broken = StagedWorkspace(workspace.run, proxied)
        # delete the descriptions; put and head the dataset; the second file is refused
        proxy.plan(None, None, None, proxy.refuse(403, "AccessDenied"))
        with pytest.raises(AccessDeniedError):
            stage_dataset(broken)
        assert keys() != []
        with (
            pytest.raises(StorageError, match="Clear download_dataset"),
            workspace.open(reads="dataset", writes="model"),
        ):
            pass
        workspace.remove()
        assert keys() == []

    def test_a_stage_whose_object_is_gone_is_refused(self, workspace, client, body):
        stage_dataset(workspace)
        staged = description(workspace, body, "dataset")["files"]["dataset/table.csv"]["object"]
        client.delete_object(Bucket="data", Key=workspace.run.key + staged)
        with (
            pytest.raises(StorageError, match="is gone"),
            workspace.open(reads="dataset", writes="model"),
        ):
            pass

    def test_other_bytes_than_were_staged_are_refused(self, workspace, client, body, monkeypatch):
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        stage_dataset(workspace)
        staged = description(workspace, body, "dataset")["files"]["dataset/table.csv"]["object"]
        client.put_object(Bucket="data", Key=workspace.run.key + staged, Body=b"x,y\n6,6\n")
        with (
            pytest.raises(DataCorruptedError, match="SHA-256"),
            workspace.open(reads="dataset", writes="model"),
        ):
            pass

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "[]",
            "{}",
            '{"files": {"dataset/a.csv": {}}}',
            '{"files": {"dataset/a.csv": 1}}',
            *(
                json.dumps(
                    {"files": {name: {"object": target, "size": 1, "sha256": "", "md5": "", "etag": None}}}
                )
                for name, target in (
                    ("../a.csv", "dataset/1/0"),
                    ("/etc/passwd", "dataset/1/0"),
                    ("dataset/../../a", "dataset/1/0"),
                    ("", "dataset/1/0"),
                    ("a\0b", "dataset/1/0"),
                    ("model/a.csv", "dataset/1/0"),
                    ("dataset/a.csv", "../other-run/dataset/1/0"),
                    ("dataset/a.csv", "model/1/0"),
                )
            ),
        ],
    )
    def test_a_description_that_is_damaged_or_leads_elsewhere_is_refused(self, workspace, client, content):
        client.put_object(Bucket="data", Key=f"{workspace.run.key}dataset.json", Body=content.encode())
        with (
            pytest.raises(StorageError, match=r"does not describe the output"),
            workspace.open(reads="dataset", writes="model"),
        ):
            pass

    def test_a_link_is_not_followed(self, workspace, tmp_path, keys):
        secret = tmp_path / "secret"
        secret.write_text("of the worker")
        with (
            pytest.raises(StorageError, match=r"is a symbolic link"),
            workspace.open(writes="dataset") as folder,
        ):
            (folder.dataset_dir / "table.csv").symlink_to(secret)
        assert keys() == []


class TestFaults:
    def test_each_request_of_a_run_may_be_throttled(self, workspace, proxy, proxied, body, keys):
        slept, seen = [], set()

        def throttle_once(answer):
            request = proxy.requests[-1]
            if (request.method, request.path) not in seen:
                proxy.refuse(503, "SlowDown")(answer)
            seen.add((request.method, request.path))

        throttled = StagedWorkspace(workspace.run, proxied, RetryPolicy(attempts=1, sleep=slept.append))
        proxy.plan(*[throttle_once] * 999)
        stage_dataset(throttled)
        stage_model(throttled)
        throttled.upload_model(MODELS, client=proxied)
        throttled.remove()
        assert {method for method, _ in seen} == {"DELETE", "GET", "HEAD", "POST", "PUT"}
        assert len(slept) == len(seen)
        assert {name: body(f"models/churn/{name}") for name in MODEL} == MODEL
        assert keys() == []

    def test_a_connection_that_is_reset_while_a_file_is_staged_is_tried_again(
        self, workspace, proxy, proxied, impatient, body
    ):
        content = b"1,2\n" * 500_000
        broken = StagedWorkspace(workspace.run, proxied, impatient)
        proxy.plan(None, proxy.reset(after=1_000_000))  # the delete of the descriptions passes
        stage_dataset(broken, content)
        staged = description(workspace, body, "dataset")["files"]["dataset/table.csv"]["object"]
        assert body(workspace.run.key + staged) == content

    @pytest.mark.parametrize("denied", ["POST", "PUT"])
    def test_a_prefix_that_may_not_be_written_is_reported_and_nothing_is_left(
        self, workspace, proxy, proxied, scratch, denied
    ):
        def deny(answer):
            if proxy.requests[-1].method == denied:
                proxy.refuse(403, "AccessDenied")(answer)

        proxy.plan(*[deny] * 99)
        with pytest.raises(
            AccessDeniedError, match=r"Writing to s3://data/staging/risk\.churn/.* was denied"
        ) as caught:
            stage_dataset(StagedWorkspace(workspace.run, proxied))
        assert not caught.value.retryable
        assert list(scratch.iterdir()) == []

    def test_a_prefix_that_may_not_be_read_is_reported(self, workspace, proxy, proxied, scratch):
        stage_dataset(workspace)
        proxy.plan(*[proxy.refuse(403, "AccessDenied")] * 99)
        with pytest.raises(AccessDeniedError, match=r"s3://data/staging/.*/dataset\.json was denied"):
            stage_model(StagedWorkspace(workspace.run, proxied))
        assert list(scratch.iterdir()) == []

    def test_credentials_that_expire_while_staging_are_left_to_airflow(self, workspace, proxy, proxied):
        proxy.plan(None, None, None, *[proxy.refuse(400, "ExpiredToken")] * 99)
        with pytest.raises(RemoteError, match=r"have expired") as caught:
            stage_dataset(StagedWorkspace(workspace.run, proxied))
        assert caught.value.retryable
        assert len(proxy.requests) == 4

    def test_an_object_deleted_between_the_look_at_it_and_its_copy_is_reported_as_the_stages(
        self, workspace, client, proxy, proxied
    ):
        stage_dataset(workspace)
        stage_model(workspace)
        stage = Stage("model", "train_model", workspace.run, proxied)
        file = stage.files()["model/model.pkl"]

        def delete(_):
            client.delete_object(Bucket="data", Key=workspace.run.key + file.object)

        proxy.plan(delete)  # just after the HEAD
        with pytest.raises(StorageError, match=r"is gone\. Clear train_model to run it again"):
            publish_file(stage, file, MODELS.child("model.pkl"), client=proxied)
        assert [request.method for request in proxy.requests] == ["HEAD", "PUT"]


class TestUpload:
    @pytest.fixture
    def staged(self, workspace):
        stage_dataset(workspace)
        stage_model(workspace)
        return workspace

    @pytest.fixture
    def stage(self, staged):
        return Stage("model", "train_model", staged.run, staged.client)

    @both_servers
    def test_the_model_is_copied_inside_s3_its_manifest_last(self, staged, proxy, proxied, body):
        through = StagedWorkspace(staged.run, proxied)
        urls = through.upload_model(MODELS, client=proxied)
        assert urls == [
            f"s3://data/models/churn/{name}" for name in ("card.html", "model.pkl", "manifest.json")
        ]
        assert {name: body(f"models/churn/{name}") for name in MODEL} == MODEL
        requests = [request for request in proxy.requests if request.name != ".refinery-lease"]
        read = [request.name for request in requests if request.method == "GET"]
        assert read == ["model.json", "manifest.json"]  # what is staged, and which model was there before
        puts = [request for request in requests if request.method == "PUT"]
        assert [request.name for request in puts] == ["card.html", "model.pkl", "manifest.json"]
        assert all("x-amz-copy-source" in {name.lower() for name in put.headers} for put in puts)

    @both_servers
    def test_types_are_kept_and_nothing_is_public(self, staged, client, moto_url):
        staged.upload_model(MODELS, client=client)
        types = {
            name: client.head_object(Bucket="data", Key=f"models/churn/{name}")["ContentType"]
            for name in MODEL
        }
        assert types == {
            "card.html": "text/html; charset=utf-8",
            "manifest.json": "application/json",
            "model.pkl": "application/octet-stream",
        }
        if client.meta.endpoint_url == moto_url:  # nanio knows no grants
            for item in client.list_objects_v2(Bucket="data")["Contents"]:
                grants = client.get_object_acl(Bucket="data", Key=item["Key"])["Grants"]
                assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]

    @both_servers
    def test_between_two_servers_it_goes_by_way_of_this_machine(
        self, staged, nanio, moto_url, make_client, scratch
    ):
        elsewhere = {nanio.endpoint_url: moto_url, moto_url: nanio.endpoint_url}[
            staged.client.meta.endpoint_url
        ]
        other = make_client(elsewhere)
        if "data" not in [bucket["Name"] for bucket in other.list_buckets()["Buckets"]]:
            other.create_bucket(Bucket="data")
        staged.upload_model(MODELS, client=other)
        got = {
            name: other.get_object(Bucket="data", Key=f"models/churn/{name}")["Body"].read() for name in MODEL
        }
        assert got == MODEL
        assert list(scratch.iterdir()) == []

    def test_credentials_that_may_not_read_the_stage_do_not_hinder(self, stage, proxy, proxied, body):
        file = stage.files()["model/model.pkl"]
        proxy.plan(
            None, proxy.refuse(403, "AccessDenied")
        )  # the look at the source passes, the copy does not
        stage = Stage("model", "train_model", stage.run, proxied)
        publish_file(stage, file, MODELS.child("model.pkl"), client=proxied)
        assert body("models/churn/model.pkl") == MODEL["model.pkl"]

    def test_a_stage_that_is_replaced_in_the_meantime_is_not_taken(self, stage, client):
        file = stage.files()["model/model.pkl"]
        client.put_object(Bucket="data", Key=stage.run.key + file.object, Body=b"x" * file.size)
        with pytest.raises(ObjectChangedError):
            publish_file(stage, file, MODELS.child("model.pkl"), client=client)

    def test_a_copy_of_other_bytes_is_found(self, stage, client, proxy, proxied):
        file = stage.files()["model/model.pkl"]
        proxy.plan(None, None, proxy.with_headers(ETag='"0123456789abcdef0123456789abcdef"'))
        with pytest.raises(DataCorruptedError, match="MD5"):
            publish_file(
                Stage("model", "train_model", stage.run, proxied),
                file,
                MODELS.child("model.pkl"),
                client=proxied,
            )

    def test_a_large_model_is_copied_in_parts(self, workspace, client, body):
        large = hashlib.sha256(b"seed").digest() * (12 << 15)  # 12 MiB
        stage_dataset(workspace)
        stage_model(workspace, {**MODEL, "model.pkl": large})
        stage = Stage("model", "train_model", workspace.run, client)
        file = stage.files()["model/model.pkl"]
        publish_file(stage, file, MODELS.child("model.pkl"), client=client, most_per_copy=6 << 20)
        assert client.head_object(Bucket="data", Key="models/churn/model.pkl")["ETag"].endswith('-2"')
        assert body("models/churn/model.pkl") == large

    def test_a_model_without_a_manifest_is_none(self, workspace, client, keys):
        stage_dataset(workspace)
        stage_model(workspace, {"model.pkl": b"1"})
        with pytest.raises(StorageError, match=r"no manifest\.json"):
            workspace.upload_model(MODELS, client=client)
        assert keys("models/") == []

    @both_servers
    def test_an_upload_that_was_never_finished_is_given_up(self, workspace, client, moto_url):
        key = f"{workspace.run.key}model/1/0"
        client.create_multipart_upload(Bucket="data", Key=key)
        workspace.remove()
        if client.meta.endpoint_url == moto_url:  # nanio lists none
            assert client.list_multipart_uploads(Bucket="data").get("Uploads", []) == []


class TestScratch:
    """What a step that is killed outright leaves on its machine."""

    HOLD = textwrap.dedent("""
        import sys, time
        from refinery.storage.local_files import scratch_folder
        with scratch_folder() as folder:
            (folder / "dataset.csv").write_text("secret")
            print(folder, flush=True)
            time.sleep(60)
    """)

    @pytest.fixture
    def holder(self, scratch, project):
        process = subprocess.Popen(
            [sys.executable, "-c", self.HOLD],
            env={"TMPDIR": str(scratch), "PYTHONPATH": f"{project}:{project / 'include'}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        process.stdout.readline()
        yield process
        process.kill()
        process.wait()
        process.stdout.close()

    def test_the_next_step_on_the_machine_deletes_it(self, holder, scratch):
        holder.kill()
        holder.wait()
        assert len(list(scratch.iterdir())) == 1
        with scratch_folder():
            pass
        assert list(scratch.iterdir()) == []

    def test_a_step_that_is_at_work_keeps_its_own(self, holder, scratch):
        (held,) = scratch.iterdir()
        with scratch_folder():
            pass
        assert [path.name for path in held.iterdir()] == ["dataset.csv"]

    def test_a_link_of_that_name_is_left_alone(self, scratch, tmp_path):
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "file").write_text("kept")
        (scratch / "refinery-step-link").symlink_to(elsewhere)
        with scratch_folder():
            pass
        assert (elsewhere / "file").read_text() == "kept"


def test_the_lifecycle_rule_of_the_documentation_is_one_that_s3_takes(project, moto_url, make_client):
    page = (project / "docs" / "workspace.md").read_text()
    rule = json.loads(page.partition("```json\n")[2].partition("```")[0])
    client = make_client(moto_url)
    client.create_bucket(Bucket="staging")
    client.put_bucket_lifecycle_configuration(Bucket="staging", LifecycleConfiguration=rule)
    (stored,) = client.get_bucket_lifecycle_configuration(Bucket="staging")["Rules"]
    assert stored == rule["Rules"][0]
