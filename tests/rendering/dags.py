"""Configs that use every key, and DAGs in a form that can be compared."""

from __future__ import annotations

import inspect

from airflow.sdk import BaseNotifier
from airflow.serialization.serialized_objects import DagSerialization

MODEL = "model: random_forest\noutput: s3://models/p/{{ ds }}/\n"
MINIMAL = f"source: s3://data/churn.csv\n{MODEL}"
DATA = (str, int, float, list, tuple, dict)
# Whether read from a file or not, these only say where the DAG comes from.
OF_THE_ORIGIN = {"doc_md", "fileloc", "relative_fileloc"}
# Refinery's, and in its place dag-factory's, in what plain dag-factory loads.
OWN_TAGS = {"refinery", "dagfactory"}

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
    "early stopping, a threshold and calibration": "source: s3://data/churn.csv\nmodel: lightgbm.LGBMClassifier\n"
    "output: s3://models/p/{{ ds }}/\nfit: {early_stopping: {rounds: 50, share: 0.2}}\n"
    "evaluate: {threshold: {maximize: f1}, calibrate: isotonic}\n",
    "a threshold": f"{MINIMAL}evaluate: {{threshold: 0.3}}\n",
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
    "evaluate: {group_column: customer, cross_validation: 5, metrics: [mae, r2], positive_class: 'no'}\n"
    "weight: sampling_weight\n"
    "preprocess: none\n"
    "expect: {rows: {min: 40}, columns: {sold_at: {type: date, min: 2026-01-01}, tax: {min: 0, max: 20.5}}}\n"
    "require: {r2: {min: 0.35}, mae: {max: 60, no_worse_than_latest: 10%}}\n"
    "gate: warn\n"
    "on_unchanged: skip\ncard: false\n",
    "a task without a target": "source: s3://data/churn.csv\nmodel: sklearn.ensemble.IsolationForest\noutput: s3://models/p/{{ ds }}/\n"
    "task: anomaly\nrequire: {outlier_share: {max: 0.1}, stability: {min: 0.5}}\n",
    "params of all kinds": "source: s3://data/churn.csv\noutput: s3://models/p/{{ ds }}/\n"
    "model:\n"
    "  class: sklearn.ensemble.RandomForestRegressor\n"
    "  params: {a: 1e-7, b: null, c: [1, [2.5, true]], d: {'x y': 'null'}, e: '012', f: '{{ ds }}', g: 1.5e+3, h: '$HOME'}\n",
    "candidates and a search": "source: s3://data/churn.csv\noutput: s3://models/p/{{ ds }}/\n"
    "model:\n"
    "  candidates:\n"
    "    - {class: sklearn.linear_model.LogisticRegression, params: {C: 0.5, note: '{{ ds }} $HOME'}}\n"
    "    - {class: lightgbm.LGBMClassifier, search: {num_leaves: 15..255 log, max_depth: [3, null, true, 0.5, 'x y']}}\n"
    "    - steps: [{class: sklearn.preprocessing.StandardScaler}, {class: sklearn.svm.SVC, search: {C: 0.1..10 log}}]\n"
    "search: {by: roc_auc, trials: 60, minutes: 7.5, folds: 4}\n",
    "one class that is searched": "source: s3://data/churn.csv\noutput: s3://models/p/{{ ds }}/\n"
    "model: {class: sklearn.linear_model.Ridge, params: {tol: 1e-4}, search: {alpha: 0.01..100 log}}\n",
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
    "params of a run": "source: s3://data/{{ params.region }}/{{ params.as_of }}.csv\n"
    "model: {class: sklearn.linear_model.Ridge, params: {alpha: '{{ params.alpha }}', solver: '{{ params.solver }}'}}\n"
    "output: s3://models/p/{{ params.region }}/{{ params.alpha }}/{{params.solver}}/{{ params.flag }}/{{ params.n }}/{{ params.as_of }}/\n"
    "schedule: '@daily'\n"
    "wait_for: true\n"
    "notify: {on_success: [{slack: {channel: '#ml', message: 'As of {{ params.as_of }}: {{ params.n }}'}}]}\n"
    "params:\n"
    "  region: {type: text, choices: [us, eu], default: us, description: 'Where: $HOME'}\n"
    "  as_of: {type: date}\n"
    "  alpha: {type: number, min: 0, max: 10.5, default: 1}\n"
    "  solver: {type: text, default: auto}\n"
    "  flag: {type: boolean, default: true}\n"
    "  n: {type: integer, choices: [1, 2], default: 2}\n",
    "params that each run must set": "source: s3://data/{{ params.region }}.csv\nmodel: random_forest\n"
    "output: s3://models/p/{{ params.region }}/{{ ds }}/\nparams: {region: {type: text}}\n",
    "unicode": f'{MINIMAL}description: "caf\u00e9 \U0001f377 \\u2028"\n',
}


def serialised(dag):
    """A DAG as Airflow stores it, with what it leaves out: the arguments of tasks and of callbacks."""
    stored = DagSerialization.to_dict(dag)
    stored["dag"] = {key: value for key, value in stored["dag"].items() if key not in OF_THE_ORIGIN}
    stored["dag"]["tags"] = sorted(set(dag.tags) - OWN_TAGS)
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
