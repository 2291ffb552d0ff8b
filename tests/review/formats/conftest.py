"""Plans made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from refinery.config import Problem
from refinery.review.plan import (
    CodeChange,
    Effects,
    Graph,
    PipelineChange,
    Place,
    Plan,
    Risk,
    RunTime,
    SharedChange,
    Stake,
    Trial,
    TrialRun,
    ValueChange,
    Verdict,
    Version,
)

DAY = date(2026, 1, 31)
_TASKS = ("download_dataset", "train_model", "upload_model", "clean_up")
_WAITING = ("wait_for_dataset", *_TASKS)


def graph(*tasks: str) -> Graph:
    return Graph(tasks, tuple(pairwise(tasks)))


def effects(
    prefix: str, schedule: str = "at 12:00", hour: int = 12, tasks: tuple[str, ...] = _TASKS
) -> Effects:
    """What a pipeline does that writes a prefix once a day."""
    objects = tuple(
        f"s3://models/{prefix}/2026-01-31/{name}" for name in ("card.html", "manifest.json", "model.pkl")
    )
    runs = tuple(
        RunTime(f"2026-02-0{day} {hour:02}:00", f"2026-02-0{day} {hour + 1:02}:00 CET") for day in (1, 2, 3)
    )
    return Effects(graph(*tasks), objects, schedule, runs, DAY)


def setting(key: str, topic: str, before: object, after: object, place: Place | None) -> ValueChange:
    return ValueChange(key, topic, before, after, f"{key}: {before} -> {after}", place)


RETRIES = setting("retries", "running", 2, 0, Place("configs/defaults.yml", 3))
CHURN = Place("configs/risk/churn.yml", 7)
PLAN = Plan(
    base=Version("origin/main", "4f0c1d2e3b4a59687786950a1b2c3d4e5f607182"),
    head=Version("working tree", None),
    environment="prod",
    environments=("prod",),
    date=DAY,
    unchanged=12,
    pipelines=(
        PipelineChange(
            kind="added",
            dag_id="fraud",
            previous_id=None,
            path="configs/fraud.yml",
            changes=(
                ValueChange("source", "source", None, "s3://d/f.csv", "source: s3://d/f.csv", Place("configs/fraud.yml", 1)),
            ),
            tasks_changed=(),
            before=None,
            after=effects("fraud"),
            left_behind=(),
        ),
        PipelineChange(
            kind="renamed",
            dag_id="petrol",
            previous_id="petrol_consumption",
            path="configs/petrol.yml",
            changes=(RETRIES,),
            tasks_changed=(),
            before=effects("petrol_consumption"),
            after=effects("petrol"),
            left_behind=("The runs of petrol_consumption stay in Airflow under the old id. Delete them with: airflow dags delete petrol_consumption",),
        ),
        PipelineChange(
            kind="changed",
            dag_id="risk.churn",
            previous_id=None,
            path="configs/risk/churn.yml",
            changes=(
                RETRIES,
                setting("model.params.alpha", "params", 0.1, 0.5, CHURN),
                setting("schedule", "schedule", "0 12 * * *", "0 * * * *", Place("configs/risk/churn.yml", 2)),
                setting("require.r2.min", "gates", 0.35, "not set", Place("configs/risk/churn.yml", 9, "base")),
            ),
            tasks_changed=(("train_model", ("model", "require")),),
            before=effects("churn"),
            after=effects("churn", "every hour", 0, _WAITING),
            left_behind=(),
        ),
        PipelineChange(
            kind="changed",
            dag_id="wine",
            previous_id=None,
            path="configs/wine.yml",
            changes=(RETRIES,),
            tasks_changed=(),
            before=effects("wine"),
            after=effects("wine"),
            left_behind=(),
        ),
    ),
    shared=(SharedChange(RETRIES, ("petrol", "risk.churn", "wine")),),
    code=(
        CodeChange(
            "library",
            "scikit-learn",
            "1.7.0",
            "1.9.1",
            "scikit-learn 1.7.0 -> 1.9.1: retrained models will differ",
            ("risk.churn", "wine"),
        ),
    ),
    risks=(
        Risk("R011", "high", "gate removed", "A model of any r2 is promoted.", ("risk.churn",), Place("configs/risk/churn.yml", 9, "base")),
        Risk("R007", "medium", "retries dropped", "One failed download ends the run.", ("petrol", "risk.churn", "wine"), RETRIES.place),
        Risk("R004", "low", "runs more often", "24 runs a day in place of 1.", ("risk.churn",), Place("configs/risk/churn.yml", 2), accepted="the data now comes by the hour"),
    ),
    notes=("scikit-learn is pinned in constraints.txt.",),
)  # fmt: skip
STAKE = Stake(
    "risk.churn",
    "s3://models/churn/2026-01-30/",
    "2026-01-30 12:04",
    (("mae", 48.339), ("r2", 0.4037)),
    "passed",
)
TRIAL = Trial(
    "risk.churn",
    150,
    TrialRun((("mae", 48.339), ("r2", 0.4037)), (Verdict("r2", True, "r2 is 0.4037, and at least 0.35 is required."),), "passed"),
    TrialRun((("mae", 51.2), ("r2", 0.31)), (Verdict("r2", False, "r2 is 0.31, and at least 0.35 is required: missed by 0.04."),), "rejected"),
)  # fmt: skip


ERROR = Problem(
    "configs/old.yml", 4, 1, "modle", 'unknown key; did you mean "model"?', "unknown-key", excerpt="modle: x"
)


@pytest.fixture
def plan() -> Plan:
    """A plan with something of everything."""
    stakes = (STAKE, Stake("wine", problem="The bucket models cannot be read."))
    return replace(PLAN, stakes=stakes, trials=(TRIAL,), head_problems=(ERROR,), base_problems=(ERROR,))


@pytest.fixture
def large_plan(plan: Plan) -> Plan:
    """A plan of 2,000 changed pipelines, each with a high risk."""
    churn = plan.pipelines[2]
    ids = [f"team.pipeline_{index:04}" for index in range(2000)]
    risks = tuple(replace(plan.risks[0], pipelines=(dag_id,)) for dag_id in ids)
    return replace(plan, pipelines=tuple(replace(churn, dag_id=dag_id) for dag_id in ids), risks=risks)
