"""The keys of a pipeline: everything that a config may contain."""

import datetime as dt
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from refinery.config.models.base import Day, Duration, Interval, Items, Section, Text, accept, refuse
from refinery.config.models.evaluate import EvaluateConfig
from refinery.config.models.expect import ExpectConfig
from refinery.config.models.infrastructure import ComputeConfig, ResourcesConfig, WorkspaceConfig
from refinery.config.models.model import FitConfig, ModelConfig
from refinery.config.models.notify import NotifyConfig
from refinery.config.models.params import ParamConfig, ParamName, refuse_without_default
from refinery.config.models.require import Requirements
from refinery.config.models.schedule import Schedule, Timezone
from refinery.config.models.search import SearchConfig
from refinery.config.models.source import SourceConfig
from refinery.config.models.task import check_task
from refinery.config.models.urls import URL_PATTERN, AssetPrefixUrl
from refinery.config.models.variables import MatrixConfig
from refinery.spec.libraries import library_of, onnx_problem
from refinery.spec.names import MAX_TAG_LENGTH
from refinery.spec.training import SECTIONS
from refinery.wording import suggest_name

# The lengths of Airflow's database columns.
_MAX_OWNER_LENGTH = 500
_MAX_POOL_LENGTH = 256
_MAX_QUEUE_LENGTH = 256
# Timezones and timetables compute with dates around these; far beyond, Python's calendar ends.
_FIRST_DAY, _LAST_DAY = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


def _check_run_day(day: dt.date) -> dt.date:
    if not _FIRST_DAY <= day <= _LAST_DAY:
        refuse(f"must be from {_FIRST_DAY} to {_LAST_DAY}, but is {day}")
    return day


RunDay = Annotated[Day, AfterValidator(_check_run_day)]


class OutputConfig(Section):
    """Where the model goes."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": "string", "pattern": URL_PATTERN},)

    url: AssetPrefixUrl = Field(
        description="The S3 prefix that a run writes to. A macro such as `{{ ds }}` separates the runs.",
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
        default=dt.timedelta(minutes=1), description="The time between two checks.", examples=["5m"]
    )


class TargetConfig(Section):
    """The column to predict."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": ["string", "integer"]},)

    column: (
        Annotated[
            str | int,
            accept("a column name, or a column number counted from 0", str, int),
            WithJsonSchema({"type": ["string", "integer"]}),
        ]
        | None
    ) = Field(
        default=None,
        description="The column, by name or by number counted from 0 (-1 is the last). Default: the last one.",
        examples=["progression", 0],
    )
    missing: Literal["error", "drop"] = Field(
        default="error",
        description="How to treat rows without a target: `error` fails the run, `drop` leaves them out and reports how many.",
        examples=["drop"],
    )


class PipelineConfig(Section):
    """One pipeline: download the source, train the model, upload it to the output, clean up."""

    description: str = Field(
        default="",
        description="What the pipeline predicts, and from what, in one sentence; shown in Airflow.",
        examples=["Petrol consumption of a US state, from its taxes, incomes, roads and drivers."],
    )
    source: SourceConfig = Field(
        description="The dataset: a URL, a list of URLs, or these keys.",
        examples=["s3://datasets/wine_cultivar.csv"],
    )
    model: ModelConfig = Field(
        description="The model: a module name, a class path, or these keys.",
        examples=["random_forest", {"class": "sklearn.linear_model.Ridge", "params": {"alpha": 0.5}}],
    )
    output: OutputConfig = Field(
        description="Where the model goes: a URL, or these keys.",
        examples=["s3://models/petrol_consumption/{{ ds }}/"],
    )
    overwrite: bool = Field(
        default=False,
        description="Allows an `output` without a macro, so that each run replaces the previous model.",
        examples=[True],
    )
    task: Literal["anomaly", "clustering"] | None = Field(
        default=None,
        description="What a model without a target does: `anomaly` finds outliers, `clustering` groups rows. Default: regression or "
        "classification, as the model declares.",
        examples=["anomaly"],
    )
    target: TargetConfig | None = Field(
        default=None,
        description="The column to predict, by name or by number counted from 0 (-1 is the last), or these keys. Default: the last "
        "column.",
        examples=["progression", {"column": "survived", "missing": "drop"}],
    )
    features: Items[Text] | None = Field(
        default=None,
        description="The columns to predict from. Default: all except the target.",
        examples=[["age", "bmi"]],
    )
    drop: Items[Text] = Field(
        default=(),
        description="Columns to leave out, such as ids, and values that are known only afterwards.",
        examples=[["customer_id"]],
    )
    weight: Text | None = Field(
        default=None,
        description="The column with each row's weight, in the fit, the metrics, the baseline and the gates. It is not a feature. Default: all rows "
        "weigh the same.",
        examples=["sampling_weight"],
    )
    expect: ExpectConfig | None = Field(
        default=None,
        description="The data contract, checked before training. A dataset that breaks a rule fails the run.",
        examples=[{"rows": {"min": 40}, "columns": {"Petrol_tax": {"type": "number", "min": 0, "nulls": 0}}}],
    )
    preprocess: Literal["auto", "none"] = Field(
        default="auto",
        description="Whether text, categories, dates and missing values are prepared for a library class: `auto` if the data has them, "
        "`none` never. A module prepares its own data.",
        examples=["none"],
    )
    fit: FitConfig = Field(
        default=FitConfig(),
        description="Whether the model is fitted to all rows at once (`whole`) or batch by batch (`incremental`), for data larger than "
        "memory. A mode, or these keys.",
        examples=["incremental", {"mode": "incremental", "batch_rows": 20_000}],
    )
    search: SearchConfig | None = Field(
        default=None,
        description="How the best of `model.candidates`, or the best params for a `search` below `model`, are found. It uses only the training rows.",
        examples=[{"by": "roc_auc", "trials": 60, "minutes": 30}],
    )
    evaluate: EvaluateConfig = Field(default=EvaluateConfig(), description="How the model is measured.")
    require: Requirements | None = Field(
        default=None,
        description="The gates: the requirements, by metric, that a model must meet to be promoted. Metrics have the same names as under `evaluate`; "
        "a `train` function or a script may use its own.",
        examples=[{"r2": {"min": 0.35}, "mae": {"max": 60, "no_worse_than_latest": "10%"}}],
    )
    gate: Literal["fail", "warn"] = Field(
        default="fail",
        description="How to treat a model that misses a requirement: `fail` ends the run and uploads only a report, `warn` uploads "
        "the model with a mark.",
        examples=["warn"],
    )
    card: bool = Field(
        default=True,
        description="Whether to write a card next to the model, a page with its metrics and figures, and to describe the dataset's columns "
        "in the manifest; this takes a moment, and up to 20 seconds for a model that predicts slowly.",
        examples=[False],
    )
    on_unchanged: Literal["retrain", "skip"] = Field(
        default="retrain",
        description="Whether a run trains again (`retrain`) or ends early (`skip`) if dataset, config, model and environment are "
        "unchanged since the latest model.",
        examples=["skip"],
    )
    schedule: Schedule | None = Field(
        default=None,
        description="When it runs: a cron expression, a preset, `{every: 6h}`, or `{assets: [...]}` to run after other datasets "
        "and models are updated. Default: only when triggered.",
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
    start_date: RunDay = Field(
        default=dt.date(2026, 1, 1), description="The first day that may have a run.", examples=["2026-01-31"]
    )
    end_date: RunDay | None = Field(
        default=None, description="The last day that may have a run.", examples=["2026-12-31"]
    )
    catchup: bool = Field(
        default=False,
        description="Whether to backfill the runs from `start_date` to now when the pipeline is new.",
        examples=[True],
    )
    max_active_runs: int = Field(
        default=1, ge=1, le=1000, description="How many runs may be active at the same time.", examples=[4]
    )
    retries: int = Field(
        default=2,
        ge=0,
        le=100,
        description="How often a failed task is retried, if a retry can help.",
        examples=[3],
    )
    retry_delay: Duration = Field(
        default=dt.timedelta(minutes=1),
        description="The wait before the first retry.",
        examples=["5m"],
    )
    retry_backoff: bool = Field(
        default=True,
        description="Whether the wait doubles with each retry, up to an hour; if not, it is always `retry_delay`.",
        examples=[False],
    )
    timeout: Interval = Field(
        default=dt.timedelta(hours=6),
        description="How long one task may take. The default is longer than most trainings, and ends a hung one before the "
        "next day's run.",
        examples=["90m"],
    )
    run_timeout: Interval | None = Field(
        default=None,
        description="How long a whole run may take, including waits and retries. Default: no limit.",
        examples=["12h"],
    )
    pool: Annotated[str, Field(min_length=1, max_length=_MAX_POOL_LENGTH)] = Field(
        default="default_pool", description="The Airflow pool of its tasks.", examples=["gpu"]
    )
    priority: int = Field(
        default=1,
        ge=1,
        le=2**31 - 1,
        description="The priority of its tasks: higher goes first when slots are scarce.",
        examples=[10],
    )
    queue: Annotated[str, Field(min_length=1, max_length=_MAX_QUEUE_LENGTH)] | None = Field(
        default=None,
        description="The worker queue for its tasks. Default: that of the executor.",
        examples=["large"],
    )
    resources: ResourcesConfig | None = Field(
        default=None,
        description="The resources of the tasks' pods on Kubernetes: cores, memory, GPUs, an image, a node. Other executors ignore them.",
        examples=[{"cpu": 1, "memory": "2Gi", "steps": {"train_model": {"cpu": 8, "memory": "64Gi"}}}],
    )
    compute: ComputeConfig | None = Field(
        default=None,
        description="Where the parallel work of one large model goes. Default: the cores of the task.",
        examples=[{"engine": "dask", "address": "tcp://dask-scheduler:8786"}],
    )
    owner: Annotated[str, Field(min_length=1, max_length=_MAX_OWNER_LENGTH)] = Field(
        default="refinery", description="Who is responsible for it, shown in Airflow.", examples=["risk-team"]
    )
    tags: Items[Annotated[str, Field(min_length=1, max_length=MAX_TAG_LENGTH)]] = Field(
        default=(),
        description="Tags in Airflow. The tags of all layers add up, and each folder adds its name.",
        examples=[["churn", "weekly"]],
    )
    paused: bool | None = Field(
        default=None,
        description="Whether the pipeline is paused when it is new. Default: Airflow's setting.",
        examples=[False],
    )
    notify: NotifyConfig = Field(
        default=NotifyConfig(), description="Who is notified of the outcome of a run."
    )
    wait_for: WaitForConfig | None = Field(
        default=None,
        description="Waits until the dataset is on S3, without occupying a worker: `true`, or these keys.",
        examples=[True, {"timeout": "2h"}],
    )
    workspace: WorkspaceConfig = Field(
        default=WorkspaceConfig(),
        description="Where the steps of a run exchange files: a local folder, an S3 prefix, or these keys. Usually set for all "
        "pipelines in `environments/NAME.yml`.",
        examples=["s3://staging/refinery/", {"path": "/mnt/refinery", "shared": True}],
    )
    params: dict[ParamName, ParamConfig] = Field(
        default={},
        description="Values that can be set when a run is triggered, for example in Airflow's form, used as `{{ params.NAME }}` where templates are "
        "allowed.",
        examples=[{"region": {"type": "text", "choices": ["us", "eu"], "default": "us"}}],
    )
    matrix: MatrixConfig | None = Field(
        default=None,
        description="Defines one pipeline per combination of values, which other keys use as `${matrix.name}`.",
        examples=[{"region": ["us", "eu"]}],
    )

    @property
    def training(self) -> dict[str, Any]:
        """The settings of the training that differ from their defaults; see `TrainingSpec.from_dict`."""
        given = self.model_dump(include={*SECTIONS} - {"source"}, by_alias=True, exclude_defaults=True)
        if not self.require:
            given.pop("gate", None)  # without a requirement, it has no effect
        if not self.model.is_searched:
            given.pop("search", None)  # of defaults that other pipelines share
        options = self.source.reading_options
        return {**given, "source": options} if options else given

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.end_date and self.end_date < self.start_date:
            refuse(f"{self.end_date} is before start_date {self.start_date}", "end_date")
        if isinstance(self.schedule, str) and self.schedule == "@continuous" and self.max_active_runs != 1:
            refuse("must be 1 with the schedule @continuous", "max_active_runs")
        if self.compute and self.model.script:
            refuse("does not apply to scripts, which run in a separate process; remove it", "compute")
        if self.fit.mode == "incremental":
            self._check_streams()
        if self.fit.early_stopping and not self.model.class_paths:
            kind = "script" if self.model.script else "module"
            refuse(
                f"applies to a library class under model; stop the fit early in the {kind}, or remove this key",
                "fit",
                "early_stopping",
            )
        if self.search:
            self._check_trials(self.search.trials)
        if self.schedule is not None:
            refuse_without_default(self.params)
        check_task(self)
        if self.model.format == "onnx" and (problem := onnx_problem(map(library_of, self.model.class_paths))):
            refuse(problem, "model", "format")
        if self.evaluate.threshold and self.model.format == "onnx":
            refuse(
                "cannot be written to onnx, whose classifiers predict the more probable class; set model.format to pickle or skops",
                "evaluate",
                "threshold",
            )
        self._check_weight()
        self._check_target()
        self._check_columns_are_read()
        return self

    def _check_trials(self, trials: int) -> None:
        """Check that each candidate is tried as it is, and that something is left for what is searched."""
        first = len(self.model.candidates) or 1
        least = first + self.model.searches_params
        if self.model.is_searched and trials < least:
            noun = "candidate is" if first == 1 else f"{first} candidates are"
            rest = " before anything is searched" if self.model.searches_params else ""
            refuse(f"is too few: the {noun} tried as given{rest}; write {least} or more", "search", "trials")

    def _check_streams(self) -> None:
        if self.model.is_searched:
            refuse(
                "streams the rows, but a search needs them all at once; remove it, or name one class without a search",
                "fit",
                "mode",
            )
        needs_all = "needs all rows at once, but fit: incremental streams them; remove one of the two"
        for key in ("stratify", "time_column", "group_column", "cross_validation", "threshold", "calibrate"):
            if getattr(self.evaluate, key):
                refuse(needs_all, "evaluate", key)
        if self.source.dates and isinstance(self.source.dates, tuple):
            refuse(
                "needs all rows at once to find the formats, but fit: incremental streams them; give each column its format, "
                'such as {sold_at: "%d/%m/%Y"}',
                "source",
                "dates",
            )
        for name, rules in (self.expect.columns if self.expect else {}).items():
            if rules.unique:
                refuse(needs_all, "expect", "columns", name, "unique")

    def _check_weight(self) -> None:
        if self.weight is None:
            return
        if self.model.script:
            refuse(
                "does not apply to scripts, which read the dataset themselves; weigh the rows in the script",
                "weight",
            )
        if self.fit.mode == "incremental":
            refuse(
                "does not work with fit: incremental, which holds a batch of the rows; remove one of the two",
                "weight",
            )
        if self.weight in (self.features or ()):
            refuse(
                f'lists the weight "{self.weight}"; remove it',
                "features",
                (self.features or ()).index(self.weight),
            )
        if self.target and self.weight == self.target.column:
            refuse("is also the target; choose another column", "weight")

    def _check_target(self) -> None:
        if self.target is None:
            return
        if self.target.missing == "drop" and self.model.script:
            refuse(
                "does not apply to scripts, which read the dataset themselves; drop these rows in the script",
                "target",
                "missing",
            )
        column = self.target.column
        if not isinstance(column, str):
            return
        for key, columns in (("features", self.features or ()), ("drop", self.drop)):
            if column in columns:
                refuse(f'lists the target "{column}"; remove it', key, columns.index(column))
        for key in ("time_column", "group_column"):
            if column == getattr(self.evaluate, key):
                refuse("is also the target; choose another column", "evaluate", key)

    def _check_columns_are_read(self) -> None:
        read = self.source.columns
        if read is None:
            return
        roles = (
            (("evaluate", "time_column"), self.evaluate.time_column),
            (("evaluate", "group_column"), self.evaluate.group_column),
            (("weight",), self.weight),
        )
        for key, column in roles:
            if column and column not in read:
                refuse(f"is not among source.columns{suggest_name(column, read)}", *key)
        for name in self.source.numbers:
            if name not in read:
                refuse(
                    f"is not among source.columns{suggest_name(name, read)}",
                    "source",
                    "numbers",
                    name,
                    "[key]",
                )
        for index, name in enumerate(self.source.dates):
            if name not in read:
                at = "[key]" if isinstance(self.source.dates, dict) else index
                refuse(
                    f"is not among source.columns{suggest_name(name, read)}",
                    "source",
                    "dates",
                    *((name, at) if at == "[key]" else (at,)),
                )
        for name in self.expect.columns if self.expect else ():
            if name not in read:
                refuse(
                    f"is not among source.columns{suggest_name(name, read)}",
                    "expect",
                    "columns",
                    name,
                    "[key]",
                )
