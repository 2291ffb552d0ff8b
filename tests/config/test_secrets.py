"""Secrets are found, and no report repeats them."""

from __future__ import annotations

import json

import pytest

from include.config import (
    load_project,
    problems_as_github,
    problems_as_json,
    problems_as_sarif,
    render_problems,
)

_CONFIG = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/p/{{ ds }}/\n"


@pytest.fixture
def problems(write, tmp_path):
    write("include/models/ridge.py", "def build_model(**params): ...\n")

    def load(text: str):
        write("configs/p.yml", text)
        return load_project(tmp_path / "configs", models_dir=tmp_path / "include/models").problems

    return load


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("# AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("# ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"),
        ("queue: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
        ("aws_secret_access_key: abcDEF123+456", "abcDEF123"),
        ("password: hunter22", "hunter22"),
        ("queue: x # password=hunter22", "hunter22"),
        ('"api-key": "a1b2c3d4"', "a1b2c3d4"),
        ("queue: postgres://bob:hunter22@db/x", "hunter22"),
        ("queue: https://:hunter22@db/x", "hunter22"),
        ("queue: https://h/x?X-Amz-Signature=0a1b2c3d", "0a1b2c3d"),
        ("queue: https://h/x?AWSAccessKeyId=abcdef&Signature=0a1b2c3d", "0a1b2c3d"),
        ("queue: https://h/x?sv=1&sig=0a1b2c3d", "0a1b2c3d"),
        ("queue: ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_0123456789"),
        ("queue: https://hooks.slack.com/services/T0/B0/abcdef", "services/T0/B0"),
        ("queue: xoxb-123456789012-abcdefABCDEF", "xoxb-1234"),
        ("# -----BEGIN RSA PRIVATE KEY-----", "BEGIN RSA"),
    ],
)
def test_a_secret_is_an_error_that_does_not_repeat_it(problems, line, secret):
    found = problems(f"{_CONFIG}{line}\n")
    assert "secret" in {problem.code for problem in found}
    reports = (
        render_problems(found),
        json.dumps(problems_as_json(found)),
        problems_as_github(found),
        json.dumps(problems_as_sarif(found)),
    )
    assert not any(secret in report for report in reports)


def test_a_secret_is_not_repeated_by_the_other_problems_of_its_line(problems):
    found = problems(f"{_CONFIG}retries: AKIAIOSFODNN7EXAMPLE\nAKIAIOSFODNN7EXAMPLF: 1\n")
    assert [problem.line for problem in found] == [4, 5]
    assert "IOSFODNN" not in render_problems(found)


@pytest.mark.parametrize(
    "line",
    [
        "description: The token economy, and what a password manager costs",
        "description: see https://example.com/a:b@c and mail to bob@example.com",
        "queue: s3://bucket/AnExceptionallyLongFolder2026/WithManyParts/AndMore",
        "queue: 0123456789abcdef0123456789abcdef01234567",
        "queue: sk-learn",
        "pool: tokens",
        "owner: secretary",
        "owner: key",
        "target: api_key_count",
        "drop: [password, secret_token, access_key]",
        "features: [AKIA, has_token]",
    ],
)
def test_what_only_looks_like_one_is_left_alone(problems, line):
    assert render_problems(problems(f"{_CONFIG}{line}\n")) == ""


def test_parameters_that_are_named_like_secrets_are_left_alone(problems):
    config = _CONFIG.replace(
        "model: ridge",
        'model: {module: ridge, params: {token_pattern: "(?u)abcdefg", max_tokens: 100000000}}',
    )
    assert render_problems(problems(config)) == ""
