"""Airflow finds Refinery as a plugin, in a checkout and where it is installed."""

from __future__ import annotations

import json
import subprocess
import sys

LOADED = """
import json, sys
from airflow.plugins_manager import _get_plugins
plugins, errors = _get_plugins()
pages = [name for name in sys.modules if name.startswith("refinery.web.")]
print(json.dumps({"plugins": [plugin.name for plugin in plugins], "errors": errors, "pages": pages}))
"""


def test_the_plugins_folder_registers_it(project):
    ran = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=project, capture_output=True, text=True, check=True
    )
    loaded = json.loads(ran.stdout.splitlines()[-1])
    assert "refinery" in loaded["plugins"]
    assert loaded["errors"] == {}
    assert loaded["pages"] == ["refinery.web.mount"]  # the first request imports the rest
