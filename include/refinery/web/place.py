"""Which pipeline a request is about: the DAG in its path, and the task group and the params in its query."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, HTTPException, Request

from refinery.registry import LatestFile
from refinery.web import airflow_facts
from refinery.web.readings import Reading
from refinery.web.series import params_of, series_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.registry import ModelSeries, StoredManifest
    from refinery.spec.urls import S3Url
    from refinery.web.airflow_facts import DagFacts, Output
    from refinery.web.model_store import ModelStore

# Before a param's name in a query.
PARAM = "p."


@dataclass(frozen=True, slots=True)
class Place:
    """The pipeline that a request is about.

    Attributes:
        dag: Its DAG.
        output: Where it puts models.
        chosen: The params that the request names.
    """

    dag: DagFacts
    output: Output
    chosen: Mapping[str, str]

    @property
    def series(self) -> ModelSeries:
        """Its models."""
        return series_of(self.output, self.chosen)

    @property
    def path(self) -> str:
        """The path of its page, below the pages' own."""
        return f"dags/{quote(self.dag.dag_id, safe='')}"

    @property
    def query(self) -> str:
        """What every link to it has to repeat, as a query that other parts may follow."""
        group = {"group": self.output.group} if self.output.group else {}
        return urlencode(group | {f"{PARAM}{name}": value for name, value in self.chosen.items()})

    def prefix(self, version_id: str) -> S3Url:
        """Return the prefix of one of its models or reports.

        Raises:
            HTTPException: The id is none of a model of this pipeline, wherever it may point.
        """
        series = self.series
        prefix = replace(series.root, key=series.root.key + version_id)
        if series.version_of(prefix) is None and series.report_of(prefix) is None:
            raise _no_such_model()
        return prefix

    @property
    def may_hold_others(self) -> bool:
        """Whether models of other DAGs may lie beside its own: a param, and some other templates, stand for any text."""
        return bool(params_of(self.output)) or self.series.may_hold_others

    def owns(self, dag_id: object) -> bool:
        """Return whether the models of a DAG's runs are those of this pipeline."""
        return dag_id == self.dag.dag_id or not self.may_hold_others

    def latest(self, store: ModelStore, *, patience: float) -> Reading[LatestFile]:
        """Return what is known of its latest model; if a run of another DAG made that, this pipeline has none.

        Args:
            store: Reads models.
            patience: How many seconds to wait for each of two files.
        """
        reading = store.latest_of(self.series, self.output.connection, patience=patience)
        if not reading.value or not reading.value.latest or not self.may_hold_others:
            return reading
        [facts] = store.facts([(reading.value.latest, self.output.connection)], patience=patience)
        if facts.value is None:
            return Reading(problem=facts.problem, is_pending=facts.is_pending)
        return reading if self.owns(facts.value.dag_id) else Reading(LatestFile(None, None))

    def read(self, prefix: S3Url, store: ModelStore) -> StoredManifest:
        """Read the manifest of one of its models or reports.

        Raises:
            HTTPException: A run of another DAG made it.
            RefineryError: It cannot be read.
        """
        manifest = store.manifest(prefix, self.output.connection)
        if not self.owns(manifest.run.get("dag_id")):
            raise _no_such_model()
        return manifest


def find_place(dag_id: str, request: Request) -> Place:
    """Return the pipeline that a request is about.

    Args:
        dag_id: The DAG, which the user may read.
        request: Its query may name the task group and params.

    Raises:
        HTTPException: The DAG holds no pipeline, or none in this group.
    """
    group = request.query_params.get("group", "")
    for dag in airflow_facts.find_dags([dag_id]):
        for output in dag.outputs:
            if group in (output.group, ""):
                names = params_of(output)
                chosen = {name: request.query_params.get(f"{PARAM}{name}", "") for name in names}
                return Place(dag, output, {name: value for name, value in chosen.items() if value})
    raise HTTPException(404, f"{dag_id} has no pipeline of Refinery{' in this group' if group else ''}.")


def _no_such_model() -> HTTPException:
    return HTTPException(404, "This pipeline has no such model.")


PlaceDep = Annotated[Place, Depends(find_place)]
