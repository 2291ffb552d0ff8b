"""One real Airflow web server with real DAGs and a real S3 server, for all tests of the pages."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests

from refinery.local.environment import airflow_environment
from refinery.local.object_store import ObjectStore
from refinery.local.processes import stop_processes
from refinery.registry import ModelSeries, promote_if_newer
from tests.web.hostile_s3 import hostile_s3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

HERE = Path(__file__).parent
HOSTILE = "<img src=x onerror=alert(1)>"
# Users, and their roles of the FAB auth manager.
USERS = {
    "root": "Admin",
    "reader": "Viewer",
    "churn_editor": "Churn editor",
    "churn_viewer": "Churn viewer",
    "stranger": "Public",
}
SECRET_KEY = "a secret of the tests"
CARD = b"<!DOCTYPE html><title>Card</title><script>parent.document.title = 'taken'</script><h1>The card</h1>"
CONFIGS = {
    "churn": "description: Who leaves?\nowner: growth\n",
    "team_a/prices": f"description: '{HOSTILE}'\nowner: 'a<b>'\nrequire:\n  mae: {{max: 10}}\n",
    "team_a/empty": "",
    "team_a/garbage": "",
    "team_a/hostile": f"description: '{HOSTILE}'\n",
}
# Where those put their models that do not do it as all others.
OUTPUTS = {
    "team_a/away": '{url: "s3://models/team_a/away/{{ ds }}/", connection: nowhere}',
    "team_a/slow": '{url: "s3://slow/x/{{ ds }}/", connection: hostile}',
    "team_a/forbidden": '{url: "s3://forbidden/x/{{ ds }}/", connection: hostile}',
    "team_a/many": "s3://history/many/{{ run_id }}/",
    "team_a/anywhere": "s3://models/{{ run_id }}/{{ ds }}/",
    "team_a/chosen": '"s3://models/apart/{{ params.name }}/{{ ds }}/"\nparams: {name: {type: text, default: mine}}',
}
CONFIG = """\
source: s3://datasets/churn.csv
model: random_forest
schedule: "0 3 * * *"
output: {output}
"""
PIPELINES = [*CONFIGS, *OUTPUTS]
# Airflow is served below a path, as behind the reverse proxy of a company.
BELOW = "/team/airflow"
MANY = 10_000
TIMEOUT = 90


@dataclass
class Site:
    """A running web server, and what is behind it."""

    url: str
    home: Path
    store: ObjectStore
    sessions: dict[str, requests.Session] = field(default_factory=dict)

    def client(self) -> S3Client:
        return self.store.client()

    def token(self, user: str) -> str:
        login = {"username": user, "password": password_of(user)}
        answer = requests.post(f"{self.url}/auth/token", json=login, timeout=30)
        return answer.json()["access_token"]

    def user_id(self, user: str) -> str:
        """Return what Airflow calls a user in its tokens."""
        token = self.session(user).cookies["_token"]
        return jwt.decode(token, options={"verify_signature": False})["sub"]

    def session(self, user: str | None) -> requests.Session:
        """Return a browser's session: the cookie that Airflow's login sets, and nothing else."""
        if user is None:
            return requests.Session()
        if user not in self.sessions:
            self.sessions[user] = requests.Session()
            self.sessions[user].cookies.set("_token", self.token(user))
        return self.sessions[user]

    def get(self, user: str | None, path: str, **options: Any) -> requests.Response:
        return self.session(user).get(f"{self.url}{path}", timeout=30, allow_redirects=False, **options)

    def post(self, user: str | None, path: str, **options: Any) -> requests.Response:
        return self.session(user).post(f"{self.url}{path}", timeout=30, allow_redirects=False, **options)

    def make_run(self, dag_id: str, run_id: str, date: str, **conf: Any) -> None:
        """Make a run, as far as Airflow's database knows it."""
        headers = {"Authorization": f"Bearer {self.token('root')}"}
        body = {"dag_run_id": run_id, "logical_date": f"{date}T03:00:00Z", "conf": conf}
        url = f"{self.url}/api/v2/dags/{dag_id}/dagRuns"
        made = requests.post(url, json=body, headers=headers, timeout=30)
        assert made.ok, made.text


def put_model(client: S3Client, name: str, date: str, *, promoted: bool = True, **changes: Any) -> None:
    """Put a model of a date on S3, as a run of its pipeline does."""
    series = ModelSeries.of_output(f"s3://models/{name}/{{{{ ds }}}}/")
    prefix = series.prefix_of(date)
    dag_id = name.replace("/", ".")
    manifest = {
        "created_at": f"{date}T03:01:00+00:00",
        "metrics": {"mae": 5.0, "r2": 0.5},
        "baseline": {"mae": 9.0, "r2": 0.0},
        "evaluation": {"lower_is_better": ["mae"]},
        "model": {"name": "random_forest", "kind": "module"},
        "params": {"depth": 3},
        "gate": "passed",
        "gates": [
            {
                "metric": "mae",
                "kind": "max",
                "required": 10.0,
                "measured": 5.0,
                "margin": 5.0,
                "passed": True,
                "sentence": "mae 5 is at most 10.",
            }
        ],
        "warnings": [],
        "files": {"model.pkl": {"size": 7, "sha256": "0" * 64}},
        "provenance": {
            "run": {
                "dag_id": dag_id,
                "run_id": run_of(date),
                "logical_date": f"{date}T03:00:00+00:00",
            },
            "config": {"path": f"configs/{name}.yml", "text": f"source: s3://datasets/{date}.csv\n"},
            "dataset": {"url": "s3://datasets/churn.csv", "size": 1234, "sha256": "1" * 64},
        },
    } | changes
    for file, content in manifest.pop("contents", {}).items():
        client.put_object(Bucket=prefix.bucket, Key=f"{prefix.key}{file}", Body=content)
        manifest["files"][file] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    client.put_object(Bucket=prefix.bucket, Key=f"{prefix.key}model.pkl", Body=b"a model")
    client.put_object(
        Bucket=prefix.bucket, Key=f"{prefix.key}manifest.json", Body=json.dumps(manifest).encode()
    )
    if promoted:
        promote_if_newer(series, prefix, by=f"{dag_id} {run_of(date)}", client=client)


def put_garbage(client: S3Client) -> None:
    """Put a model whose manifest says nonsense, one whose manifest is nonsense or endless, and a latest.json that is none."""
    odd = {
        "metrics": {"mae": 1.0},
        "gates": ["?", {"metric": 7}],
        "warnings": [3],
        "provenance": {"dataset": {"files": [1]}},
    }
    for key, content in {
        f"{days_ago(1)}/manifest.json": json.dumps(odd).encode(),
        f"{days_ago(2)}/manifest.json": b"\x00 garbage <script>",
        f"{days_ago(3)}/manifest.json": b'{"metrics": {"mae": "high"}}',
        f"{days_ago(4)}/manifest.json": b" " * 21_000_000,
        "latest.json": b"[]",
    }.items():
        client.put_object(Bucket="models", Key=f"team_a/garbage/{key}", Body=content)


def put_report(client: S3Client, name: str, date: str) -> None:
    """Put the report on a rejected model on S3, as a run of its pipeline does."""
    gate = {"metric": "mae", "kind": "max", "required": 10.0, "measured": 12.0, "margin": -2.0}
    sentence = "mae is 12, and at most 10 is required: missed by 2."
    manifest = {
        "created_at": f"{date}T03:01:00+00:00",
        "metrics": {"mae": 12.0, "r2": 0.1},
        "evaluation": {"lower_is_better": ["mae"]},
        "gate": "rejected",
        "gates": [gate | {"passed": False, "sentence": sentence}],
        "provenance": {
            "run": {"dag_id": name, "run_id": f"manual__{date}", "logical_date": f"{date}T03:00:00Z"}
        },
        "files": {},
    }
    key = f"{name}/{date}/rejected/manual__{date}/manifest.json"
    client.put_object(Bucket="models", Key=key, Body=json.dumps(manifest).encode())


def days_ago(days: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}"


def run_of(date: str) -> str:
    """Return the id of the run of a date, with the characters that Airflow gives it."""
    return f"manual__{date}T03:00:00+00:00"


@pytest.fixture(scope="session")
def site(
    copy_project: Callable[[Path], Path],
    copy_database: Callable[[Path], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("web")
    project = copy_project(folder / "project")
    for config in (project / "configs").glob("*.yml"):
        if config.name != "defaults.yml":
            config.unlink()
    for name in PIPELINES:
        path = project / "configs" / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        output = OUTPUTS.get(name, f"s3://models/{name}/{{{{ ds }}}}/")
        path.write_text(CONFIG.format(output=output) + CONFIGS.get(name, ""))
    home = folder / "home"
    copy_database(home)
    with ObjectStore(project) as store, hostile_s3() as hostile_url:
        environment = airflow_environment(project, home=home, s3_connection=store.connection) | {
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "AIRFLOW_CONN_NOWHERE": connection_to("http://127.0.0.1:9"),
            "AIRFLOW_CONN_HOSTILE": connection_to(hostile_url),
            "AIRFLOW__API__SECRET_KEY": SECRET_KEY,
            "AIRFLOW__API_AUTH__JWT_SECRET": "a longer secret of the tests, for the tokens of users",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "airflow"]
        subprocess.run([*command, "dags", "reserialize"], env=environment, check=True, capture_output=True)
        users = json.dumps({user: [role, password_of(user)] for user, role in USERS.items()})
        with subprocess.Popen(
            [sys.executable, HERE / "fab_users.py", users], env=environment
        ) as making_users:
            put_models(store.client())
            put_many(store)
        assert making_users.returncode == 0
        yield from _serving(command, environment, home, store)


def password_of(user: str) -> str:
    return f"{user}-secret"


def connection_to(endpoint: str) -> str:
    login = {"conn_type": "aws", "login": "a", "password": "secret"}
    return json.dumps(login | {"extra": {"endpoint_url": endpoint}})


@pytest.fixture
def kept_latest(site: Site) -> Iterator[None]:
    """Put the latest model of churn back after a test has changed it, for those that follow."""
    place = {"Bucket": "models", "Key": "churn/latest.json"}
    before = site.client().get_object(**place)["Body"].read()
    yield
    site.client().put_object(**place, Body=before)
    time.sleep(2.1)  # for so long, the server takes it for fresh


def put_models(client: S3Client) -> None:
    for days in range(5, 0, -1):
        put_model(
            client,
            "churn",
            days_ago(days),
            metrics={"mae": 5.0 + days / 10, "r2": 0.5},
            contents={"card.html": CARD},
        )
        # Of another project, which knows nothing of the configs of this one.
        put_model(client, "apart/secret", days_ago(days), contents={"card.html": CARD})
    put_report(client, "churn", days_ago(0))
    put_garbage(client)
    put_hostile(client)
    put_model(
        client,
        "team_a/prices",
        days_ago(1),
        metrics={HOSTILE: 1.5},
        warnings=[f"The column {HOSTILE} is constant."],
        gate="warned",
        gates=[],
    )


def put_many(store: ObjectStore) -> None:
    """Put as many models under one prefix as nobody looks through, straight into the server's folder."""
    store.client().create_bucket(Bucket="history")
    run = {"dag_id": "team_a.many", "run_id": "a run", "logical_date": "2026-01-31T03:00:00Z"}
    manifest = json.dumps({"metrics": {"mae": 1.0}, "provenance": {"run": run}}).encode()
    for number in range(MANY):
        folder = store.data / "history" / "many" / f"run__{number:05}"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_bytes(manifest)


def put_hostile(client: S3Client) -> None:
    """Put two models on S3 in which everything is markup, much or huge."""
    for days in (1, 2):
        put_model(
            client,
            "team_a/hostile",
            days_ago(days),
            metrics={f"{HOSTILE}{number}": number + days / 10 for number in range(3000)},
            baseline={f"{HOSTILE}1": "?"},
            params={f"{HOSTILE}{number}": HOSTILE * days * 100 for number in range(300)} | {"huge": 10**400},
            model={"name": HOSTILE * 1000},
            gates=[{"metric": HOSTILE, "required": 10**400, "sentence": HOSTILE * 100}] * 300,
            warnings=[HOSTILE] * 3000,
            data={"target": {"name": HOSTILE}, "rows": 10**400},
            provenance={
                "run": {
                    "dag_id": "team_a.hostile",
                    "run_id": run_of(days_ago(days)),
                    "logical_date": f"{days_ago(days)}T03:00:00Z",
                },
                "config": {"path": HOSTILE, "text": f"{days}{HOSTILE}\n" * 40_000},
                "git_revision": HOSTILE,
            },
            contents={"card.html": CARD + b" " * 5_000_000},
        )


def _serving(
    command: list[str], environment: dict[str, str], home: Path, store: ObjectStore
) -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in environment.items() if name != "REFINERY_ONLY_HOSTS"}
    environment["AIRFLOW__API__PORT"] = str(port)
    environment["AIRFLOW__API__BASE_URL"] = f"http://127.0.0.1:{port}{BELOW}"
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "api-server", "--host", "127.0.0.1", "--workers", "1", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    site = Site(f"http://127.0.0.1:{port}{BELOW}", home, store)
    try:
        _wait_for(site, server, home)
        yield site
    finally:
        stop_processes([server.pid], patience=3)  # it would wait for what it still asks of a slow S3


def _wait_for(site: Site, server: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(f"{site.url}/api/v2/monitor/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    pytest.fail((home / "server.log").read_text()[-3000:])
