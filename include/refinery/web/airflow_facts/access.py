"""Who the user is, and what that user may do: the dependencies and the auth manager of Airflow's own API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.configuration import conf
from airflow.models.dag import DagModel

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

# Dependencies of routes, which read the DAG's id from the path.
reads_dag = requires_access_dag("GET")
edits_dag = requires_access_dag("PUT")
reads_runs = requires_access_dag("GET", DagAccessEntity.RUN)


def readable_dags(user: BaseUser) -> set[str]:
    """Return the ids of the DAGs that a user may read."""
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


def may_edit(user: BaseUser, dag_id: str) -> bool:
    """Return whether a user may change a DAG, and so the models of its pipelines."""
    return bool(get_auth_manager().is_authorized_dag(method="PUT", details=_details(dag_id), user=user))


def may_read_logs(user: BaseUser, dag_id: str) -> bool:
    """Return whether a user may read the logs of a DAG's tasks."""
    entity = DagAccessEntity.TASK_LOGS
    return bool(
        get_auth_manager().is_authorized_dag(
            method="GET", access_entity=entity, details=_details(dag_id), user=user
        )
    )


def _details(dag_id: str) -> DagDetails:
    return DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))


def secret_key() -> str:
    """Return the secret that all web servers of this Airflow share."""
    return str(conf.get("api", "secret_key"))
