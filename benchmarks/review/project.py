"""The project that changes are made to: eight teams with 200 pipelines, in two environments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import yaml

Config = dict[str, Any]
Files = dict[str, str]

MARKETS = (
    "retail",
    "wholesale",
    "online",
    "premium",
    "students",
    "business",
    "seniors",
    "partners",
    "outlets",
    "franchise",
)
REGIONS = ("emea", "apac", "latam")


@dataclass(frozen=True, slots=True)
class Team:
    """A team with a folder of configs.

    Attributes:
        name: The folder.
        predicts: What its pipelines predict, in words.
        target: The column that holds it.
        positive: The class that counts; None for a regression.
        key: The column that names a row.
        numbers: Columns of numbers.
        text: A column of text.
        time: The column with the time of a row.
    """

    name: str
    predicts: str
    target: str
    positive: str | None
    key: str
    numbers: tuple[str, str, str]
    text: str
    time: str


TEAMS = (
    Team("churn", "Customers who leave", "churned", "left", "customer_id",
         ("tenure_months", "monthly_fee", "support_calls"), "contract", "signed_up_at"),
    Team("fraud", "Payments that are fraud", "label", "fraud", "payment_id",
         ("amount", "card_age_days", "payments_today"), "country", "paid_at"),
    Team("credit", "Loans that default", "outcome", "default", "loan_id",
         ("income", "debt_ratio", "term_months"), "purpose", "granted_at"),
    Team("marketing", "Customers who answer a campaign", "response", "answered", "contact_id",
         ("age", "visits", "basket_value"), "channel", "contacted_at"),
    Team("demand", "Units sold in a week", "units_sold", None, "sku",
         ("price", "stock", "promotions"), "category", "sold_at"),
    Team("pricing", "The price that a product sells at", "price_paid", None, "offer_id",
         ("list_price", "margin", "competitors"), "brand", "offered_at"),
    Team("logistics", "Hours that a parcel is late", "hours_late", None, "parcel_id",
         ("distance_km", "weight_kg", "stops"), "carrier", "shipped_at"),
    Team("energy", "Electricity that a site uses", "kwh", None, "site_id",
         ("temperature", "floor_area", "occupants"), "building", "measured_at"),
)  # fmt: skip


@cache
def make_project() -> tuple[tuple[str, str], ...]:
    """Return the text of each file by its path, relative to the project."""
    configs: dict[str, Config] = {"configs/defaults.yml": _DEFAULTS, **_ENVIRONMENTS}
    for team in TEAMS:
        configs |= {f"configs/{team.name}/{name}.yml": config for name, config in _team(team).items()}
    return (*((path, write_yaml(config)) for path, config in configs.items()), *_OTHER_FILES.items())


def write_yaml(config: Config) -> str:
    """Write a config as its authors do: in block style, keys in the order they were given."""
    return yaml.safe_dump(config, sort_keys=False, width=100, allow_unicode=True)


def _team(team: Team) -> dict[str, Config]:
    """Return the configs of a team by their names: 25 pipelines."""
    configs = {"defaults": _team_defaults(team)}
    configs |= {market: _trained(team, market, index) for index, market in enumerate(MARKETS)}
    configs |= {f"{market}_scores": _scored(team, market) for market in MARKETS[:3]}
    configs |= {f"{market}_stream": _streamed(team, market) for market in MARKETS[3:5]}
    configs |= {f"{market}_legacy": _scripted(team, market) for market in MARKETS[5:7]}
    configs |= {f"{market}_draft": _ungated(team, market) for market in MARKETS[7:9]}
    configs["by_region"] = _by_region(team)
    return configs


_DEFAULTS: Config = {
    "owner": "ml-platform",
    "tags": ["training"],
    "retries": 3,
    "retry_delay": "5m",
    "timeout": "6h",
    "source": {"connection": "${warehouse}"},
    "output": {"connection": "${registry}"},
    "notify": {"on_failure": [{"slack": {"channel": "#ml-alerts"}}]},
}

_ENVIRONMENTS: dict[str, Config] = {
    "configs/environments/prod.yml": {
        "vars": {
            "data": "datasets-prod",
            "models": "models-prod",
            "warehouse": "aws_warehouse",
            "registry": "aws_models",
            "trees": 300,
        },
        "defaults": {"workspace": "s3://staging-prod/refinery/"},
    },
    "configs/environments/dev.yml": {
        "vars": {
            "data": "datasets-dev",
            "models": "models-dev",
            "warehouse": "aws_dev",
            "registry": "aws_dev",
            "trees": 20,
        },
        "defaults": {"workspace": "s3://staging-dev/refinery/", "retries": 1},
    },
}


def _team_defaults(team: Team) -> Config:
    return {
        "owner": f"{team.name}-team",
        "pool": f"{team.name}_training",
        "start_date": date(2026, 1, 5),
        "notify": {"on_failure": [{"slack": {"channel": f"#{team.name}-alerts"}}]},
    }


def _trained(team: Team, market: str, index: int) -> Config:
    """Return a daily pipeline with a contract and gates: by a class, by a module, or on a named set of features in time."""
    config: Config = {
        "description": f"{team.predicts}, {market}.",
        "schedule": f"{index * 6 % 60} {1 + index % 5} * * *",
        "timezone": "Europe/Paris" if index % 2 else "UTC",
        "source": {"url": f"s3://${{data}}/{team.name}/{market}.csv", "separator": ";"},
        "target": team.target,
        "drop": [team.key],
        "model": _class(team) if index < 4 else _module(team),
        "output": f"s3://${{models}}/{team.name}/{market}/{{{{ ds }}}}/",
        "expect": _contract(team),
        "evaluate": _evaluation(team),
        "require": _gates(team),
        "resources": {"cpu": 4, "memory": "32Gi"},
        "timeout": "2h",
    }
    if index >= 7:
        del config["drop"]
        config["features"] = [*team.numbers, team.text]
        config["evaluate"] = {"test_size": 0.2, "time_column": team.time, "gap": 24}
        config["wait_for"] = {"timeout": "4h", "poke_interval": "5m"}
    return config


def _class(team: Team) -> Config:
    if team.positive:
        return {
            "class": "sklearn.linear_model.LogisticRegression",
            "params": {"C": 1.0, "max_iter": 500},
            "format": "skops",
        }
    return {"class": "sklearn.linear_model.Ridge", "params": {"alpha": 0.5}, "format": "skops"}


def _module(team: Team) -> Config:
    return {"module": f"boosted_{_task(team)}", "params": {"trees": "${trees}", "learning_rate": 0.1}}


def _task(team: Team) -> str:
    return "classes" if team.positive else "numbers"


def _contract(team: Team) -> Config:
    first, second, third = team.numbers
    return {
        "rows": {"min": 5000},
        "columns": {
            team.key: {"unique": True, "nulls": 0},
            first: {"type": "number", "min": 0, "max": 10000, "nulls": 0.05},
            second: {"type": "number", "nulls": 0.05},
            third: {"type": "integer", "min": 0, "nulls": 0},
            team.text: {"type": "text", "values": ["a", "b", "c", "d"]},
            team.target: {"nulls": 0},
        },
    }


def _evaluation(team: Team) -> Config:
    common: Config = {"test_size": 0.2, "random_state": 7}
    return common | ({"stratify": True, "positive_class": team.positive} if team.positive else {})


def _gates(team: Team) -> Config:
    if team.positive:
        return {"roc_auc": {"min": 0.75, "no_worse_than_latest": "2%"}, "recall": {"min": 0.6}}
    return {"r2": {"min": 0.5, "no_worse_than_latest": "5%"}, "mae": {"max": 40}}


def _scored(team: Team, market: str) -> Config:
    """Return a pipeline that scores whenever a model has been promoted."""
    return {
        "description": f"Scores of the newest model: {team.predicts}, {market}.",
        "schedule": {"assets": [f"s3://${{models}}/{team.name}/{market}/"]},
        "source": f"s3://${{data}}/{team.name}/{market}_today.parquet",
        "model": {
            "script": "score.py",
            "args": ["--data", "{dataset}", "--out", "{model}"],
            "params": {"model": f"s3://${{models}}/{team.name}/{market}/latest.json"},
        },
        "output": f"s3://${{models}}/{team.name}_scores/{market}/{{{{ ts_nodash }}}}/",
    }


def _streamed(team: Team, market: str) -> Config:
    """Return a weekly pipeline on data larger than memory."""
    return {
        "description": f"{team.predicts}, {market}, of all years.",
        "schedule": "0 2 * * 0",
        "source": f"s3://${{data}}/{team.name}/{market}_history.parquet",
        "target": team.target,
        "drop": [team.key, team.text, team.time],
        "fit": {"mode": "incremental", "batch_rows": 50000},
        "model": {"module": f"streamed_{_task(team)}"},
        "output": f"s3://${{models}}/{team.name}/{market}_stream/{{{{ ds }}}}/",
        "expect": {"rows": {"min": 1000000}},
        "require": _gates(team),
        "resources": {"cpu": 2, "memory": "16Gi", "steps": {"train_model": {"cpu": 8, "memory": "64Gi"}}},
    }


def _scripted(team: Team, market: str) -> Config:
    """Return a pipeline around a script from before."""
    return {
        "description": f"{team.predicts}, {market}, by the script of 2021.",
        "schedule": "30 4 1 * *",
        "source": f"s3://${{data}}/{team.name}/{market}.csv",
        "model": {
            "script": "legacy.py",
            "args": ["--data", "{dataset}", "--out", "{model}"],
            "params": {"target": team.target},
            "file": "model.joblib",
        },
        "output": f"s3://${{models}}/{team.name}/{market}_legacy/{{{{ ds }}}}/",
        "queue": "large",
        "on_unchanged": "skip",
    }


def _ungated(team: Team, market: str) -> Config:
    """Return a pipeline that is started by hand, on a public dataset, without a contract or a gate."""
    return {
        "description": f"{team.predicts}, {market}, an experiment.",
        "source": f"https://open-{team.name}.s3.eu-west-3.amazonaws.com/{market}.csv",
        "target": team.target,
        "model": {"module": f"boosted_{_task(team)}", "params": {"trees": 50}},
        "output": f"s3://${{models}}/{team.name}/{market}_draft/{{{{ ts_nodash }}}}/",
        "paused": True,
    }


def _by_region(team: Team) -> Config:
    """Return six pipelines: two models in each of three regions."""
    return {
        "description": f"{team.predicts}, by region.",
        "schedule": "45 5 * * 1",
        "source": f"s3://${{data}}/{team.name}/regions/${{matrix.region}}.csv",
        "target": team.target,
        "model": "${matrix.model}",
        "output": f"s3://${{models}}/{team.name}/regions/${{matrix.region}}/${{matrix.model}}/{{{{ ds }}}}/",
        "expect": {"rows": {"min": 500}},
        "require": _gates(team),
        "matrix": {
            "region": list(REGIONS),
            "model": [f"{kind}_{_task(team)}" for kind in ("boosted", "forest")],
        },
    }


_OTHER_FILES: Files = {
    "include/models/__init__.py": '"""The models of all teams."""\n',
    "include/models/columns.py": '''\
"""What the models share: how columns are made ready."""

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.preprocessing import OrdinalEncoder, StandardScaler


def prepare():
    """Return the transformer that all boosted models begin with."""
    return make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), make_column_selector(dtype_exclude="number")),
    )
''',
    "include/models/boosted_classes.py": '''\
"""Boosted trees for classes."""

from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import make_pipeline

from include.models.columns import prepare


def build_model(trees=100, learning_rate=0.1, max_depth=3):
    """Return the pipeline, not fitted."""
    boosted = GradientBoostingClassifier(n_estimators=trees, learning_rate=learning_rate, max_depth=max_depth)
    return make_pipeline(prepare(), boosted)
''',
    "include/models/boosted_numbers.py": '''\
"""Boosted trees for a number."""

from sklearn.ensemble import GradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from include.models.columns import prepare


def build_model(trees=100, learning_rate=0.1, max_depth=3):
    """Return the pipeline, not fitted."""
    boosted = GradientBoostingRegressor(n_estimators=trees, learning_rate=learning_rate, max_depth=max_depth)
    return make_pipeline(prepare(), boosted)
''',
    "include/models/forest_classes.py": '''\
"""Random trees for classes."""

from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline

from include.models.columns import prepare


def build_model(trees=200):
    """Return the pipeline, not fitted."""
    return make_pipeline(prepare(), ExtraTreesClassifier(n_estimators=trees))
''',
    "include/models/forest_numbers.py": '''\
"""Random trees that predict a number."""

from sklearn.ensemble import ExtraTreesRegressor
from sklearn.pipeline import make_pipeline

from include.models.columns import prepare


def build_model(trees=200):
    """Return the pipeline, not fitted."""
    return make_pipeline(prepare(), ExtraTreesRegressor(n_estimators=trees))
''',
    "include/models/streamed_classes.py": '''\
"""A linear model of classes that learns batch by batch."""

from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build_model(alpha=0.0001):
    """Return the pipeline, not fitted."""
    return make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", alpha=alpha))
''',
    "include/models/streamed_numbers.py": '''\
"""A linear model of a number that learns batch by batch."""

from sklearn.linear_model import SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build_model(alpha=0.0001):
    """Return the pipeline, not fitted."""
    return make_pipeline(StandardScaler(), SGDRegressor(alpha=alpha))
''',
    "include/models/score.py": '''\
"""Scores today's rows by the newest model."""

import argparse

import joblib
import pandas as pd
from refinery import load_model

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--out")
parser.add_argument("--model")
args = parser.parse_args()

scores = load_model(args.model).predict(pd.read_parquet(args.data))
joblib.dump(scores, args.out)
''',
    "include/models/legacy.py": '''\
"""The script of 2021, as it was."""

import argparse

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--out")
parser.add_argument("--target")
args = parser.parse_args()

table = pd.read_csv(args.data).select_dtypes("number")
y = pd.read_csv(args.data)[args.target]
joblib.dump(RandomForestClassifier(random_state=0).fit(table, y), "model.joblib")
''',
    "dags/refinery_pipelines.py": '''\
"""Makes every config in configs/ an Airflow DAG. Airflow reads only files that say "airflow" and "dag"."""

import refinery

globals().update(refinery.load_pipelines("configs"))
''',
    "dags/refinery_broken_configs.py": '''\
"""Shows broken configs among Airflow's import errors; makes no DAG. Airflow reads only files that say "airflow" and "dag"."""

import refinery

refinery.report_broken_configs("configs")
''',
    "docs/runbook.md": "# Runbook\n\nWho is on call, and where the dashboards are.\n",
    "tests/test_columns.py": '"""The shared columns."""\n\n\ndef test_prepare():\n    assert True\n',
    "Dockerfile": "FROM astrocrpublic.azurecr.io/runtime:3.3-8-python-3.12\n",
    "packages.txt": "",
    "requirements.txt": """\
airflow-refinery==1.4.0
joblib==1.5.2
numpy==2.3.4
pandas==3.0.1
pyarrow==22.0.0
scikit-learn==1.8.0
skops==0.13.0
skrub==0.10.0
""",
    "pyproject.toml": """\
[tool.refinery]
configs = "configs"
environment = "prod"

[tool.refinery.plan]
schedule_factor = 4
matrix_size = 12
severity = {R008 = "low"}
""",
    ".gitignore": ".venv\n.local/\n__pycache__/\n",
}
