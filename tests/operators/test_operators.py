"""The four operators, one after another, as Airflow calls them."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from types import SimpleNamespace

import jinja2
import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from refinery.operators import (
    CleanUpOperator,
    DownloadDatasetOperator,
    TrainModelOperator,
    UploadModelOperator,
)
from refinery.storage.errors import RemoteError

PETROL = "https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv"
CONFIG = {"path": "configs/churn.yml", "text": "model: random_forest\n"}


@pytest.fixture
def steps(tmp_path, workspace):
    """Make a pipeline's four operators in a workspace of the test's own; drawing a card takes most of a run's time."""

    def make(source=PETROL, model=None, *, card=False, **training):
        with DAG("churn", schedule=None):
            return [
                DownloadDatasetOperator(task_id="download_dataset", source=source, workspace=workspace),
                TrainModelOperator(
                    task_id="train_model",
                    training={"model": model or {"module": "random_forest"}, **training},
                    config=CONFIG,
                    card=card,
                    workspace=workspace,
                ),
                UploadModelOperator(
                    task_id="upload_model", prefix=f"s3://models/{tmp_path.name}/", workspace=workspace
                ),
                CleanUpOperator(task_id="clean_up", workspace=workspace),
            ]

    return make


class TestTheFourSteps:
    @pytest.mark.parametrize("workspace", ["on disk", "on S3"], indirect=True)
    def test_the_model_and_its_manifest_are_on_s3_and_nothing_else_is_left(
        self, steps, s3, context, tmp_path, left_in_workspace
    ):
        for operator in steps(card=True):
            operator.execute(context)

        keys = [item["Key"] for item in s3.list_objects_v2(Bucket="models", Prefix=tmp_path.name)["Contents"]]
        assert [key.rpartition("/")[2] for key in sorted(keys)] == [
            "card.html",
            "card.md",
            "manifest.json",
            "model.pkl",
        ]
        assert left_in_workspace() == []

    def test_the_manifest_says_where_the_model_comes_from(self, steps, s3, context, tmp_path):
        for operator in steps():
            operator.execute(context)

        manifest = json.load(s3.get_object(Bucket="models", Key=f"{tmp_path.name}/manifest.json")["Body"])
        provenance = manifest["provenance"]
        assert provenance["run"]["run_id"] == "scheduled__2026-01-31T00:00:00+00:00"
        assert provenance["run"]["logical_date"] == "2026-01-31T00:00:00+00:00"
        assert provenance["config"]["text"] == CONFIG["text"]
        assert provenance["dataset"]["url"] == "s3://iasd-data-in-the-cloud/petrol_consumption.csv"
        assert provenance["dataset"]["size"] == 1340

    def test_what_goes_to_xcom_is_small(self, steps, s3, context, tmp_path):
        returned = [operator.execute(context) for operator in steps()]

        identity, metrics, upload, nothing = returned
        assert identity["file_name"] == "petrol_consumption.csv"
        assert metrics["mae"] == pytest.approx(48.339, abs=5e-4)
        assert upload["prefix"] == f"s3://models/{tmp_path.name}/"
        assert nothing is None
        assert len(json.dumps(returned)) < 2000

    def test_a_rerun_replaces_the_model(self, steps, s3, context, tmp_path):
        for operator in steps():
            operator.execute(context)
        for operator in steps(model={"class": "sklearn.linear_model.Ridge"}):
            operator.execute(context)

        model = pickle.load(s3.get_object(Bucket="models", Key=f"{tmp_path.name}/model.pkl")["Body"])
        assert type(model).__name__ == "Ridge"

    @pytest.mark.parametrize("workspace", ["on disk", "on S3"], indirect=True)
    def test_a_step_tried_again_gives_the_same(self, steps, s3, context):
        download, train, upload, clean_up = steps()
        assert download.execute(context)["sha256"] == download.execute(context)["sha256"]
        assert train.execute(context) == train.execute(context)
        assert upload.execute(context) == upload.execute(context)
        clean_up.execute(context)
        clean_up.execute(context)


class TestSeveralFiles:
    """Three regions' sales: a list of them, or a pattern that fits them, is one dataset."""

    PARTS = ("north", "south", "west")

    @pytest.fixture(autouse=True)
    def stored(self, s3, tmp_path):
        for number, part in enumerate(self.PARTS):
            rows = [f"{10 * number + row},{2 * (10 * number + row)}" for row in range(10)]
            s3.put_object(
                Bucket="datasets", Key=f"{tmp_path.name}/{part}.csv", Body="\n".join(["x,y", *rows]).encode()
            )

    @pytest.fixture(params=["a list", "a pattern"])
    def source(self, request, tmp_path):
        folder = f"s3://datasets/{tmp_path.name}"
        return (
            f"{folder}/*.csv"
            if request.param == "a pattern"
            else [f"{folder}/{part}.csv" for part in self.PARTS]
        )

    def test_xcom_holds_their_count_size_and_common_hash(self, steps, source, context):
        download, *_ = steps(source=source)
        returned = download.execute(context)
        assert returned == {"count": 3, "size": returned["size"], "sha256": returned["sha256"]}
        assert returned["size"] > 100

    @pytest.mark.parametrize("workspace", ["on disk", "on S3"], indirect=True)
    def test_they_are_trained_on_as_one_table_and_named_in_the_manifest(
        self, steps, source, s3, context, tmp_path
    ):
        download, train, upload, _ = steps(
            source=source, model={"class": "sklearn.linear_model.LinearRegression"}
        )
        downloaded = download.execute(context)
        assert train.execute(context)["r2"] == pytest.approx(1)
        upload.execute(context)

        manifest = json.load(s3.get_object(Bucket="models", Key=f"{tmp_path.name}/manifest.json")["Body"])
        dataset = manifest["provenance"]["dataset"]
        names = [file["url"].rpartition("/")[2] for file in dataset["files"]]
        assert names == ["north.csv", "south.csv", "west.csv"]
        assert {key: dataset[key] for key in ("size", "sha256")} == {
            key: downloaded[key] for key in ("size", "sha256")
        }
        assert manifest["data"]["rows"] == 30

    def test_an_object_that_went_between_two_attempts_is_not_read(self, steps, s3, context, tmp_path):
        download, train, *_ = steps(source=f"s3://datasets/{tmp_path.name}/*.csv")
        download.execute(context)
        s3.delete_object(Bucket="datasets", Key=f"{tmp_path.name}/north.csv")
        assert download.execute(context)["count"] == 2
        with train.workspace_of(context).open(reads="dataset", writes="model") as folder:
            names = sorted(path.name for path in folder.dataset_dir.iterdir())
        assert names == ["1-south.csv", "2-west.csv"]

    def test_each_url_of_a_list_is_templated(self, steps, context):
        download, *_ = steps(source=["s3://datasets/{{ ds }}/a.csv", "s3://datasets/{{ ds }}/*.parquet"])
        download.render_template_fields(context, jinja2.Environment(autoescape=False))
        assert download.source == ["s3://datasets/2026-01-31/a.csv", "s3://datasets/2026-01-31/*.parquet"]

    def test_a_pattern_that_fits_nothing_fails_at_once_with_its_sentence(self, steps, s3, context):
        download, *_ = steps(source="s3://datasets/no-such-folder/*.csv")
        with pytest.raises(AirflowFailException, match='under prefix "no-such-folder/"'):
            download.execute(context)


class TestErrors:
    def test_what_a_retry_cannot_mend_fails_at_once_with_its_sentence(self, steps, s3, context):
        download, *_ = steps(source="s3://datasets/no_such_file.csv")
        with pytest.raises(AirflowFailException, match=r"s3://datasets/no_such_file\.csv"):
            download.execute(context)

    def test_what_a_retry_may_mend_is_left_to_airflow(self, steps, monkeypatch, context):
        connection = {
            "conn_type": "aws",
            "login": "someone",
            "password": "something",
            "extra": {
                "endpoint_url": "http://127.0.0.1:9",
                "region_name": "us-east-1",
                "config_kwargs": {"retries": {"total_max_attempts": 1}},
            },
        }
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        download, *_ = steps()
        with pytest.raises(RemoteError) as raised:
            download.execute(context)
        assert raised.value.retryable

    def test_an_unknown_connection_is_named(self, steps, s3, context):
        download, *_ = steps()
        download.aws_conn_id = "aws_prod"
        with pytest.raises(AirflowFailException, match='no Airflow connection "aws_prod"'):
            download.execute(context)

    def test_a_training_error_tells_what_the_user_can_do(self, steps, s3, context):
        download, train, *_ = steps(target={"column": "Petrol_Consumtion"})
        download.execute(context)
        with pytest.raises(AirflowFailException, match="Petrol_Consumption"):
            train.execute(context)

    @pytest.mark.parametrize("workspace", ["on disk", "on S3"], indirect=True)
    def test_clean_up_deletes_after_a_failed_training(self, steps, s3, context, left_in_workspace):
        download, train, _, clean_up = steps(target={"column": "nonsense"})
        download.execute(context)
        with pytest.raises(AirflowFailException):
            train.execute(context)
        assert left_in_workspace() != []
        clean_up.execute(context)
        assert left_in_workspace() == []


class TestTemplates:
    @pytest.mark.parametrize(
        ("run", "expected"),
        [
            pytest.param(
                {"logical_date": datetime(2026, 1, 31, tzinfo=UTC), "ds": "2026-01-31"},
                "2026-01-31",
                id="dated",
            ),
            pytest.param({}, "2026-02-01", id="no logical date: the day of run_after"),
        ],
    )
    def test_ds_always_has_a_value(self, run, expected):
        operator = UploadModelOperator(task_id="upload_model", prefix="s3://models/churn/{{ ds }}/")
        dag_run = SimpleNamespace(run_after=datetime(2026, 2, 1, 6, tzinfo=UTC))
        operator.render_template_fields(
            {"dag_run": dag_run, **run},
            jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False),
        )
        assert operator.prefix == f"s3://models/churn/{expected}/"

    @pytest.mark.parametrize(
        ("written", "rendered"),
        [
            ("\n", "\n"),
            ("x\n", "x\n"),
            ("x\n\n", "x\n\n"),
            ("p\r\nq", "p\r\nq"),
            ("p\rq\r", "p\rq\r"),
            ("{{ ds }}\n", "2026-01-31\n"),
            ("on\r\n{{ ds }} and {{ds}}\r\n", "on\r\n2026-01-31 and 2026-01-31\r\n"),
            ('{"a": {"b": "{{ ds }}"}}\n', '{"a": {"b": "2026-01-31"}}\n'),
            ("}} {\n", "}} {\n"),
            ("{% if ds %}{{ ds }}{% endif %}", "2026-01-31"),
            ("{{ '}}' }}{# a comment #}{{- ds -}}", "}}2026-01-31"),
        ],
    )
    def test_text_around_templates_does_not_change(self, written, rendered):
        model = {"script": "x.py", "params": {"text": written, "nested": {0: [written]}}, "args": [written]}
        operator = TrainModelOperator(task_id="train_model", training={"model": model})
        moment = datetime(2026, 1, 31, tzinfo=UTC)
        operator.render_template_fields(
            {"logical_date": moment, "ds": "2026-01-31"}, jinja2.Environment(autoescape=False)
        )
        assert operator.training["model"] == {
            "script": "x.py",
            "params": {"text": rendered, "nested": {0: [rendered]}},
            "args": [rendered],
        }

    def test_of_a_training_the_model_is_templated_and_no_name_of_a_column_or_pattern(self):
        rest = {
            "target": {"column": "{{ ds }}"},
            "features": ["{% x", "{{ 1 / 0 }}"],
            "expect": {"columns": {"{{ ds }}": {"pattern": "{{2}}{#"}}},
        }
        training = {"model": {"module": "forest", "params": {"day": "{{ ds }}"}}, **rest}
        operator = TrainModelOperator(task_id="train_model", training=training)
        moment = datetime(2026, 1, 31, tzinfo=UTC)
        operator.render_template_fields(
            {"logical_date": moment, "ds": "2026-01-31"}, jinja2.Environment(autoescape=False)
        )
        assert operator.training == {
            "model": {"module": "forest", "params": {"day": "2026-01-31"}},
            **rest,
        }

    @pytest.mark.parametrize(
        ("operator", "fields"),
        [
            (DownloadDatasetOperator, {"workspace", "workspace_conn_id", "source", "aws_conn_id"}),
            (
                TrainModelOperator,
                {
                    "workspace",
                    "workspace_conn_id",
                    "training",
                    "prefix",
                    "aws_conn_id",
                    "compute",
                    "run_params",
                },
            ),
            (UploadModelOperator, {"workspace", "workspace_conn_id", "prefix", "aws_conn_id"}),
            (CleanUpOperator, {"workspace", "workspace_conn_id"}),
        ],
    )
    def test_the_fields_that_users_expect_are_templated(self, operator, fields):
        assert set(operator.template_fields) == fields


def test_clean_up_is_a_teardown():
    assert CleanUpOperator(task_id="clean_up").is_teardown
