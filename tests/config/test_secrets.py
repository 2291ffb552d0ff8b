"""Secrets are found, and no report repeats them."""

from __future__ import annotations

import json

import pytest

from refinery.config import (
    load_project,
    problems_as_github,
    problems_as_json,
    render_problems,
)
from refinery.config.secret_detectors import detect_tokens

_CONFIG = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/p/{{ ds }}/\n"


@pytest.fixture
def problems(write, tmp_path):
    write("include/models/ridge.py", "def build_model(**params): ...\n")
    write("include/models/x.py", "pass\n")

    def load(text: str, detect=None):
        write("configs/p.yml", text)
        models = tmp_path / "include/models"
        return load_project(tmp_path / "configs", models_dir=models, detect=detect).problems

    return load


# Put together here, so that no scanner takes this file for a leak.
_RANDOM = "0123456789abcdefghijABCDEFGHIJ0123456789klmnopqrstuvKLMNOPQRSTUV"
_GH, _SK, _XOX = "ghp" + "_", "sk" + "_live_", "xox" + "b-"
_JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"

# Each way to write a secret into a config, with what no report may show.
_WAYS = {
    # tokens that their issuers mark
    "AWS key id": ("# AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    "AWS temporary key id": ("# ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"),
    "AWS secret key": ("queue: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    "GitHub": (f"queue: {_GH}{_RANDOM[:36]}", "0123456789"),
    "GitHub, fine-grained": (f"tags: [github_pat_{_RANDOM[:22]}]", "0123456789"),
    "GitLab": (f"owner: glpat-{_RANDOM[:20]}", "0123456789"),
    "Slack bot": (f"queue: {_XOX}123456789012-abcdefABCDEF", "123456789012"),
    "Slack webhook": ("queue: https://hooks.slack.com/services/T0/B0/abcdef", "services/T0/B0"),
    "Discord webhook": (f"queue: https://discord.com/api/webhooks/1234/{_RANDOM}", "0123456789"),
    "Stripe": (f"queue: {_SK}{_RANDOM[:24]}", "0123456789"),
    "Google API": (f"queue: AIza{_RANDOM[:35]}", "0123456789"),
    "Google OAuth": (f"queue: GOCSPX-{_RANDOM[:28]}", "0123456789"),
    "OpenAI": (f"queue: sk-proj-{_RANDOM[:40]}", "0123456789"),
    "Anthropic": (f"queue: sk-ant-api03-{_RANDOM[:40]}", "0123456789"),
    "Hugging Face": (f"queue: hf_{_RANDOM[10:44]}", "abcdefghij"),
    "npm": (f"queue: npm_{_RANDOM[:36]}", "0123456789"),
    "PyPI": (f"queue: pypi-AgEIcHlwaS5vcmc{_RANDOM}", "0123456789"),
    "SendGrid": (f"queue: SG.{_RANDOM[:22]}.{_RANDOM[:43]}", "0123456789"),
    "Twilio": ("queue: SK" + "0123456789abcdef" * 2, "0123456789"),
    "Databricks": ("queue: dapi" + "0123456789abcdef" * 2, "0123456789"),
    "Vault": (f"queue: hvs.{_RANDOM[:24]}", "0123456789"),
    "Telegram": (f"queue: '12345678:AA{_RANDOM[:33]}'", "0123456789"),
    "JSON web token": (f"queue: {_JWT}", "dozjgNryP4"),
    "Azure storage": (f"queue: AccountKey={_RANDOM}{_RANDOM[:22]}==", "0123456789"),
    "private key": ("# -----BEGIN RSA PRIVATE KEY-----", "BEGIN RSA"),
    "private key in a block": (
        "description: |\n  -----BEGIN OPENSSH PRIVATE KEY-----\n  b3BlbnNzaC1rZXk\n  -----END OPENSSH PRIVATE KEY-----",
        "BEGIN OPENSSH",
    ),
    # by their names
    "a key's name": ("aws_secret_access_key: abcDEF123+456", "abcDEF123"),
    "an unknown key": ("password: hunter22", "hunter22"),
    "a comment": ("queue: x # password=hunter22", "hunter22"),
    "a name in quotes": ('"api-key": "a1b2c3d4"', "a1b2c3d4"),
    "apikey": ("apikey: a1b2c3d4", "a1b2c3d4"),
    "camel case": ("clientSecret: hunter22", "hunter22"),
    "a numbered name": ("PASSWORD_2: hunter22", "hunter22"),
    "digits": ("password: 12345678", "12345678"),
    "env": ("model: {script: x.py, env: {DB_PASS: hunter22}}", "hunter22"),
    "env, a word": ("model: {script: x.py, env: {DB_PASS: letmein}}", "letmein"),
    "a token's name": ("model: {script: x.py, env: {HF_TOKEN: abcd1234efgh}}", "abcd1234"),
    "a value that begins with $": ("model: {script: x.py, env: {DB_PASS: $ecret99}}", "ecret99"),
    "a value that begins with {": ('model: {script: x.py, env: {DB_PASSWORD: "{hunter22}"}}', "hunter22"),
    "a value that begins with #": ('model: {script: x.py, env: {DB_PASSWORD: "#hunter22"}}', "hunter22"),
    "a value behind a variable": ('model: {script: x.py, env: {DB_PASSWORD: "${v}hunter22"}}', "hunter22"),
    "the next line": ("model:\n  script: x.py\n  env:\n    DB_PASSWORD:\n      hunter22", "hunter22"),
    "a folded text": ("model:\n  script: x.py\n  env:\n    DB_PASSWORD: >-\n      hunter22", "hunter22"),
    "a block": (
        "model:\n  script: x.py\n  env:\n    DB_PASSWORD: |\n      hunter22\n      more-of-it",
        "hunter22",
    ),
    "an alias": ("model: {script: x.py, args: [&one hunter22], env: {DB_PASSWORD: *one}}", "hunter22"),
    "escapes": (f'queue: "\\x67hp_{_RANDOM[:36]}"', "0123456789"),
    "a token over two lines": (f'queue: "{_GH}{_RANDOM[:10]}\\\n  {_RANDOM[10:36]}"', "abcdefghij"),
    "the item after its flag": ('model: {script: x.py, args: ["--password", "hunter22"]}', "hunter22"),
    "a list below its flag": (
        "model:\n  script: x.py\n  args:\n    - --db-password\n    - hunter22",
        "hunter22",
    ),
    "one item": ('model: {script: x.py, args: ["--password=hunter22"]}', "hunter22"),
    "one text": ('model: {script: x.py, args: ["--api-key hunter22"]}', "hunter22"),
    "a login": ('model: {script: x.py, args: ["-u", "bob:hunter22"]}', "hunter22"),
    "a login in a text": ("description: curl -u bob:hunter22 https://example.com", "hunter22"),
    "params": ("model: {module: ridge, params: {api_key: hunter22}}", "hunter22"),
    "a name and its value": (
        "model: {module: ridge, params: {env: [{name: DB_PASSWORD, value: hunter22}]}}",
        "hunter22",
    ),
    "a group of credentials": (
        "model: {module: ridge, params: {credentials: {user: bob, pin: a1b2c3d4}}}",
        "a1b2c3d4",
    ),
    "JSON in a text": ('description: \'{"password": "hunter22"}\'', "hunter22"),
    "escaped JSON": ('description: "{\\"password\\": \\"hunter22\\"}"', "hunter22"),
    "a sentence": ("description: the password is hunter22", "hunter22"),
    "a header": ("description: 'Authorization: Bearer 0123456789abcdefgh'", "0123456789"),
    "a header of basic authentication": (
        'description: \'{"Authorization": "Basic Ym9iOmh1bnRlcjIyMjI="}\'',
        "Ym9iOmh1bnRlcjIy",
    ),
    "a matrix": ("matrix: {password: [hunter22, hunter23]}", "hunter22"),
    "a key": ("AKIAIOSFODNN7EXAMPLE: 1", "AKIAIOSFODNN7EXAMPLE"),
    "an anchor": (f"description: &{_GH}{_RANDOM[:36]} x", "0123456789"),
    # in URLs
    "a URL of a database": ("queue: postgres://bob:hunter22@db/x", "hunter22"),
    "a short password": ("queue: postgresql://u:p@h", "u:p"),
    "a variable as the user": ('queue: "postgresql://${v}:hunter22@db/x"', "hunter22"),
    "a password that begins with $": ("queue: postgresql://bob:$ecret99@db/x", "ecret99"),
    "a slash in the password": ("queue: postgresql+psycopg2://bob:hun/ter22@db/x", "hun/ter22"),
    "no user": ("queue: redis://:hunter22@db/0", "hunter22"),
    "a URL of the web": ("queue: https://:hunter22@db/x", "hunter22"),
    "a connection text": ("queue: Server=db;User Id=bob;Password=hunter22;Timeout=5", "hunter22"),
    "a DSN": ("queue: host=db user=bob password=hunter22", "hunter22"),
    "a presigned URL": ("queue: https://h/x?X-Amz-Signature=0a1b2c3d", "0a1b2c3d"),
    "an old presigned URL": ("queue: https://h/x?AWSAccessKeyId=abcdef&Signature=0a1b2c3d", "0a1b2c3d"),
    "a shared access signature": ("queue: https://h/x?sv=1&sig=0a1b2c3d", "0a1b2c3d"),
    "a token in a query": ("queue: https://h/x?access_token=0a1b2c3d", "0a1b2c3d"),
    "an API key in a query": ("queue: https://h/x?apikey=0a1b2c3d", "0a1b2c3d"),
    "a key in a query": ("queue: https://h/x?key=0a1b2c3d4e5f", "0a1b2c3d"),
    "a user and password with an escape": ("queue: https://bob%3Ahunter22@h/x.csv", "hunter22"),
    "a camel-case name in a query": ("queue: https://h/x?clientSecret=0a1b2c3d", "0a1b2c3d"),
    "an address of JDBC": ("queue: jdbc:oracle:thin:bob/hunter22@//h:1521/x", "hunter22"),
    "a header with a token": ("description: 'Authorization: token 0123456789abcdefgh'", "0123456789"),
    "an AWS session token": (f"queue: IQoJb3JpZ2lu{_RANDOM[:20]}//////////", "0123456789"),
    "a Zapier hook": ("queue: https://hooks.zapier.com/hooks/catch/123456/abcdef/", "abcdef"),
    "brackets around it": ('model: {script: x.py, env: {DB_PASSWORD: "<hunter22>"}}', "hunter22"),
    "another issuer's key": ("model: {script: x.py, env: {OPENAI_KEY: a1b2c3d4e5f6a1b2}}", "a1b2c3d4"),
    "a login under its name": ("model: {module: ridge, params: {login: 'bob:hunter22'}}", "hunter22"),
    "another language": ("model: {module: ridge, params: {passwort: hunter22}}", "hunter22"),
    "in broken YAML": ('model: {script: x.py, env: {DB_PASSWORD: "hunter22', "hunter22"),
    "where YAML is ambiguous": ("password:\n  0123_4567", "0123_4567"),
}


def _reports(found) -> tuple[str, ...]:
    return (
        render_problems(found),
        json.dumps(problems_as_json(found)),
        problems_as_github(found),
    )


@pytest.mark.parametrize("detect", [None, detect_tokens], ids=["parse", "validate"])
@pytest.mark.parametrize("way", _WAYS)
def test_a_secret_is_an_error_that_does_not_repeat_it(problems, way, detect):
    """Already where Airflow parses the DAG file, without the detectors of `validate`; and these make no difference."""
    lines, secret = _WAYS[way]
    text = _CONFIG.replace("model: ridge\n", "") if lines.startswith("model:") else _CONFIG
    found = problems(f"{text}{lines}\n", detect=detect)
    assert "secret" in {problem.code for problem in found}
    assert all(problem.line >= len(text.splitlines()) + 1 for problem in found if problem.code == "secret")
    assert not any(secret in report for report in _reports(found))


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("configs/defaults.yml", "model: {params: {api_key: hunter22}}"),
        ("configs/team/defaults.yml", "description: postgresql://bob:hunter22@db/x"),
        ("configs/environments/local.yml", "vars: {db_password: hunter22}"),
        ("configs/environments/local.yml", "defaults: {model: {params: {api_key: hunter22}}}"),
    ],
)
def test_a_secret_of_a_shared_file_keeps_its_pipelines_from_loading(write, tmp_path, problems, file, line):
    write(file, f"{line}\n")
    write("configs/team/p.yml", _CONFIG.replace("/p/", "/q/"))
    found = problems(f"{_CONFIG}queue: '${{db_password}}'\n" if "vars" in line else _CONFIG)
    assert [problem.path for problem in found if problem.code == "secret"] == [file]
    assert not any("hunter22" in report for report in _reports(found))


def test_validate_searches_the_files_of_all_environments(write, problems):
    write("configs/environments/production.yml", "vars: {db_password: hunter22}\n")
    assert problems(_CONFIG) == ()
    found = problems(_CONFIG, detect=detect_tokens)
    assert [(problem.path, problem.key) for problem in found] == [("configs/environments/production.yml", "")]


@pytest.mark.parametrize(
    "line",
    [
        "queue: M" + _RANDOM[:23] + ".Ab1-_x." + _RANDOM[:27],
        "queue: cloudant_key=" + "0123456789abcdef" * 4,
        "queue: sq0csp-" + _RANDOM[:43],
        "queue: glimt-" + _RANDOM[:25],
        "queue: '//registry.example.com/:_authToken=0a1b2c3d-0000-0000-0000-000000000000'",
        "queue: https://api.softlayer.com/soap/v3/" + "0123456789abcdef" * 4,
    ],
)
def test_detectors_of_a_library_are_asked_as_well(problems, line):
    found = problems(f"{_CONFIG}{line}\n", detect=detect_tokens)
    assert [problem.code for problem in found] == ["secret"]
    assert not any(piece in report for report in _reports(found) for piece in ("0123456789ab", "0a1b2c3d"))


def test_a_secret_is_not_repeated_by_the_other_problems_of_its_line(problems):
    found = problems(f"{_CONFIG}retries: AKIAIOSFODNN7EXAMPLE\nAKIAIOSFODNN7EXAMPLF: 1\n")
    assert [problem.line for problem in found] == [4, 5]
    assert "IOSFODNN" not in render_problems(found)


_ORDINARY = [
    "description: The token economy, and what a password manager costs",
    "description: see https://example.com/a:b@c and mail to bob@example.com",
    "description: passwords are in the connection; ask for a token. Basic and bearer words",
    "description: basic authentication2026model, bearer words",
    "description: sk-learn-intelex-extension, hf_hub, npm_config, key-value",
    "# password: see the wiki",
    "# secret: <yours>",
    "queue: s3://bucket/AnExceptionallyLongFolder2026/WithManyParts/AndMore",
    "queue: s3://bucket/data-us1/2026-01-31/part-00000-3f2504e0-4f89-11d3-9a0c-0305e82c3301.c000.snappy.parquet",
    "queue: 0123456789abcdef0123456789abcdef01234567",
    "queue: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "queue: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "queue: d41d8cd98f00b204e9800998ecf8427e",
    "queue: 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "queue: 01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "queue: dGhpcyBpcyBhIGJhc2U2NCBpZA==",
    "queue: V1StGXR8_Z5jdHi6B-myT",
    "queue: ThisIsAVeryLongColumnName2WithFortyChars",
    "queue: CustomerTransactionsAggregatedByMonth202",
    "queue: task-0123456789abcdefgh",
    "queue: sk-learn",
    "queue: https://host:8080/path@2026",
    "queue: https://example.com/x.csv?year=2026&key=sales&code=fr",
    "queue: postgresql://bob@host:5432/db?user=a@b",
    "queue: arn:aws:sns:eu-west-3:123456789012:ml",
    "workspace: {path: /mnt/pass/2026}",
    "description: 'secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf1'",
    "queue: https://example.com/x.csv?key=customers_2026&pass=first&class=2",
    "model: {script: x.py, args: ['-u', 'train:test', '--split', 'train:validation']}",
    "pool: tokens",
    "owner: secretary",
    "owner: key",
    "tags: [password-reset, tokens, key2026]",
    "target: api_key_count",
    "drop: [password, secret_token, access_key]",
    "features: [AKIA, has_token]",
    "source: {url: s3://data/x.csv, dtypes: {password: category, api_key: str, secret: float}}",
    "expect: {columns: {password: {pattern: 'hunter22|letmein'}, secret: {values: [hunter22]}}}",
    "model: {class: sklearn.ensemble.HistGradientBoostingRegressor}",
]
_ORDINARY_PARAMS = [
    '{token_pattern: "(?u)abcdefg", max_tokens: 100000000}',
    '{pad_token: "[PAD]", unk_token: "<unknown>", mask_token: __mask__, sep_token: "</s>", token: sentence}',
    "{password_column: pw, secret_name: team/secret/2026path, key_column: customer_id, sort_key: customer_id_2026}",
    '{password: "${v}", token: "{{ ds }}", api_key: $API_KEY, secret: "<your secret>", passwd: "****"}',
    '{url: "postgresql://${v}:${v}@db/x", other: "https://db/x?token=${v}"}',
    "{password: '', secret: null, token: true, tokens: 100000, n_secrets: 1000000}",
    "{pad_token: <extra_id_0>, mask_token: '[unused123]'}",
    "{first_pass: greedy, multi_pass: enabled2, tokenizer: bert-base-uncased-v2, auth_url: https://idp/x}",
    "{revision: 0123456789abcdef0123456789abcdef01234567, model_id: all-MiniLM-L6-v2, run: 7a8b9c0d1e2f}",
]


@pytest.mark.parametrize("detect", [None, detect_tokens], ids=["parse", "validate"])
@pytest.mark.parametrize("line", _ORDINARY)
def test_what_only_looks_like_one_is_left_alone(problems, line, detect):
    key = line.partition(":")[0]
    text = "".join(one for one in _CONFIG.splitlines(keepends=True) if not one.startswith(f"{key}:"))
    assert render_problems(problems(f"{text}{line}\n", detect=detect)) == ""


@pytest.mark.parametrize("detect", [None, detect_tokens], ids=["parse", "validate"])
@pytest.mark.parametrize("params", _ORDINARY_PARAMS)
def test_parameters_that_are_named_like_secrets_are_left_alone(write, problems, params, detect):
    write("configs/environments/local.yml", "vars: {v: x}\n")
    config = _CONFIG.replace("model: ridge", f"model: {{module: ridge, params: {params}}}")
    found = problems(config, detect=detect)
    assert [problem.code for problem in found if problem.code != "unused-variable"] == []
