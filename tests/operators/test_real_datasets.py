"""Real datasets from other packages' own files: a config of at most six lines each trains a model that is worth something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sklearn import datasets
from vega_datasets import local_data

from refinery.training.evaluation.metrics import find_metrics
from tests.effort import effort

if TYPE_CHECKING:
    import pandas as pd

CONFIGS = [
    # Regression
    """
    source: https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv
    model: random_forest
    output: s3://models/petrol/{{ ds }}/
    require: {r2: {min: 0.4}}
    """,
    """
    source: s3://datasets/real/diabetes.csv
    model: sklearn.linear_model.Ridge
    output: s3://models/diabetes/{{ ds }}/
    require: {r2: {min: 0.3}}
    """,
    """
    source: s3://datasets/real/us_employment.parquet
    target: nonfarm_change
    model: sklearn.ensemble.RandomForestRegressor
    output: s3://models/us_employment/{{ ds }}/
    require: {r2: {min: 0.6}}
    """,
    # Regression on text, categories and dates; airports lack cities and states
    """
    source: s3://datasets/real/barley.csv
    target: yield
    model: sklearn.linear_model.Ridge
    output: s3://models/barley/{{ ds }}/
    require: {r2: {min: 0.5}}
    """,
    """
    source: s3://datasets/real/iowa_electricity.csv
    model: sklearn.ensemble.RandomForestRegressor
    output: s3://models/iowa_electricity/{{ ds }}/
    require: {mae: {max: 4000}}
    """,
    """
    source: s3://datasets/real/stocks.parquet
    model: sklearn.ensemble.RandomForestRegressor
    output: s3://models/stocks/{{ ds }}/
    evaluate: {metrics: [r2, median_absolute_error]}
    require: {r2: {min: 0.9}}
    """,
    """
    source: s3://datasets/real/airports.csv
    features: [name, city, state, country]
    target: latitude
    model: sklearn.linear_model.Ridge
    output: s3://models/airports/{{ ds }}/
    require: {mae: {max: 4}}
    """,
    # Two classes
    """
    source: s3://datasets/real/breast_cancer.csv
    model: {class: sklearn.discriminant_analysis.LinearDiscriminantAnalysis, format: skops}
    output: s3://models/breast_cancer/{{ ds }}/
    evaluate: {stratify: true, cross_validation: 3}
    require: {roc_auc: {min: 0.95}}
    """,
    """
    source: s3://datasets/real/eights.csv
    model: {class: sklearn.tree.DecisionTreeClassifier, format: onnx}
    output: s3://models/eights/{{ ds }}/
    evaluate: {stratify: true, metrics: [average_precision, f1]}
    require: {average_precision: {min: 0.3}}
    """,
    # More classes
    """
    source: s3://datasets/real/iris.csv
    model: {class: sklearn.linear_model.LogisticRegression, params: {max_iter: 1000}}
    output: s3://models/iris/{{ ds }}/
    require: {f1: {min: 0.9}}
    """,
    """
    source: s3://datasets/real/wine.jsonl
    model: sklearn.ensemble.RandomForestClassifier
    output: s3://models/wine/{{ ds }}/
    require: {roc_auc: {min: 0.9}}
    """,
    """
    source: s3://datasets/real/digits.csv
    model: sklearn.svm.SVC
    output: s3://models/digits/{{ ds }}/
    evaluate: {stratify: true, metrics: [accuracy]}
    require: {f1_macro: {min: 0.9}}
    """,
    # More classes, from text, dates and columns with gaps: fuel and power are not known of every car
    """
    source: s3://datasets/real/cars.jsonl
    model: sklearn.ensemble.HistGradientBoostingClassifier
    output: s3://models/cars/{{ ds }}/
    require: {accuracy: {min: 0.8}}
    """,
    """
    source: s3://datasets/real/seattle_weather.csv
    model: {class: sklearn.ensemble.HistGradientBoostingClassifier, params: {max_iter: 20}}
    output: s3://models/seattle_weather/{{ ds }}/
    evaluate: {time_column: date}
    require: {accuracy: {min: 0.6}}
    """,
]
# Of text, of dates and gaps, of ten classes: a card takes most of a run's time.
WITH_CARD = ("airports", "cars", "digits")
FILES = {
    "csv": lambda table: table.to_csv(index=False).encode(),
    "jsonl": lambda table: table.to_json(orient="records", lines=True, date_format="iso").encode(),
    "parquet": lambda table: table.to_parquet(index=False),
}


def read_table(name: str) -> pd.DataFrame:
    if name == "eights":
        digits = read_table("digits")
        return digits.assign(target=(digits["target"] == 8).map({True: "eight", False: "another"}))
    if hasattr(datasets, f"load_{name}"):
        return getattr(datasets, f"load_{name}")(as_frame=True).frame
    return getattr(local_data, name)()


@pytest.mark.parametrize("text", CONFIGS, ids=lambda text: text.partition("models/")[2].partition("/")[0])
def test_a_real_dataset_needs_six_lines_and_beats_the_baseline(prepare_config, s3, text):
    lines = dict(line.strip().split(": ", 1) for line in text.strip().splitlines())
    name = lines["output"].split("/")[3]
    if lines["source"].startswith("s3://datasets/"):
        suffix = lines["source"].rpartition(".")[2]
        key = lines["source"].removeprefix("s3://datasets/")
        s3.put_object(Bucket="datasets", Key=key, Body=FILES[suffix](read_table(name)))

    run = prepare_config(name, text)
    run.dag.get_task("train_model").card = effort(name in WITH_CARD, thorough=True)
    manifest = run.run().manifest

    assert len(lines) <= 6
    assert manifest["gate"] == "passed"
    assert not [one for one in manifest["warnings"] if "evaluate.group_column" in one]
    assert manifest["metrics"].keys() == manifest["baseline"].keys()
    for metric in find_metrics(manifest["metrics"]):
        measured, baseline = manifest["metrics"][metric.name], manifest["baseline"][metric.name]
        assert measured > baseline if metric.higher_is_better else measured < baseline, metric.name
