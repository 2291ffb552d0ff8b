"""The second step: train the model on the downloaded dataset."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

import include.models
from include.connections import DEFAULT_CONNECTION, s3_client
from include.registry import record_spec
from include.storage import describe_dataset, read_identity, upload_model
from include.training import (
    Compute,
    GateFailedError,
    computing_on,
    needs_latest,
    on_cores,
    read_settings,
    train,
)
from include.urls import parse_prefix_url
from refinery_operators.base import PipelineOperator
from refinery_operators.pod import whole_cores
from refinery_operators.promoted import PromotedModels
from refinery_operators.provenance import run_provenance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from airflow.sdk import Context

    from include.storage import RunFolder
    from include.training import TrainingSpec

MODELS_DIR = Path(include.models.__path__[0])
# What of its task's time a script may take: all but a twentieth, or but 30 seconds where these are less.
_SCRIPT_SHARE = 0.95
_LONGEST_SPARE = 30


class TrainModelOperator(PipelineOperator):
    """Fit the model, evaluate it on held-out rows, and leave model, card and manifest in the workspace.

    User code is imported only here, never while a DAG file is parsed. A model that fails a gate fails the task; what is known
    of it goes to ``rejected/<run id>/`` below the prefix.

    Args:
        model: ``module``, a module's name in ``include/models``, ``class``, the dotted path of a scikit-learn class, or
            ``script`` with ``args`` and ``env``; ``params``, the keyword arguments of its function or constructor;
            ``format`` of the model's file, and ``trusted`` types in it. Templated.
        target: The column to predict: a name, or an index from 0 (from the end when negative). Default: the last.
        features: The columns to learn from. Default: all others.
        source_options: How to read the dataset, as ``separator``; see ``SourceOptions``.
        evaluate: How the model is measured, as ``test_size`` and ``metrics``; see ``TrainingSpec``.
        expect: The data contract.
        preprocess: ``auto`` makes text, categories, dates and gaps ready for a library's class, ``none`` does not.
        batch_rows: How many rows to learn from at once, of a dataset that is streamed. By default it is read as a whole.
        require: The gates, by metric.
        gate: What a failed gate does: ``fail`` or ``warn``.
        on_unchanged: ``skip`` ends the run where dataset, config, code and environment are those of the latest model.
        card: Whether to draw the model card.
        compute: Where parallel work goes: ``engine`` and ``address``. By default the task's own cores: as many as its ``pod``
            is given, else as the process may use. Templated.
        prefix: Where the model will go, for the reports of rejected ones. Templated.
        series: The same with its templates as written: beside it lies ``latest.json``. Without it there is no latest model.
        aws_conn_id: The Airflow connection for these. Templated.
        config: The config as it was reviewed, ``path`` and ``text``, for the manifest.
    """

    template_fields = (*PipelineOperator.template_fields, "model", "prefix", "aws_conn_id", "compute")
    template_fields_renderers = {"model": "json"}  # noqa: RUF012 - Airflow's own declaration
    ui_color = "#fef3c7"

    def __init__(
        self,
        *,
        model: Mapping[str, Any],
        target: str | int | None = None,
        features: Sequence[str] | None = None,
        source_options: Mapping[str, Any] | None = None,
        evaluate: Mapping[str, Any] | None = None,
        expect: Mapping[str, Any] | None = None,
        preprocess: str = "auto",
        batch_rows: int | None = None,
        require: Mapping[str, Mapping[str, Any]] | None = None,
        gate: str = "fail",
        on_unchanged: str = "retrain",
        card: bool = True,
        compute: Mapping[str, Any] | None = None,
        prefix: str | None = None,
        series: str | None = None,
        aws_conn_id: str = DEFAULT_CONNECTION,
        config: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.target = target
        self.features = features
        self.source_options = source_options
        self.evaluate = evaluate
        self.expect = expect
        self.preprocess = preprocess
        self.batch_rows = batch_rows
        self.require = require
        self.gate = gate
        self.on_unchanged = on_unchanged
        self.card = card
        self.compute = compute
        self.prefix = prefix
        self.series = series
        self.aws_conn_id = aws_conn_id
        self.config = config

    def run_step(self, context: Context) -> dict[str, float]:
        """Train the model and return its metrics.

        Raises:
            AirflowSkipException: The latest model was made of the same, and the config asks for a skip then.
        """
        compute = Compute(**self.compute) if self.compute else None
        modules = [f"{include.models.__name__}.{self.model['module']}"] if "module" in self.model else []
        with (
            self.workspace_of(context).open(reads="dataset", writes="model") as folder,
            on_cores(whole_cores(self.pod)),
            computing_on(compute, modules),
        ):
            return self._train(folder, context)

    def _train(self, folder: RunFolder, context: Context) -> dict[str, float]:
        files = read_identity(folder.identity_file)
        dataset = folder.dataset_dir / files[0].file_name if len(files) == 1 else folder.dataset_dir
        spec = self.training_spec()
        provenance = run_provenance(
            context, dataset=describe_dataset(files), config=self.config, spec=record_spec(spec)
        )
        promoted = PromotedModels(self.series, self.aws_conn_id) if self.series else None
        if promoted and self.on_unchanged == "skip":
            _skip_if_unchanged(promoted, spec, provenance)
        try:
            result = train(
                spec,
                dataset,
                folder.model_dir,
                provenance=provenance,
                latest=promoted.latest_model(spec.trusted)
                if promoted and needs_latest(spec.require)
                else None,
                **_card(promoted) if self.card else {},
            )
        except GateFailedError as error:
            self._upload_report(error.report_dir, context)
            raise
        self.log.info("%s", result.summary)
        return result.metrics

    def training_spec(self) -> TrainingSpec:
        """What is to be trained, in the training library's words."""
        return read_settings(
            models_dir=MODELS_DIR,
            model=self.model,
            target=self.target,
            features=self.features,
            source_options=self.source_options,
            evaluate=self.evaluate,
            expect=self.expect,
            preprocess=self.preprocess,
            batch_rows=self.batch_rows,
            require=self.require,
            gate=self.gate,
            timeout=_script_timeout(self.execution_timeout),
        )

    def _upload_report(self, report_dir: Path, context: Context) -> None:
        if self.prefix is None:
            return
        run = re.sub(
            r"[^A-Za-z0-9._-]", "-", context["run_id"]
        )  # not every S3 server takes colons, or escapes
        prefix = parse_prefix_url(f"{parse_prefix_url(self.prefix)}rejected/{run}/")
        upload_model(report_dir, prefix, client=s3_client(self.aws_conn_id, prefix))
        self.log.info("The report on the rejected model: %s", prefix)


def _script_timeout(task_timeout: timedelta | None) -> float | None:
    """Give a script a little less than its task, in seconds: Airflow's own end tells no last lines, and is tried again."""
    if task_timeout is None:
        return None
    seconds = task_timeout.total_seconds()
    return max(seconds * _SCRIPT_SHARE, seconds - _LONGEST_SPARE)


def _card(promoted: PromotedModels | None) -> dict[str, Any]:
    """Give the arguments of a training that draws a card."""
    from include.card import profile_table  # jinja2 and more, only where a card is drawn
    from refinery_operators.card import write_model_card

    return {"profile": profile_table, "write_extras": partial(write_model_card, promoted)}


def _skip_if_unchanged(promoted: PromotedModels, spec: TrainingSpec, provenance: Mapping[str, Any]) -> None:
    changes = promoted.changes(spec, provenance)
    if changes.unchanged:
        raise AirflowSkipException(str(changes))
