"""Six lines find outliers or clusters in real data, through Airflow and S3, and new rows get labels and scores."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from refinery.training import load_model_file, predict_file

CONFIGS = {
    "odd_states": """
    source: https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv
    model: sklearn.ensemble.IsolationForest
    task: anomaly
    output: s3://models/odd_states/{{ ds }}/
    require: {outlier_share: {max: 0.2}, stability: {min: 0.3}}
    """,
    "flowers": """
    source: s3://datasets/real/flowers.csv
    model: {steps: [{class: sklearn.preprocessing.StandardScaler}, {class: sklearn.cluster.KMeans, params: {n_clusters: 3}}]}
    task: clustering
    drop: [target]
    output: s3://models/flowers/{{ ds }}/
    require: {silhouette: {min: 0.3, no_worse_than_latest: 10%}, clusters: {max: 3}, stability: {min: 0.5}}
    """,
}


@pytest.fixture
def flowers(tmp_path):
    file = tmp_path / "flowers.csv"
    load_iris(as_frame=True).frame.to_csv(file, index=False)
    return file


@pytest.fixture
def run_config(prepare_config, s3, flowers, tmp_path):
    """Run a config; return its manifest, and a function that predicts a file's rows with the uploaded model."""

    def run(name):
        s3.put_object(Bucket="datasets", Key="real/flowers.csv", Body=flowers.read_bytes())
        ended = prepare_config(name, CONFIGS[name]).run()
        manifest, file = ended.manifest, tmp_path / "model.pkl"
        file.write_bytes(ended.objects[file.name])
        model = load_model_file(file, manifest["files"][file.name]["sha256"])
        return manifest, lambda rows: predict_file(model, manifest, rows)

    return run


def test_outliers_are_those_with_a_negative_score(run_config, project):
    manifest, predict = run_config("odd_states")

    assert (manifest["gate"], manifest["provenance"]["spec"]["task"]) == ("passed", "anomaly")
    assert {"card.html", "model.pkl"} <= manifest["files"].keys()
    predicted = predict(project / "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv")
    assert list(predicted)[-2:] == ["prediction", "prediction_score"]
    assert (predicted["prediction"] == -1).equals(predicted["prediction_score"] < 0)


def test_clusters_of_flowers_are_nearly_their_species(run_config, flowers):
    manifest, predict = run_config("flowers")

    assert (manifest["gate"], manifest["provenance"]["spec"]["task"]) == ("passed", "clustering")
    predicted = predict(flowers)
    assert adjusted_rand_score(predicted["prediction"], predicted["target"]) > 0.5
