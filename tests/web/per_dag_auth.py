"""An auth manager whose users have rights on one DAG each: Airflow's simple one knows only roles."""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

ONLY = {"churn_viewer": "churn", "churn_editor": "churn"}


class PerDagAuthManager(SimpleAuthManager):
    def is_authorized_dag(self, *, method, user, access_entity=None, details=None):
        allowed = super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
        only = ONLY.get(user.username)
        return allowed and (only is None or (details is not None and details.id == only))
