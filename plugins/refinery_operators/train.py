"""The second step: train the model on the downloaded dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import include.models
from include.storage import describe_dataset, read_identity
from include.training import ClassModel, ModuleModel, SourceOptions, TrainingSpec, train
from refinery_operators.base import PipelineOperator
from refinery_operators.provenance import run_provenance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

MODELS_DIR = Path(include.models.__path__[0])


class TrainModelOperator(PipelineOperator):
    """Fit the model, evaluate it on held-out rows, and leave model and manifest in the workspace.

    User code is imported only here, never while a DAG file is parsed.

    Args:
        model: ``module``, a module's name in ``include/models``, or ``class``, the dotted path of a scikit-learn class;
            and ``params``, the keyword arguments of its function or constructor. Templated.
        target: The column to predict: a name, or an index from 0 (from the end when negative). Default: the last.
        features: The columns to learn from. Default: all others.
        source_options: How to read the dataset, as ``separator``; see ``SourceOptions``.
        evaluate: ``test_size``, the held-out share of rows between 0 and 1, and ``random_state``, the split's seed.
        config: The config as it was reviewed, ``path`` and ``text``, for the manifest.
    """

    template_fields = (*PipelineOperator.template_fields, "model")
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
        config: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.target = target
        self.features = features
        self.source_options = source_options
        self.evaluate = evaluate
        self.config = config

    def run_step(self, context: Context) -> dict[str, float]:
        """Train the model and return its metrics."""
        workspace = self.workspace_of(context)
        files = read_identity(workspace.identity_file)
        dataset = workspace.dataset_dir / files[0].file_name if len(files) == 1 else workspace.dataset_dir
        result = train(
            self.training_spec(),
            dataset,
            workspace.model_dir,
            provenance=run_provenance(context, dataset=describe_dataset(files), config=self.config),
        )
        self.log.info("%s", result.summary)
        return result.metrics

    def training_spec(self) -> TrainingSpec:
        """What is to be trained, in the training library's words."""
        model = (
            ModuleModel(self.model["module"]) if "module" in self.model else ClassModel(self.model["class"])
        )
        return TrainingSpec(
            model=model,
            models_dir=MODELS_DIR,
            params=self.model.get("params") or {},
            target=self.target,
            features=tuple(self.features) if self.features else None,
            source=SourceOptions.from_dict(self.source_options or {}),
            **self.evaluate or {},
        )
