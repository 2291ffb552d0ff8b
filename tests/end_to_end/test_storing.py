"""What the checks accept, Airflow stores: odd configs go through a real dag-processor, on SQLite and on PostgreSQL.

All of them go through in one run, as they do in a project: one that could not be stored would take the others with it.
"""

from __future__ import annotations

import os
import random
import string
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text

from refinery.config import load_project
from refinery.errors import RefineryError
from refinery.local.environment import airflow_environment
from refinery.local.servers import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from refinery.config import Project

pytestmark = pytest.mark.slow

SEED = 20260131
CONFIGS = 150
NEIGHBORS = ("a_first", "team.middle", "z_last")
# Both in one process: most of the time of each goes into importing Airflow.
STORE_ALL = """
import os, sys
if not os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("sqlite"):
    from airflow.utils.db import initdb
    initdb()
from airflow.__main__ import main
sys.argv = ["airflow", "dag-processor", "--num-runs", "1"]
main()
"""

TEXTS = [
    "a\0b", "\0", "\x01\x1b\x7f", "\uffff\ufffe", "\u2028", "é", "e\u0301", "😀", "مرحبا", "", " ", "null", "no", "012", "a'b\"c", "\\u0000", "\\x00",
    "{{ ds }}", "{{ params.x }}", "${x}", "%s %(x)s", "<b>&amp;</b>", "'; drop table dag; --", "x" * 255, "x" * 501, "é" * 2_001, "x" * 70_000,
]  # fmt: skip
NUMBERS = [
    0, -1, 0.1, 1e-7, 5e-324, 1.7976931348623157e308, float("nan"), float("inf"), -float("inf"), 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**63,
    2**64 - 1, 2**64, -(2**63) - 1, 10**40,
]  # fmt: skip
KEYS = [
    "plain", "données", "e\u0301", "report #1", "what?", "100%", "a%23b", "a b", "a//b", "/a", "a;b=c", "a&b", "(a)[b]", "a+b", "😀", "é" * 240, "é" * 480,
    "x" * 1_000, "A", ".", "a@b", "~", "'a'", "a\\b", "a|b", "{a}",
]  # fmt: skip
# No two parts of it are alike, so that an index cannot compress it; with the address before it, 1,340 characters.
LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=1_320))
ADDRESSES = [
    "a.csv",
    "a.csv?x=1&y=2",
    "a.csv?y=2&x=1",
    "a.csv?x=%20",
    "a.csv#top",
    "é.csv",
    "%C3%A9.csv",
    "a/",
    "a.csv?",
    "x" * 1_600,
    "a.csv?d={{ ds }}",
    LONG,
    f"{LONG}x",
]
SCHEDULES = [
    "@daily", "@once", "@continuous", "0 12 * * *", "0 0 31 2 *", "0 0 L * 5", "0 0 1W * 1#5,2#3", "R 0 * * *", "*/7 23-3 * * FRI#2", "0 0 29 2 1",
    " ".join(",".join(map(str, range(low, high))) for low, high in ((0, 60), (0, 24), (1, 32), (1, 13), (0, 7))), ",".join(["1"] * 500) + " * * * *",
    {"every": "1s"}, {"every": "999999d"}, {"assets": ["s3://models/a", "s3://models/a/"]}, {"assets": ["s3://models/é #1/", "s3://models/b/"], "match": "any"},
]  # fmt: skip
TIMEZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Etc/GMT+5",
    "Factory",
    "localtime",
    "posix/Europe/Paris",
    "right/UTC",
    "Asia/Kathmandu",
]
DATES = ["0001-01-01", "1899-12-31", "1900-01-01", "2026-02-28", "2199-12-31", "2200-01-01", "9999-12-31"]
DURATIONS = ["1s", "90m", "999999d"]


def odd_value(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.randrange(4 if depth < 3 else 2)
    if kind == 0:
        return dice.choice(TEXTS)
    if kind == 1:
        return dice.choice([*NUMBERS, True, None])
    if kind == 2:
        return [odd_value(dice, depth + 1) for _ in range(dice.randrange(3))]
    return {
        dice.choice([*TEXTS[:12], "__var", "__type", 0, 1.5]): odd_value(dice, depth + 1)
        for _ in range(dice.randrange(3))
    }


def odd_settings(dice: random.Random, name: str) -> dict[str, Any]:
    """Return a few keys of a config with values at or beyond what can be stored."""
    choices = {
        "source": lambda: dice.choice([f"s3://data/{dice.choice(KEYS)}/{name}", f"https://example.com/{dice.choice(ADDRESSES)}", [f"s3://data/{{{{ ds }}}}/{n}.csv" for n in "ab"]]),
        "output": lambda: f"s3://models/{dice.choice(KEYS)}/{name}{dice.choice(['', '/', '//', '/é'])}/{{{{ ds }}}}/",
        "model": lambda: {"class": "sklearn.linear_model.Ridge", "params": {dice.choice(["alpha", "é", "a\0", "__type"]): odd_value(dice)}},
        "description": lambda: dice.choice(TEXTS),
        "owner": lambda: dice.choice([*TEXTS, "o" * 500]),
        "pool": lambda: dice.choice(["p" * 256, "p" * 257, "a\0"]),
        "queue": lambda: dice.choice(["q" * 256, "q" * 257, "é"]),
        "tags": lambda: [dice.choice([*TEXTS[:20], "t" * 100, "t" * 101])],
        "features": lambda: [dice.choice(TEXTS)],
        "target": lambda: dice.choice([*TEXTS, 2**70, -1]),
        "schedule": lambda: dice.choice(SCHEDULES),
        "timezone": lambda: dice.choice(TIMEZONES),
        "start_date": lambda: dice.choice(DATES),
        "end_date": lambda: dice.choice(DATES),
        "catchup": lambda: dice.choice([True, False]),
        "priority": lambda: dice.choice([1, 2**31 - 1, 2**31]),
        "retry_delay": lambda: dice.choice(DURATIONS),
        "timeout": lambda: dice.choice(DURATIONS),
        "wait_for": lambda: {"timeout": dice.choice(DURATIONS)},
        "expect": lambda: {"columns": {dice.choice(TEXTS): {"min": dice.choice(NUMBERS)}}},
        "require": lambda: {dice.choice(["r2", "mae"]): {"max": dice.choice(NUMBERS)}},
        "notify": lambda: {"on_failure": [{"smtp": {"to": ["a@example.com"], "message": dice.choice(TEXTS)}}]},
        "matrix": lambda: {"axis": [dice.choice(TEXTS), dice.choice(NUMBERS)]},
    }  # fmt: skip
    return {key: choices[key]() for key in dice.sample(sorted(choices), dice.randint(1, 3))}


def as_yaml(value: Any) -> str:
    """Write a value in YAML's flow style, each text with escapes in double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    if isinstance(value, str):
        return (
            '"'
            + "".join(
                one if 0x20 <= ord(one) < 0x7F and one not in '"\\' else f"\\U{ord(one):08x}" for one in value
            )
            + '"'
        )
    if isinstance(value, float):
        return repr(value).replace("inf", ".inf").replace("nan", ".nan")
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if not isinstance(value, int) or isinstance(value, bool)
        else str(value)
    )


@pytest.fixture
def odd_project(project_copy: Path) -> Path:
    """A project of healthy configs, and many that are odd in one way or several."""
    configs = project_copy / "configs"
    for file in configs.rglob("*.yml"):
        file.unlink()
    dice = random.Random(SEED)
    plain = {name.replace(".", "/"): {} for name in NEIGHBORS}
    plain |= {
        f"long_{number}": {"source": f"https://example.com/{LONG}{'x' * number}"} for number in range(2)
    }
    odd = {f"odd_{number:03}": odd_settings(dice, f"odd_{number:03}") for number in range(CONFIGS)}
    for name, settings in {**plain, **odd}.items():
        config = {
            "source": f"s3://data/{name}.csv",
            "model": "random_forest",
            "output": f"s3://models/{name}/{{{{ ds }}}}/",
            **settings,
        }
        file = configs / f"{name}.yml"
        file.parent.mkdir(exist_ok=True)
        dates = ("start_date", "end_date")
        file.write_text(
            "".join(f"{key}: {value if key in dates else as_yaml(value)}\n" for key, value in config.items())
        )
    return project_copy


@contextmanager
def database(kind: str, home: Path, copy_database: Callable[[Path], None]) -> Iterator[str]:
    if kind == "sqlite":
        copy_database(home)
        yield f"sqlite:///{home}/airflow.db"
        return
    try:
        server = PostgresServer()
    except RefineryError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with server:
        yield f"postgresql+psycopg2:{server.url}"


def load(project: Path) -> Project:
    return load_project(project / "configs", models_dir=project / "include/models")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_accepted_is_stored_and_what_is_not_is_named(odd_project, copy_database, tmp_path, kind):
    loaded = load(odd_project)
    accepted = {pipeline.dag_id for pipeline in loaded.pipelines}
    refused = {problem.path for problem in loaded.problems if problem.severity == "error"}
    assert len(accepted) > CONFIGS / 4
    assert len(refused) > CONFIGS / 4
    with database(kind, tmp_path, copy_database) as url:
        environment = airflow_environment(odd_project, home=tmp_path / "home")
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = url
        ran = subprocess.run(
            [sys.executable, "-c", STORE_ALL], env=environment, capture_output=True, text=True, check=False
        )
        engine = create_engine(url)
        with engine.connect() as connection:
            rows = connection.execute(
                text(
                    "select d.dag_id from dag d join serialized_dag s on s.dag_id = d.dag_id where not d.is_stale"
                )
            )
            stored = {dag_id for (dag_id,) in rows}
            errors = "\n".join(
                row for (row,) in connection.execute(text("select stacktrace from import_error"))
            )
            warnings = list(
                connection.execute(
                    text("select message from dag_warning where warning_type = 'asset conflict'")
                )
            )
        engine.dispose()
    assert set(NEIGHBORS) <= stored, ran.stderr[-3000:]
    assert stored == accepted
    assert [path for path in sorted(refused) if path not in errors] == []
    assert warnings == []
