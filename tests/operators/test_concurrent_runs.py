"""Runs at the same moment, each in a separate process as under Airflow: they do not meet."""

from __future__ import annotations

import multiprocessing
import pickle

import pytest
from airflow.sdk import DAG

from refinery.operators import (
    CleanUpOperator,
    DownloadDatasetOperator,
    TrainModelOperator,
    UploadModelOperator,
)

# Until a run that the other one waits for is given up.
SECONDS = 120


def run(barrier, context, *, dag_id, run_id, source, prefix, workspace):
    """Take one run through its four steps, each at the same moment as the other run's."""
    with DAG(dag_id, schedule=None):
        steps = [
            DownloadDatasetOperator(task_id="download_dataset", source=source, workspace=workspace),
            TrainModelOperator(
                task_id="train_model",
                training={"model": {"class": "sklearn.linear_model.LinearRegression"}},
                card=False,
                workspace=workspace,
            ),
            UploadModelOperator(task_id="upload_model", prefix=prefix, workspace=workspace),
            CleanUpOperator(task_id="clean_up", workspace=workspace),
        ]
    context["dag_run"].dag_id, context["dag_run"].run_id = dag_id, run_id
    try:
        for step in steps:
            barrier.wait(SECONDS)
            step.execute(context | {"run_id": run_id})
    except BaseException:
        barrier.abort()
        raise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("churn", "manual__1"), ("churn", "manual__2"), id="two runs of one pipeline"),
        pytest.param(("churn", "manual__1"), ("prices", "manual__1"), id="two pipelines"),
    ],
)
def test_two_simultaneous_runs_keep_their_own_models_and_leave_no_file(s3, context, tmp_path, one, other):
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(2)
    processes = []
    for slope, (dag_id, run_id) in {2: one, 3: other}.items():
        rows = "\n".join(["x,y", *(f"{x},{slope * x}" for x in range(40))])
        s3.put_object(Bucket="datasets", Key=f"{tmp_path.name}/{slope}/table.csv", Body=rows.encode())
        source, prefix = (f"s3://{bucket}/{tmp_path.name}/{slope}/" for bucket in ("datasets", "models"))
        settings = {
            "dag_id": dag_id,
            "run_id": run_id,
            "source": f"{source}table.csv",
            "prefix": prefix,
            "workspace": str(tmp_path / "w"),
        }
        processes.append(fork.Process(target=run, args=(barrier, context), kwargs=settings))
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS)

    assert [process.exitcode for process in processes] == [0, 0]
    for slope in (2, 3):
        stored = s3.get_object(Bucket="models", Key=f"{tmp_path.name}/{slope}/model.pkl")["Body"]
        assert pickle.load(stored).coef_ == pytest.approx([slope])
    assert [path for path in (tmp_path / "w").rglob("*") if path.is_file()] == []
