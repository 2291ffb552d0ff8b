"""The second step: train the model on the downloaded dataset."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException

import include.models
from refinery.connections import DEFAULT_CONNECTION, s3_client
from refinery.operators.base import PipelineOperator
from refinery.operators.links import MODEL_CARD, PLAN, StepLink, model_page, plan_page
from refinery.operators.pod import whole_cores
from refinery.operators.provenance import run_provenance
from refinery.spec.artifacts import JUDGEMENT
from refinery.spec.series import report_prefix
from refinery.spec.urls import parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    import jinja2
    from airflow.sdk import Context

    from refinery.operators.promoted import PromotedModels
    from refinery.storage import RunFolder
    from refinery.training import Checkpoint, Trained, TrainingSpec

MODELS_DIR = Path(include.models.__path__[0])
# A script's share of its task's time: all but a twentieth, or all but 30 seconds if that is less.
_SCRIPT_SHARE = 0.95
_LONGEST_SPARE = 30
# XCom is for what people read: a few sentences.
_MOST_WARNINGS = 10
_MOST_LETTERS = 500


class TrainModelOperator(PipelineOperator):
    """Fit the model, evaluate it on held-out rows, and write model, card and manifest to the workspace.

    User code and Refinery's own training are imported only here, never while a DAG file is parsed. A model that fails a gate fails the task; the report on
    it goes to ``rejected/<run id>/`` below the prefix.

    Args:
        training: What is trained and how it is evaluated, by the keys of a config: ``model``, ``target``, ``evaluate`` and the
            others of ``TrainingSpec.from_dict``. The model is templated.
        on_unchanged: ``skip`` ends the run if dataset, config, code and environment are unchanged since the latest model.
        card: Whether to write the model card.
        compute: Where parallel work goes: ``engine`` and ``address``. Default: the cores of the task's ``pod``, else those that
            the process may use. Templated.
        prefix: The output prefix, for reports on rejected models. Templated.
        series: The prefix with its unrendered templates, which locates ``latest.json``. Without it, there is no latest model.
        aws_conn_id: The Airflow connection for the prefix. Templated.
        config: The reviewed config, ``path`` and ``text``, for the manifest.
        pipeline: The pipeline's name, if its steps are part of another DAG.
        run_params: The run's params by their names, for the manifest. Templated.
    """

    template_fields = (
        *PipelineOperator.template_fields,
        "training",
        "prefix",
        "aws_conn_id",
        "compute",
        "run_params",
    )
    template_fields_renderers = {"training": "json"}  # noqa: RUF012 - Airflow's own declaration
    ui_color = "#fef3c7"
    operator_extra_links = (StepLink(MODEL_CARD), StepLink(PLAN))

    def __init__(
        self,
        *,
        training: Mapping[str, Any],
        on_unchanged: str = "retrain",
        card: bool = True,
        compute: Mapping[str, Any] | None = None,
        prefix: str | None = None,
        series: str | None = None,
        aws_conn_id: str = DEFAULT_CONNECTION,
        config: Mapping[str, str] | None = None,
        pipeline: str | None = None,
        run_params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.training = training
        self.on_unchanged = on_unchanged
        self.card = card
        self.compute = compute
        self.prefix = prefix
        self.series = series
        self.aws_conn_id = aws_conn_id
        self.config = config
        self.pipeline = pipeline
        self.run_params = run_params

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the templated fields, but only the model of the training: columns and patterns may contain braces."""
        rest = {name: section for name, section in self.training.items() if name != "model"}
        self.training = {name: section for name, section in self.training.items() if name == "model"}
        super().render_template_fields(context, jinja_env)
        self.training = {**self.training, **rest}

    def run_step(self, context: Context) -> dict[str, float]:
        """Train the model and return its metrics.

        Raises:
            AirflowSkipException: Nothing has changed since the latest model, and the config skips such runs.
        """
        from refinery.training import CandidatesModel, Compute, ModuleModel, computing_on, on_cores

        self.links[MODEL_CARD] = model_page(context)
        if self.config:
            self.links[PLAN] = plan_page(MODELS_DIR.parents[1], self.config["path"])
        compute = Compute(**self.compute) if self.compute else None
        spec = self.training_spec()
        modules = [f"{include.models.__name__}.{spec.model}"] if isinstance(spec.model, ModuleModel) else []
        if isinstance(spec.model, CandidatesModel):
            modules = ["refinery.training"]  # an engine's workers measure whole trials
        workspace = self.workspace_of(context)
        with (
            workspace.open(reads="dataset", writes="model") as folder,
            on_cores(whole_cores(self.pod)),
            computing_on(compute, modules),
        ):
            return self._train(spec, folder, workspace.checkpoint, context)

    def _train(
        self, spec: TrainingSpec, folder: RunFolder, checkpoint: Checkpoint, context: Context
    ) -> dict[str, float]:
        from refinery.operators.promoted import PromotedModels
        from refinery.registry import record_spec
        from refinery.storage import describe_dataset, read_identity
        from refinery.training import GateFailedError, needs_latest, train

        files = read_identity(folder.identity_file)
        dataset = folder.dataset_dir / files[0].file_name if len(files) == 1 else folder.dataset_dir
        promoted = (
            PromotedModels(self.series_of_run(self.series, context), self.aws_conn_id)
            if self.series
            else None
        )
        pipeline = self.pipeline or context["dag_run"].dag_id
        provenance = run_provenance(
            context,
            dataset=describe_dataset(files),
            config=self.config,
            spec=record_spec(spec),
            pipeline=pipeline,
            former_names=promoted.former_names(pipeline) if promoted else [],
            project=MODELS_DIR.parents[1],
            params=self.run_params,
        )
        if promoted and self.on_unchanged == "skip":
            _skip_if_unchanged(promoted, spec, provenance)
        if promoted and (self.card or needs_latest(spec.require)):
            promoted.connect()
        try:
            result = train(
                spec,
                dataset,
                folder.model_dir,
                provenance=provenance,
                latest=partial(promoted.latest_model, spec.trusted)
                if promoted and needs_latest(spec.require)
                else None,
                **_card(promoted) if self.card else {},
                checkpoint=checkpoint,
            )
        except GateFailedError as error:
            self.log.info("%s", error.summary)
            self._upload_report(error.report_dir, context)
            raise
        self.log.info("%s", result.summary)
        context["ti"].xcom_push(key=JUDGEMENT, value=_judgement(result.manifest))
        return result.metrics

    def training_spec(self) -> TrainingSpec:
        """Return the spec of the training."""
        from refinery.training import TrainingSpec

        spec = TrainingSpec.from_dict(self.training, MODELS_DIR)
        return replace(spec, timeout=_script_timeout(self.execution_timeout))

    def _upload_report(self, report_dir: Path, context: Context) -> None:
        from refinery.storage import upload_model

        if self.prefix is None:
            return
        prefix = report_prefix(parse_prefix_url(self.prefix), context["run_id"])
        upload_model(report_dir, prefix, client=s3_client(self.aws_conn_id, prefix), keep_former=False)
        self.log.info("Report on the rejected model: %s", prefix)


def _judgement(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what people need to judge the model in addition to its metrics; the manifest has everything."""
    warnings = manifest["warnings"][:_MOST_WARNINGS]
    # Not every database that stores XCom accepts every character, and a class may have any name.
    shown = [
        "".join(letter if letter.isprintable() else " " for letter in text)[:_MOST_LETTERS]
        for text in warnings
    ]
    baseline = manifest.get("baseline") or {}
    return {
        "baseline": {name: value for name, value in baseline.items() if isinstance(value, float)},
        "warnings": shown,
    }


def _script_timeout(task_timeout: timedelta | None) -> float | None:
    """Return a little less than the task's timeout, in seconds: a timeout by Airflow shows no last lines, and is retried."""
    if task_timeout is None:
        return None
    seconds = task_timeout.total_seconds()
    return max(seconds * _SCRIPT_SHARE, seconds - _LONGEST_SPARE)


def _card(promoted: PromotedModels | None) -> dict[str, Any]:
    """Return the arguments of a training with a card; its imports come late, so that their failure costs only the card."""

    def write(folder: Path, trained: Trained) -> None:
        from refinery.card import write_card

        write_card(
            folder,
            model=trained.model,
            manifest=trained.manifest,
            held_out=trained.held_out,
            table_profile=trained.profile,
            history=promoted.history() if promoted else (),
        )

    return {"write_extras": write}


def _skip_if_unchanged(promoted: PromotedModels, spec: TrainingSpec, provenance: Mapping[str, Any]) -> None:
    changes = promoted.changes(spec, provenance)
    if changes.unchanged:
        raise AirflowSkipException(str(changes))
