"""Make users with roles of Airflow's FAB auth manager, in the database of an Airflow that has read its DAGs."""

from __future__ import annotations

import json
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

with get_application_builder() as builder:
    manager = builder.sm
    # What Airflow's Viewer may, but for one DAG instead of all; and the UI asks for the plugins to show their pages.
    viewer = {*manager.VIEWER_PERMISSIONS, ("can_read", "Plugins"), ("can_read", "DAG:churn")} - {
        ("can_read", "DAGs")
    }
    roles = {"Churn viewer": viewer, "Churn editor": viewer | {("can_edit", "DAG:churn")}}
    manager.bulk_sync_roles([{"role": role, "perms": rights} for role, rights in roles.items()])
    for name, (role, password) in json.loads(sys.argv[1]).items():
        assert manager.add_user(name, name, name, f"{name}@localhost", manager.find_role(role), password)
