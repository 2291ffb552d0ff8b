"""What the four operators cost under the real scheduler, against the same steps written by hand as four PythonOperators.

    .venv/bin/python benchmarks/steps.py [--rounds 10]

All DAGs train the same model on the same dataset and run in turn, in one Airflow with the embedded S3 server. A run's
seconds are those between its trigger and its end, as Airflow's database notes them. The hand-written steps draw no model card,
so its cost is measured separately.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "include")]

from refinery.local.rest_api import RestApi  # noqa: E402 - found from any folder
from refinery.local.stack import running_stack  # noqa: E402

PORT = 8097
FIRST_DATE = datetime(2026, 2, 1, tzinfo=UTC)
CONTESTANTS = ("without_card", "by_hand", "with_card")

CONFIG = """\
source: https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv
model: random_forest
output: s3://models/{name}/{{{{ ds }}}}/
card: {card}
"""

BY_HAND = '''
"""The petrol pipeline as an Airflow user would write it: four callables, with their imports inside."""

from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

FOLDER = Path("/tmp/refinery-by-hand")


def download():
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    FOLDER.mkdir(exist_ok=True)
    dataset = S3Hook().get_key("petrol_consumption.csv", "iasd-data-in-the-cloud")
    dataset.download_file(str(FOLDER / "dataset.csv"))


def train():
    import json
    import pickle

    import pandas as pd
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = pd.read_csv(FOLDER / "dataset.csv")
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
    (FOLDER / "metrics.json").write_text(json.dumps(metrics))
    with (FOLDER / "model.pkl").open("wb") as file:
        pickle.dump(model, file)


def upload(ds):
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    for name in ("model.pkl", "metrics.json"):
        S3Hook().load_file(str(FOLDER / name), f"by_hand/{ds}/{name}", "models", replace=True)


def clean_up():
    import shutil

    shutil.rmtree(FOLDER)


with DAG("by_hand", schedule=None, start_date=datetime(2026, 1, 1), tags=["benchmark"]):
    steps = [PythonOperator(task_id=step.__name__, python_callable=step) for step in (download, train, upload, clean_up)]
    steps[0] >> steps[1] >> steps[2] >> steps[3]
'''


def main() -> None:
    """Run both DAGs in turn and print the ratio of their medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=10, help="counted runs of each, after one that warms up"
    )
    rounds = parser.parse_args().rounds

    with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as folder:
        project = Path(folder)
        for name in ("configs", "dags", "include", "plugins"):
            shutil.copytree(PROJECT / name, project / name)
        (project / "dags" / "by_hand.py").write_text(BY_HAND)
        for name, card in (("with_card", "true"), ("without_card", "false")):
            (project / "configs" / f"{name}.yml").write_text(CONFIG.format(name=name, card=card))
        with running_stack(project, home=project / "airflow", port=PORT) as stack:
            seconds = measure(RestApi(stack.url), rounds)
    medians = {dag_id: statistics.median(values) for dag_id, values in seconds.items()}
    for dag_id, values in seconds.items():
        print(f"{dag_id:20} median {medians[dag_id]:.2f} s   min {min(values):.2f}   max {max(values):.2f}")
    ratio = medians["without_card"] / medians["by_hand"]
    print(f"operators / by hand: {ratio:.2f} (wanted: at most 1.1)")
    print(f"the card: {medians['with_card'] - medians['without_card']:.2f} s more")


def measure(api: RestApi, rounds: int) -> dict[str, list[float]]:
    """Seconds of each run, the first, which warms up, left out."""
    for dag_id in CONTESTANTS:
        api.unpause(dag_id)
    seconds: dict[str, list[float]] = {dag_id: [] for dag_id in CONTESTANTS}
    for index in range(rounds + 1):
        for dag_id in CONTESTANTS:
            duration = timed_run(api, dag_id, FIRST_DATE + timedelta(days=index))
            if index > 0:
                seconds[dag_id].append(duration)
    return seconds


def timed_run(api: RestApi, dag_id: str, logical_date: datetime) -> float:
    """Seconds from a run's trigger to its end."""
    run = api.wait(dag_id, api.trigger(dag_id, logical_date=logical_date.isoformat()))
    if run["state"] != "success":
        raise SystemExit(f"{dag_id} failed: {run}")
    start, end = (datetime.fromisoformat(run[moment]) for moment in ("queued_at", "end_date"))
    return (end - start).total_seconds()


if __name__ == "__main__":
    main()
