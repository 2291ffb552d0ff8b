"""What a pipeline is written as: plain dag-factory must make the same DAG of it."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml
from airflow.sdk import BaseNotifier
from airflow.serialization.serialized_objects import DagSerialization
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

MODEL = "model: random_forest\noutput: s3://models/p/{{ ds }}/\n"
MINIMAL = f"source: s3://data/churn.csv\n{MODEL}"
DATA = (str, int, float, list, tuple, dict)
# Whether read from a file or not, these only say where the DAG comes from.
OF_THE_ORIGIN = {"doc_md", "fileloc", "relative_fileloc"}

KNOBS = {
    "a minimal config": MINIMAL,
    "a cron expression and a timezone": f"{MINIMAL}schedule: 30 6 * * MON\ntimezone: Europe/Paris\n",
    "a preset": f'{MINIMAL}schedule: "@quarterly"\n',
    "an interval": f"{MINIMAL}schedule: {{every: 6h}}\n",
    "a bucket's root": "source: s3://data/*.csv\nmodel: random_forest\noutput: 's3://models/{{ ds }}/'\n"
    "schedule: {assets: s3://models}\n",
    "a query": f"source: https://example.com/table.csv?b=1&a=2\n{MODEL}",
    "any of several assets": f"{MINIMAL}schedule: {{assets: [s3://models/a/, s3://models/b/], match: any}}\n",
    "all of several assets": f"{MINIMAL}schedule: {{assets: [s3://models/a/, s3://models/b/]}}\n",
    "days and catch-up": f"{MINIMAL}start_date: 2026-02-01\nend_date: 2026-12-31\ncatchup: true\nmax_active_runs: 7\n"
    "timezone: Asia/Tokyo\n",
    "how tasks run": f"{MINIMAL}retries: 0\nretry_delay: 90s\nretry_backoff: false\ntimeout: 2d\nrun_timeout: 12h\npool: gpu\npriority: 9\nqueue: large\n",
    "who and what": f"{MINIMAL}owner: risk\ntags: [a, 'on', '1', 'b c']\npaused: false\ndescription: 'Yes: \"no\" # {{a}}'\n",
    "resources": f"{MINIMAL}resources: {{cpu: 500m, memory: 2Gi, node_selector: {{disk: ssd}}, "
    "steps: {train_model: {cpu: 8, gpu: 1, image: 'registry.example.com/refinery:gpu'}}}\n",
    "a workspace on S3": f"{MINIMAL}workspace: {{url: s3://staging/refinery/, connection: aws_staging}}\n",
    "a workspace on a shared disk": f"{MINIMAL}workspace: {{path: /mnt/refinery, shared: true}}\n",
    "a compute engine": f"{MINIMAL}compute: {{engine: dask, address: 'tcp://dask:8786'}}\n",
    "data larger than memory": f"{MINIMAL}fit: {{mode: incremental, batch_rows: 5000}}\n",
    "waiting": f"source: [s3://data/a.csv, 's3://data/b-{{{{ ds }}}}/*.csv']\n{MODEL}wait_for: {{timeout: 2h, poke_interval: 30s}}\n",
    "notifiers": f"{MINIMAL}notify:\n"
    "  on_failure:\n"
    "    - slack: {channel: '#ml', message: 'It failed: {{ run_id }} costs $HOME'}\n"
    "    - smtp: {to: [a@example.com, b@example.com]}\n"
    "  on_success: [{sns: {topic: 'arn:aws:sns:eu-west-3:123456789012:ml'}}]\n"
    "  on_retry: [{slack: {channel: '#ml', message: again}}]\n",
    "source options": "source:\n"
    "  url: https://example.com/a%20table.csv\n"
    "  separator: ';'\n"
    "  decimal: ','\n"
    "  null_values: ['?', -200, '~', 'null']\n"
    "  dtypes: {zip: str}\n"
    "  dates: [sold]\n"
    "  max_uncompressed: 16Gi\n"
    f"{MODEL}target: -1\nfeatures: ['yes', '2026-01-01', '1e3', ' a ']\n",
    "columns left out": f"{MINIMAL}drop: [id]\ntarget: '0'\nevaluate: {{test_size: 0.5, random_state: 7}}\n",
    "evaluation, contract and gates": f"{MINIMAL}"
    "evaluate: {cross_validation: 5, metrics: [mae, r2], positive_class: 'no'}\n"
    "preprocess: none\n"
    "expect: {rows: {min: 40}, columns: {sold_at: {type: date, min: 2026-01-01}, tax: {min: 0, max: 20.5}}}\n"
    "require: {r2: {min: 0.35}, mae: {max: 60, no_worse_than_latest: 10%}}\n"
    "gate: warn\n"
    "on_unchanged: skip\ncard: false\n",
    "params of all kinds": "source: s3://data/churn.csv\noutput: s3://models/p/{{ ds }}/\n"
    "model:\n"
    "  class: sklearn.ensemble.RandomForestRegressor\n"
    "  params: {a: 1e-7, b: null, c: [1, [2.5, true]], d: {'x y': 'null'}, e: '012', f: '{{ ds }}', g: 1.5e+3, h: '$HOME'}\n",
    "params with other keys than text": "source: s3://data/churn.csv\noutput: s3://models/p/{{ ds }}/\n"
    "model:\n"
    "  class: sklearn.linear_model.LogisticRegression\n"
    "  params: {class_weight: {0: 1, 1: 5}, b: {true: 1, null: 2, 0.5: 3, '1': 4}, c: [{-1: {2: x}}]}\n",
    "params whose line ends count": "source: s3://data/churn.csv\noutput: s3://models/p/{{ ds }}/\n"
    "model:\n"
    "  module: random_forest\n"
    "  params:\n"
    '    {a: "\\n", b: "x\\n", c: "p\\r\\nq", d: "\\n\\n x\\n\\n", e: "$x\\r\\n\\r$y\\n", f: "a\\N\\u2028b\\n"}\n',
    "texts of several lines": f"{MINIMAL}description: |\n  First  \n\n    second $HOME $${{PATH}}\n",
    "comments that a shell would fill in": f"# $HOME ${{PATH}} $$ $\n{MINIMAL}# $(pwd)\n",
    "unicode": f'{MINIMAL}description: "caf\u00e9 \U0001f377 \\u2028"\n',
}


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


def serialised(dag):
    """A DAG as Airflow stores it, with what it leaves out: the arguments of tasks and of callbacks."""
    stored = DagSerialization.to_dict(dag)
    stored["dag"] = {key: value for key, value in stored["dag"].items() if key not in OF_THE_ORIGIN}
    arguments = {task.task_id: arguments_of(task) for task in dag.tasks}
    holders = [dag, *dag.tasks]
    callbacks = [
        getattr(holder, f"on_{event}_callback", None)
        for holder in holders
        for event in ("failure", "success", "retry")
    ]
    return plain({"stored": stored, "arguments": arguments, "callbacks": callbacks})


def arguments_of(task):
    """What a config's values have become, templated or not: Airflow stores only the templated ones."""
    names = inspect.signature(type(task).__init__).parameters
    return {name: value for name in names if isinstance(value := getattr(task, name, None), DATA)}


def plain(value):
    if isinstance(value, BaseNotifier):
        return plain(value.notifiers)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


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
