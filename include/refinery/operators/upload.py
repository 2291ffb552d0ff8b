"""The third step: upload the model to the output prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.connections import DEFAULT_CONNECTION, s3_client
from refinery.operators.base import PipelineOperator, with_run_date
from refinery.operators.links import (
    CONSOLE,
    MANIFEST,
    MODEL_CARD,
    StepLink,
    console_page,
    manifest_page,
    model_page,
)
from refinery.spec.run_params import RUN_DATE_MACRO
from refinery.spec.urls import parse_prefix_url
from refinery.wording import command_line

if TYPE_CHECKING:
    from airflow.sdk import Context
    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.storage import Workspace


class UploadModelOperator(PipelineOperator):
    """Upload the files of the training, ``manifest.json`` last: a prefix without a manifest is not a model.

    Args:
        prefix: The S3 prefix, usually with ``{{ ds }}``. A rerun of the same date replaces the existing model.
            Templated.
        series: The prefix with its unrendered templates, which locates ``latest.json``: it will name this model, unless that
            of a newer run is the latest. Without it, nothing is promoted.
        aws_conn_id: The Airflow connection for S3. Templated.
    """

    template_fields = (*PipelineOperator.template_fields, "prefix", "aws_conn_id")
    ui_color = "#dcfce7"
    operator_extra_links = (StepLink(MODEL_CARD), StepLink(MANIFEST), StepLink(CONSOLE))

    def __init__(
        self, *, prefix: str, series: str | None = None, aws_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.prefix = prefix
        self.series = series
        self.aws_conn_id = aws_conn_id

    def run_step(self, context: Context) -> dict[str, Any]:
        """Upload the model's files and return the prefix and the files' URLs."""
        prefix = parse_prefix_url(self.prefix)
        client = s3_client(self.aws_conn_id, prefix)
        self.links |= {
            MODEL_CARD: model_page(context),
            MANIFEST: manifest_page(context, self.task_id),
            CONSOLE: console_page(prefix, client),
        }
        workspace = self.workspace_of(context)
        files = workspace.upload_model(prefix, client=client)
        self.log.info("Uploaded the model:\n%s", "\n".join(files))
        if self.series:
            self._promote(self.series_of_run(self.series, context), prefix, context, client)
        self._annotate_asset_event(context, prefix, workspace)
        return {"prefix": str(prefix), "files": files}

    def _promote(self, series: str, prefix: S3Url, context: Context, client: S3Client) -> None:
        from refinery.registry import ModelSeries, promote_if_newer

        if other := _other_dates(series, context):
            self.log.info(
                "Not promoted: %s, which is not the date of the run. To make it the latest all the same: %s",
                other,
                command_line(f"promote {prefix}"),
            )
            return
        run = f"{context['dag_run'].dag_id} {context['run_id']}"
        promotion = promote_if_newer(ModelSeries.of_output(series), prefix, by=run, client=client)
        self.log.info("%s", promotion)

    def _annotate_asset_event(self, context: Context, prefix: S3Url, workspace: Workspace) -> None:
        """Add the model to its asset event, for the DAGs that are scheduled on it."""
        for asset in self.outlets:
            manifest = workspace.read_manifest()
            params = (manifest.get("provenance") or {}).get("params")
            extra = {"prefix": str(prefix), "metrics": manifest["metrics"]}
            context["outlet_events"][asset].extra = {**extra, "params": params} if params else extra


def _other_dates(series: str, context: Context) -> str:
    """Return which params of a series are set to another date than the run's; empty if none is.

    Such a model is one of the past: as the latest one, it would have a right name and a wrong content.
    """
    names = [found["name"] for found in RUN_DATE_MACRO.finditer(series)]
    ds = with_run_date(context)["ds"] if names else ""
    given = {name: context["params"][name] for name in names}
    return " and ".join(f"{name} is {value}" for name, value in given.items() if value not in (None, ds))
