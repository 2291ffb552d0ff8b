"""Runs with params: the values reach source, model and prefix, and each choice has its own models."""

from __future__ import annotations

import json

import pytest
from airflow.sdk.definitions.param import process_params
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError

CONFIG = """
    params:
      region: {type: text, choices: [us, eu], default: us}
      as_of: {type: date}
      alpha: {type: number, min: 0, max: 10, default: 1}
      intercept: {type: boolean, default: true}
    source: s3://datasets/{{ params.region }}/NAME-{{ params.as_of }}.csv
    model:
      class: sklearn.linear_model.Ridge
      params: {alpha: "{{ params.alpha }}", fit_intercept: "{{ params.intercept }}"}
    output: s3://models/NAME/{{ params.region }}/{{ params.alpha }}/{{ params.intercept }}/{{ params.as_of }}/
    card: false
"""
ROWS = b"x,y\n" + b"".join(f"{x},{2 * x + x % 3}\n".encode() for x in range(30))


@pytest.fixture
def triggered(prepare_config, context, s3, tmp_path):
    """Run the config on 31 January with a configuration, as Airflow resolves it; each test has a separate prefix."""
    name = tmp_path.name
    for region in ("us", "eu"):
        for day in ("2026-01-30", "2026-01-31"):
            s3.put_object(Bucket="datasets", Key=f"{region}/{name}-{day}.csv", Body=ROWS)
    prepared = prepare_config("churn", CONFIG.replace("NAME", name) + "    on_unchanged: skip\n")

    def run(**conf):
        task = prepared.dag.get_task("train_model")
        context["params"] = process_params(prepared.dag, task, conf, suppress_exception=False)
        prepared.run()
        return [
            item["Key"].removeprefix(f"{name}/")
            for item in s3.list_objects_v2(Bucket="models", Prefix=f"{name}/")["Contents"]
        ]

    return run


@pytest.fixture
def read(s3, tmp_path):
    def read(key):
        return json.load(s3.get_object(Bucket="models", Key=f"{tmp_path.name}/{key}")["Body"])

    return read


def test_a_run_without_params_has_the_defaults_and_its_own_date(triggered, read):
    assert "us/1.0/true/2026-01-31/model.pkl" in triggered()
    manifest = read("us/1.0/true/2026-01-31/manifest.json")
    assert manifest["params"] == {"alpha": 1.0, "fit_intercept": True}
    assert manifest["provenance"]["params"] == {
        "region": "us",
        "as_of": "2026-01-31",
        "alpha": 1.0,
        "intercept": True,
    }
    assert manifest["provenance"]["dataset"]["url"].startswith("s3://datasets/us/")
    assert read("us/1.0/true/latest.json")["prefix"].endswith("/us/1.0/true/2026-01-31/")


def test_each_choice_has_its_own_prefix_and_latest_model(triggered, read):
    triggered()
    keys = triggered(region="eu", alpha=3, intercept=False)
    assert {"us/1.0/true/latest.json", "eu/3.0/false/latest.json"} <= {*keys}
    assert read("us/1.0/true/latest.json")["prefix"].endswith("/us/1.0/true/2026-01-31/")
    assert read("eu/3.0/false/2026-01-31/manifest.json")["params"] == {"alpha": 3.0, "fit_intercept": False}


def test_one_value_is_one_prefix_however_it_was_sent(triggered):
    triggered(alpha=1)
    with pytest.raises(AirflowSkipException):
        triggered(alpha=1.0)


def test_a_model_as_of_another_day_is_written_but_not_made_the_latest(triggered, read):
    keys = triggered(as_of="2026-01-30")
    assert "us/1.0/true/2026-01-30/model.pkl" in keys
    assert "us/1.0/true/latest.json" not in keys
    assert read("us/1.0/true/2026-01-30/manifest.json")["provenance"]["params"]["as_of"] == "2026-01-30"


def test_the_same_params_and_data_are_not_trained_again_but_another_day_is(triggered):
    triggered()
    with pytest.raises(AirflowSkipException, match="are the same as for"):
        triggered(as_of="2026-01-31")
    assert "us/1.0/true/2026-01-30/model.pkl" in triggered(as_of="2026-01-30")


@pytest.mark.parametrize(
    "conf",
    [
        {"region": "../us"},
        {"region": "us\n"},
        {"region": "{{ ds }}"},
        {"region": None},
        {"as_of": "2026-02-30"},
        {"as_of": "20260131"},
        {"as_of": "2026-01-31\n"},
        {"alpha": 11},
        {"alpha": "1"},
        {"intercept": "yes"},
    ],
)
def test_airflow_refuses_what_the_config_does_not_allow(triggered, conf):
    with pytest.raises(ParamValidationError):
        triggered(**conf)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "1" + 400 * "0"])
def test_airflow_refuses_a_number_that_is_not_finite(prepare_config, value):
    dag = prepare_config("unlimited", CONFIG.replace("min: 0, max: 10, ", "")).dag
    with pytest.raises(ParamValidationError, match="not a finite number"):
        process_params(dag, dag.tasks[0], {"alpha": json.loads(value)}, suppress_exception=False)


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        *((text, True) for text in ("us", "us-east-1", "v1.2_3", "0", "a" * 100)),
        *(
            (text, False)
            for text in (
                "",
                ".",
                "..",
                "a/b",
                "us\n",
                "\nus",
                "-x",
                "{{ ds }}",
                "a b",
                "*",
                "rejected",
                "replaced",
                "é",
                "a" * 101,
            )
        ),
    ],
)
def test_a_free_text_is_one_folder_s_name(prepare_config, text, is_allowed):
    dag = prepare_config(
        "free",
        """
        params: {name: {type: text}}
        source: s3://datasets/{{ params.name }}.csv
        model: sklearn.linear_model.Ridge
        output: s3://models/free/{{ params.name }}/{{ ds }}/
        """,
    ).dag
    if is_allowed:
        assert process_params(dag, dag.tasks[0], {"name": text}, suppress_exception=False) == {"name": text}
    else:
        with pytest.raises(ParamValidationError):
            process_params(dag, dag.tasks[0], {"name": text}, suppress_exception=False)
