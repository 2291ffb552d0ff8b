"""The links of a task in Airflow: the model's page, its files, its dataset, and the plan of its config."""

from __future__ import annotations

import subprocess

import boto3
import pytest

from refinery.operators import train
from refinery.operators.links import console_page, source_page
from refinery.spec.urls import parse_prefix_url, parse_source_url

CONSOLE = "https://s3.console.aws.amazon.com/s3"


def test_the_steps_of_a_run_link_its_model_and_the_plan_of_its_config(
    prepare_config, s3, tmp_path, monkeypatch
):
    config = """\
        source: s3://datasets/links.csv
        model: {class: sklearn.linear_model.Ridge}
        output: s3://models/churn/{{ ds }}/
    """
    rows = "".join(f"{row},{2 * row + row % 3}\n" for row in range(40))
    s3.put_object(Bucket="datasets", Key="links.csv", Body=f"x,y\n{rows}".encode())
    run = prepare_config("churn", config)
    git = ["git", "-C", tmp_path, "-c", "user.name=A", "-c", "user.email=a@example.com"]
    for arguments in (
        ["init", "--quiet"],
        ["remote", "add", "origin", "git@github.com:team/ml.git"],
        ["add", "configs"],
        ["commit", "--quiet", "--message", "Add churn"],
    ):
        subprocess.run([*git, *arguments], check=True)
    revision = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    (tmp_path / "include" / "models").mkdir(parents=True)
    monkeypatch.setattr(train, "MODELS_DIR", tmp_path / "include" / "models")

    run.run()

    page = "/dags/churn/runs/scheduled__2026-01-31T00%3A00%3A00%2B00%3A00/plugin/run-model"
    assert links_of(run, "train_model") == {
        "Model card": page,
        "Plan": f"https://github.com/team/ml/pulls?q={revision.strip()}",
    }
    # The S3 server of the test has no console.
    manifest = "/refinery/dags/churn/run/manifest?run_id=scheduled__2026-01-31T00%3A00%3A00%2B00%3A00&task_id=upload_model"
    assert links_of(run, "upload_model") == {"Model card": page, "Manifest": manifest, "S3 console": ""}
    assert links_of(run, "download_dataset") == {"Dataset": ""}


@pytest.mark.parametrize(
    ("url", "region", "page"),
    [
        ("s3://data/a b/x.csv", "eu-west-3", f"{CONSOLE}/object/data?region=eu-west-3&prefix=a+b%2Fx.csv"),
        ("s3://data/2026/", "eu-west-3", f"{CONSOLE}/buckets/data?region=eu-west-3&prefix=2026%2F"),
        ("s3://data/2026/part-*.csv", "eu-west-3", f"{CONSOLE}/buckets/data?region=eu-west-3&prefix=2026%2F"),
        ("s3://data/*.csv", "eu-west-3", f"{CONSOLE}/buckets/data?region=eu-west-3&prefix="),
        ("s3://data/x.csv", "cn-north-1", "https://console.amazonaws.cn/s3/object/data?region=cn-north-1&prefix=x.csv"),
    ],
)  # fmt: skip
def test_a_dataset_on_aws_is_shown_in_its_console(url, region, page):
    parsed = parse_source_url(url) if not url.endswith("/") else parse_prefix_url(url)

    assert source_page(parsed, client(region)) == page


def test_another_server_has_no_console():
    elsewhere = client("us-east-1", endpoint_url="https://s3.amazonaws.com.example.org")

    assert console_page(parse_prefix_url("s3://models/churn/"), elsewhere) == ""


def test_a_dataset_on_a_web_server_is_its_own_page():
    assert source_page(parse_source_url("https://example.com/a.csv"), None) == "https://example.com/a.csv"


def client(region, **settings):
    return boto3.client("s3", region, aws_access_key_id="a", aws_secret_access_key="b", **settings)


def links_of(run, step):
    task = run.dag.get_task(step)
    return {link.name: link.get_link(task, ti_key=None) for link in task.operator_extra_links}
