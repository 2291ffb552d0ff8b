"""What a pipeline is written as: plain dag-factory must make the same DAG of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml
from dagfactory import load_yaml_dags
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery.config import load_pipeline
from refinery.errors import RefineryError
from refinery.rendering.diagram import mermaid_diagram
from refinery.rendering.loader import build_dag
from refinery.rendering.text import dag_factory_json, dag_factory_yaml
from refinery.spec.json_keys import as_text, restore_keys
from tests.effort import effort
from tests.rendering.dags import KNOBS, MINIMAL, MODEL, serialised


@pytest.fixture
def pipeline(configs):
    def make(text, dag_id="churn"):
        configs.write(dag_id, text=text)
        return load_pipeline(configs.root / "configs", dag_id)

    return make


@pytest.fixture
def load_plainly(tmp_path):
    """Load a text as dag-factory alone does."""

    def load(text):
        file = tmp_path / "plain.yml"
        file.write_text(text, encoding="utf-8")
        dags = {}
        load_yaml_dags(dags, config_filepath=str(file), defaults_config_path=str(tmp_path))
        return dags

    return load


@pytest.mark.parametrize("name", ["diabetes_progression", "petrol_consumption", "wine_cultivar"])
def test_plain_dag_factory_makes_the_same_dag_of_each_config_of_the_demo(project, load_plainly, name):
    pipeline = load_pipeline(project / "configs", name)
    dags = load_plainly(dag_factory_yaml(pipeline))

    assert list(dags) == [name]
    assert serialised(dags[name]) == serialised(build_dag(pipeline))


@pytest.mark.parametrize("knob", KNOBS)
def test_plain_dag_factory_makes_the_same_dag(pipeline, load_plainly, knob):
    written = pipeline(KNOBS[knob])
    assert serialised(load_plainly(dag_factory_yaml(written))["churn"]) == serialised(build_dag(written))


def test_every_key_of_a_config_is_tried():
    from refinery.config import PipelineConfig

    tried = set(re.findall(r"^(\w+):", "\n".join(KNOBS.values()), re.MULTILINE))
    assert set(PipelineConfig.model_fields) - tried == {
        "overwrite",
        "matrix",
    }  # which make no difference to a DAG


def test_each_pipeline_of_a_matrix_is_written(pipeline, load_plainly, configs):
    configs.write(
        "demand", text=MINIMAL.replace("/p/", "/${matrix.region}/") + "matrix: {region: [us, eu]}\n"
    )
    written = load_pipeline(configs.root / "configs", "demand__eu")
    assert serialised(load_plainly(dag_factory_yaml(written))["demand__eu"]) == serialised(build_dag(written))


@settings(
    max_examples=effort(60, 400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    params=st.dictionaries(
        st.text(max_size=20),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=150),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.text(max_size=9) | st.integers() | st.booleans() | st.none(), inner, max_size=3
                )
            ),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_any_params_are_read_back_as_they_were(pipeline, load_plainly, params):
    written = pipeline(MINIMAL)
    model = written.config.model.model_copy(update={"params": params})
    written = replace(written, config=written.config.model_copy(update={"model": model}))
    try:
        text = dag_factory_yaml(written)
    except RefineryError:
        return
    read = load_plainly(text)["churn"].get_task("train_model").training["model"].get("params", {})
    assert as_text(read) == as_text(params)
    document = json.loads(dag_factory_json(written))
    assert (
        restore_keys(document["churn"]["tasks"]["train_model"]["training"]["model"].get("params", {}))
        == params
    )


def test_a_description_of_several_lines_and_the_config_are_written_as_blocks(pipeline):
    text = dag_factory_yaml(pipeline("# $schema=x\n" + MINIMAL))
    assert '- "# \\x24schema=x\\n"\n          - |\n            source: s3://data/churn.csv\n' in text


@pytest.mark.parametrize("key", ["__type__", "__args__", "__join__", "__and__", "__or__"])
def test_a_key_that_dag_factory_acts_on_is_refused(pipeline, key):
    written = pipeline(
        MINIMAL.replace("random_forest", f"{{module: random_forest, params: {{a: [{{{key}: os.system}}]}}}}")
    )
    with pytest.raises(RefineryError, match=f'"churn".*the key "{key}" is special'):
        dag_factory_yaml(written)


def test_a_name_that_is_no_dags_is_refused(pipeline):
    with pytest.raises(RefineryError, match="Rename the config"):
        dag_factory_yaml(pipeline(MINIMAL, dag_id="default"))


def test_the_json_is_the_yaml(pipeline):
    written = pipeline(MINIMAL)
    document = yaml.safe_load(dag_factory_yaml(written))
    document["churn"]["start_date"] = str(document["churn"]["start_date"])
    assert json.loads(dag_factory_json(written)) == document


def test_a_diagram_shows_the_tasks_and_the_data(pipeline):
    written = pipeline(f"source: [s3://data/a.csv, 's3://data/\"b\".csv']\n{MODEL}wait_for: true\n")
    assert mermaid_diagram(written) == (
        "flowchart LR\n"
        '    source0[("s3://data/a.csv")]\n'
        '    source1[("s3://data/#34;b#34;.csv")]\n'
        '    output0[("s3://models/p/{{ ds }}/")]\n'
        "    wait_for_dataset --> download_dataset\n"
        "    download_dataset --> train_model\n"
        "    train_model --> upload_model\n"
        "    upload_model -.-> clean_up\n"
        "    source0 --> download_dataset\n"
        "    source1 --> download_dataset\n"
        '    train_model --- model["random_forest"]\n'
        "    upload_model --> output0\n"
    )


def test_writing_imports_no_airflow(project):
    code = "import sys, refinery.rendering.text, refinery.rendering.diagram; print('airflow' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": f"{project}:{project / 'include'}"}
    printed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout == "False\n"
