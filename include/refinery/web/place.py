"""Which pipeline a request is about: the DAG in its path, and the task group and the params in its query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, HTTPException, Request

from refinery.web import airflow_facts, history
from refinery.web.model_store import params_of, series_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.registry import ModelSeries
    from refinery.spec.urls import S3Url
    from refinery.web.airflow_facts import DagFacts, Output

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
            HTTPException: The id is none of a model of this pipeline.
        """
        if (prefix := history.find_prefix(self.series, version_id)) is None:
            raise HTTPException(404, "This pipeline has no such model.")
        return prefix


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


PlaceDep = Annotated[Place, Depends(find_place)]
