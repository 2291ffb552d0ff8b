"""What the demo's process does once for all pipelines."""

from __future__ import annotations

import subprocess
import sys

PREPARED = """
import gc; gc.disable()
import threading
from airflow.sdk.execution_time.supervisor import in_process_api_server
from refinery.local.run_pipelines import _prepare_forks
_prepare_forks()
print(in_process_api_server()._app is not None, [one.name for one in threading.enumerate() if 'AnyIO' in one.name])
"""


def test_the_api_of_airflows_tasks_is_built_before_the_forks_and_leaves_no_thread():
    """The API is Airflow's own: where it moves, each pipeline of a demo takes five seconds more."""
    ran = subprocess.run([sys.executable, "-c", PREPARED], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "True []"
