"""The petrol pipeline as a careful Airflow user writes it: four callables that import what is heavy inside."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, chain

FOLDER = "/tmp/petrol_by_hand_{{ ds }}/"


def download(folder):
    """Download the dataset."""
    from pathlib import Path

    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    Path(folder).mkdir(exist_ok=True)
    dataset = S3Hook().get_key("petrol_consumption.csv", "iasd-data-in-the-cloud")
    dataset.download_file(folder + "dataset.csv")


def train(folder):
    """Train and evaluate the model."""
    import json
    import pickle
    from pathlib import Path

    import pandas as pd
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = pd.read_csv(folder + "dataset.csv")
    x_train, x_test, y_train, y_test = train_test_split(
        table.iloc[:, :-1], table.iloc[:, -1], test_size=0.2, random_state=0
    )
    model = make_pipeline(StandardScaler(), RandomForestRegressor(n_estimators=200, random_state=0))
    model.fit(x_train, y_train)
    predicted = model.predict(x_test)
    metrics = {
        "mae": mean_absolute_error(y_test, predicted),
        "mse": mean_squared_error(y_test, predicted),
        "r2": r2_score(y_test, predicted),
    }
    Path(folder, "metrics.json").write_text(json.dumps(metrics))
    with Path(folder, "model.pkl").open("wb") as file:
        pickle.dump(model, file)


def upload(folder, prefix):
    """Upload model and metrics."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    for name in ("model.pkl", "metrics.json"):
        S3Hook().load_file(folder + name, prefix + name, "models", replace=True)


def clean_up(folder):
    """Delete the local files."""
    import shutil

    shutil.rmtree(folder)


with DAG("petrol_by_hand", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), tags=["benchmark"]):
    chain(
        PythonOperator(task_id="download_dataset", python_callable=download, op_kwargs={"folder": FOLDER}),
        PythonOperator(task_id="train_model", python_callable=train, op_kwargs={"folder": FOLDER}),
        PythonOperator(
            task_id="upload_model",
            python_callable=upload,
            op_kwargs={"folder": FOLDER, "prefix": "petrol_by_hand/{{ ds }}/"},
        ),
        PythonOperator(task_id="clean_up", python_callable=clean_up, op_kwargs={"folder": FOLDER}),
    )
