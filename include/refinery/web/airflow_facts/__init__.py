"""What the pages ask of Airflow: who the user is and may do, and what its database knows of DAGs and runs.

No other module of the pages knows how Airflow's web server and database are made. `tests/web/test_airflow_facts.py` notices when
something of it has moved.
"""

from airflow.api_fastapi.core_api.security import get_user

from refinery.web.airflow_facts.access import (
    edits_dag,
    may_edit,
    may_read_logs,
    readable_dags,
    reads_dag,
    reads_runs,
    secret_key,
)
from refinery.web.airflow_facts.addresses import pages_url, ui_url
from refinery.web.airflow_facts.dags import DagFacts, LastRun, find_dags
from refinery.web.airflow_facts.logs import Failure, read_failure
from refinery.web.airflow_facts.outputs import Output
from refinery.web.airflow_facts.runs import RunFacts, TaskFacts, find_run

__all__ = [
    "DagFacts",
    "Failure",
    "LastRun",
    "Output",
    "RunFacts",
    "TaskFacts",
    "edits_dag",
    "find_dags",
    "find_run",
    "get_user",
    "may_edit",
    "may_read_logs",
    "pages_url",
    "read_failure",
    "readable_dags",
    "reads_dag",
    "reads_runs",
    "secret_key",
    "ui_url",
]
