"""The last promoted model of each pipeline that changes, from a real S3 server."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from botocore.config import Config

from refinery.registry import Latest, Promotion
from refinery.review.plan import Stake
from refinery.trial import find_latest_models

CONFIG = "source: s3://datasets/x.csv\nmodel: line\noutput: s3://models/churn/{{ ds }}/\n"
_PROMOTED = datetime(2026, 1, 30, 12, 4, 30, tzinfo=UTC)


@pytest.fixture
def promoted(reviewed):
    """A model of s3://models/churn/ that was promoted."""
    promotion = Promotion(
        prefix="s3://models/churn/2026-01-30/",
        date=_PROMOTED,
        run_id="scheduled__2026-01-30",
        metrics={"r2": 0.4, "mae": 48.339},
        gate="passed",
        manifest_sha256="0" * 64,
        promoted_at=_PROMOTED,
        promoted_by="a run",
        action="upload",
    )
    content = Latest.after(None, promotion).to_json()
    reviewed.client.put_object(Bucket="models", Key="churn/latest.json", Body=content)
    yield Stake(
        "churn", "s3://models/churn/2026-01-30/", "2026-01-30 12:04", (("r2", 0.4), ("mae", 48.339)), "passed"
    )
    reviewed.client.delete_object(Bucket="models", Key="churn/latest.json")


def stakes(reviewed, *changes, client=None):
    return find_latest_models(reviewed.plan(*changes), lambda _url, _connection: client or reviewed.client)


def test_the_latest_model_is_what_is_at_stake(reviewed, promoted):
    assert stakes(reviewed, reviewed.change("churn", CONFIG, f"{CONFIG}retries: 9\n")) == (promoted,)


def test_where_the_output_moves_it_is_that_of_before(reviewed, promoted):
    moved = CONFIG.replace("models/churn", "models/moved")
    assert stakes(reviewed, reviewed.change("churn", CONFIG, moved)) == (promoted,)
    assert stakes(reviewed, reviewed.change("churn", moved, CONFIG)) == (Stake("churn"),)


def test_an_added_pipeline_may_write_where_another_has(reviewed, promoted):
    assert stakes(reviewed, reviewed.change("churn", None, CONFIG)) == (promoted,)


def test_what_cannot_be_read_is_reported_of_each(reviewed, promoted):
    unreachable = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        region_name="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    (stake,) = stakes(reviewed, reviewed.change("churn", None, CONFIG), client=unreachable)
    assert "cannot be reached" in stake.problem
    reviewed.client.put_object(Bucket="models", Key="churn/latest.json", Body=b"{")
    (stake,) = stakes(reviewed, reviewed.change("churn", None, CONFIG))
    assert "latest.json" in stake.problem
