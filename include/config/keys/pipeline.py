"""The keys of a pipeline: everything that a config may say."""

import datetime as dt
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from include.config.keys.base import Day, Duration, Interval, Items, Section, Text, accept, refuse
from include.config.keys.compute import ComputeConfig
from include.config.keys.evaluate import EvaluateConfig
from include.config.keys.expect import ExpectConfig
from include.config.keys.fit import FitConfig
from include.config.keys.matrix import MatrixConfig
from include.config.keys.model import ModelConfig
from include.config.keys.notify import NotifyConfig
from include.config.keys.require import Requirements
from include.config.keys.resources import ResourcesConfig
from include.config.keys.schedule import Schedule, Timezone
from include.config.keys.source import SourceConfig
from include.config.keys.urls import URL_PATTERN, PrefixUrl
from include.config.keys.workspace import WorkspaceConfig
from include.config.problems import suggest_name

# Airflow's own limit for a tag.
_MAX_TAG_LENGTH = 100


class OutputConfig(Section):
    """Where the model goes."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": "string", "pattern": URL_PATTERN},)

    url: PrefixUrl = Field(
        description="The S3 prefix that a run writes. A macro of the run, as `{{ ds }}`, keeps runs apart.",
        examples=["s3://models/petrol_consumption/{{ ds }}/"],
    )
    connection: Text = Field(
        default="aws_default",
        description="The Airflow connection with the credentials.",
        examples=["aws_prod"],
    )


class WaitForConfig(Section):
    """How to wait for the dataset."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": "boolean"},)

    timeout: Interval = Field(
        default=dt.timedelta(hours=12), description="How long to wait before the run fails.", examples=["2h"]
    )
    poke_interval: Interval = Field(
        default=dt.timedelta(minutes=1), description="The time from one look to the next.", examples=["5m"]
    )


class PipelineConfig(Section):
    """One pipeline: download the source, train the model, upload it to the output, clean up."""

    description: str = Field(
        default="",
        description="What the pipeline predicts from what, in a sentence; shown in Airflow.",
        examples=["Petrol consumption of a US state, from its taxes, incomes, roads and drivers."],
    )
    source: SourceConfig = Field(
        description="The dataset. A URL alone, a list of URLs, or these keys.",
        examples=["s3://datasets/wine_cultivar.csv"],
    )
    model: ModelConfig = Field(
        description="What is trained. A module's name or a class's path alone, or these keys.",
        examples=["random_forest", {"class": "sklearn.linear_model.Ridge", "params": {"alpha": 0.5}}],
    )
    output: OutputConfig = Field(
        description="Where the model goes. A URL alone, or these keys.",
        examples=["s3://models/petrol_consumption/{{ ds }}/"],
    )
    overwrite: bool = Field(
        default=False,
        description="Allows an `output` without a macro of the run: each run then replaces the last one's model.",
        examples=[True],
    )
    target: Annotated[str | int, accept("a column's name or its number, counted from 0", str, int)] | None = (
        Field(
            default=None,
            description="The column to predict: its name, or its number counted from 0 (-1 is the last). By default the last.",
            examples=["progression", 0],
        )
    )
    features: Items[Text] | None = Field(
        default=None,
        description="The columns to predict from; by default all but the target.",
        examples=[["age", "bmi"]],
    )
    drop: Items[Text] = Field(
        default=(),
        description="Columns to leave out: ids, and what is known only after the fact.",
        examples=[["customer_id"]],
    )
    expect: ExpectConfig | None = Field(
        default=None,
        description="What the dataset must be like, checked before training. A dataset that breaks a rule fails the run.",
        examples=[{"rows": {"min": 40}, "columns": {"Petrol_tax": {"type": "number", "min": 0, "nulls": 0}}}],
    )
    preprocess: Literal["auto", "none"] = Field(
        default="auto",
        description="Whether text, categories, dates and missing values are made into numbers for a library class: `auto` "
        "where the data has them, `none` never. A module does it itself.",
        examples=["none"],
    )
    fit: FitConfig = Field(
        default=FitConfig(),
        description="Whether the model learns from all rows at once (`whole`) or batch by batch (`incremental`), from data larger than "
        "memory. A mode alone, or these keys.",
        examples=["incremental", {"mode": "incremental", "batch_rows": 20_000}],
    )
    evaluate: EvaluateConfig = Field(default=EvaluateConfig(), description="How the model is measured.")
    require: Requirements | None = Field(
        default=None,
        description="What the model must reach, by metric; one that does not is not promoted. Metrics are named as under "
        "`evaluate`; a `train` function and a script may name their own.",
        examples=[{"r2": {"min": 0.35}, "mae": {"max": 60, "no_worse_than_latest": "10%"}}],
    )
    gate: Literal["fail", "warn"] = Field(
        default="fail",
        description="What becomes of a model that misses a requirement: `fail` ends the run and uploads a report alone, `warn` "
        "uploads the model marked.",
        examples=["warn"],
    )
    card: bool = Field(
        default=True,
        description="Whether a card is drawn beside the model, a page with its metrics and figures; it takes a second or two.",
        examples=[False],
    )
    on_unchanged: Literal["retrain", "skip"] = Field(
        default="retrain",
        description="Whether a run trains again (`retrain`) or ends early (`skip`) when dataset, config, model and environment are "
        "those of the latest model.",
        examples=["skip"],
    )
    schedule: Schedule | None = Field(
        default=None,
        description="When it runs: a cron expression, a preset, `{every: 6h}`, or `{assets: [...]}` to follow other datasets "
        "and models. By default only when triggered.",
        examples=[
            "0 12 * * *",
            "@daily",
            {"every": "6h"},
            {"assets": ["s3://models/churn/"], "match": "any"},
        ],
    )
    timezone: Timezone = Field(
        default="UTC",
        description="The timezone of `schedule`, `start_date` and `end_date`.",
        examples=["Europe/Paris"],
    )
    start_date: Day = Field(
        default=dt.date(2026, 1, 1), description="The first day that may have a run.", examples=["2026-01-31"]
    )
    end_date: Day | None = Field(
        default=None, description="The last day that may have a run.", examples=["2026-12-31"]
    )
    catchup: bool = Field(
        default=False,
        description="Whether the runs from `start_date` to now are made up for when the pipeline is first seen.",
        examples=[True],
    )
    max_active_runs: int = Field(
        default=1, ge=1, le=1000, description="How many runs may go on at once.", examples=[4]
    )
    retries: int = Field(
        default=2,
        ge=0,
        le=100,
        description="How often a failed task is tried again where that may help.",
        examples=[3],
    )
    retry_delay: Duration = Field(
        default=dt.timedelta(minutes=1),
        description="The wait before the first retry; it doubles with each one.",
        examples=["5m"],
    )
    timeout: Interval = Field(
        default=dt.timedelta(hours=6),
        description="How long one task may take. The default is longer than most trainings and ends a hung one before the "
        "next day's run.",
        examples=["90m"],
    )
    pool: Text = Field(
        default="default_pool", description="The Airflow pool whose slots its tasks take.", examples=["gpu"]
    )
    priority: int = Field(
        default=1, ge=1, le=2**31 - 1, description="Higher goes first when slots are short.", examples=[10]
    )
    queue: Text | None = Field(
        default=None,
        description="The queue of workers that run its tasks; by default the executor's.",
        examples=["large"],
    )
    resources: ResourcesConfig | None = Field(
        default=None,
        description="What the tasks' pods are given on Kubernetes: cores, memory, GPUs, an image, a node; other executors leave it aside.",
        examples=[{"cpu": 1, "memory": "2Gi", "steps": {"train_model": {"cpu": 8, "memory": "64Gi"}}}],
    )
    compute: ComputeConfig | None = Field(
        default=None,
        description="Where one big model's parallel work goes; by default the cores that the task was given.",
        examples=[{"engine": "dask", "address": "tcp://dask-scheduler:8786"}],
    )
    owner: Text = Field(
        default="refinery", description="Who answers for it, shown in Airflow.", examples=["risk-team"]
    )
    tags: Items[Annotated[str, Field(min_length=1, max_length=_MAX_TAG_LENGTH)]] = Field(
        default=(),
        description="Tags in Airflow; those of all layers add up, and each folder adds its name.",
        examples=[["churn", "weekly"]],
    )
    paused: bool | None = Field(
        default=None,
        description="Whether it starts paused when first seen; by default as Airflow is set up.",
        examples=[False],
    )
    notify: NotifyConfig = Field(default=NotifyConfig(), description="Who is told how a run went.")
    wait_for: WaitForConfig | None = Field(
        default=None,
        description="Waits until the dataset is on S3, without taking a worker; `true`, or these keys.",
        examples=[True, {"timeout": "2h"}],
    )
    workspace: WorkspaceConfig = Field(
        default=WorkspaceConfig(),
        description="Where the steps of a run meet. A local folder or an S3 prefix alone, or these keys. Most often set for all "
        "pipelines, in `environments/NAME.yml`.",
        examples=["s3://staging/refinery/", {"path": "/mnt/refinery", "shared": True}],
    )
    matrix: MatrixConfig | None = Field(
        default=None,
        description="Makes one pipeline for each combination of values, which `${matrix.name}` brings into other keys.",
        examples=[{"region": ["us", "eu"]}],
    )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.end_date and self.end_date < self.start_date:
            refuse(f"{self.end_date} is before start_date {self.start_date}", "end_date")
        if isinstance(self.schedule, str) and self.schedule == "@continuous" and self.max_active_runs != 1:
            refuse("must be 1 with the schedule @continuous", "max_active_runs")
        if self.compute and self.model.script:
            refuse("is not for scripts, which run in a process of their own; remove it", "compute")
        if self.fit.mode == "incremental":
            self._check_streams()
        self._check_target()
        self._check_columns_are_read()
        return self

    def _check_streams(self) -> None:
        needs_all = "needs all rows at once, which fit: incremental never has; remove one of the two"
        for key in ("stratify", "time_column", "cross_validation"):
            if getattr(self.evaluate, key):
                refuse(needs_all, "evaluate", key)
        if self.source.dates:
            refuse(needs_all, "source", "dates")
        for name, rules in (self.expect.columns if self.expect else {}).items():
            if rules.unique:
                refuse(needs_all, "expect", "columns", name, "unique")

    def _check_target(self) -> None:
        if not isinstance(self.target, str):
            return
        for key, columns in (("features", self.features or ()), ("drop", self.drop)):
            if self.target in columns:
                refuse(f'holds the target "{self.target}"', key, columns.index(self.target))
        if self.target == self.evaluate.time_column:
            refuse("is the target", "evaluate", "time_column")

    def _check_columns_are_read(self) -> None:
        read = self.source.columns
        if read is None:
            return
        time_column = self.evaluate.time_column
        if time_column and time_column not in read:
            refuse(f"is not among source.columns{suggest_name(time_column, read)}", "evaluate", "time_column")
        for name in self.expect.columns if self.expect else ():
            if name not in read:
                refuse(
                    f"is not among source.columns{suggest_name(name, read)}",
                    "expect",
                    "columns",
                    name,
                    "[key]",
                )
