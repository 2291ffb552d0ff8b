"""``refinery up``, ``cluster`` and ``down``: a whole Airflow that starts, says where it is, and leaves no process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
import requests

from refinery.local.rest_api import RestApi

pytestmark = pytest.mark.slow


@pytest.fixture(params=["up"])
def up(request, ready_project):
    """Start ``refinery up``, or another command, and wait until it says that Airflow is up."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    command = [sys.executable, "-m", "refinery", request.param, "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=ready_project,
        env=environment | {"PYTHONPATH": f"{ready_project}:{ready_project / 'include'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if " is up: http" in line:
            break
    assert RestApi(f"http://127.0.0.1:{port}").healthy()
    foreign = requests.get(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"}, timeout=30)
    assert foreign.status_code == 421, "no page of another site reaches an Airflow without a login"
    yield process
    if process.poll() is None:
        process.terminate()
        process.wait()


def family(process):
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


def assert_all_end(processes, seconds=10):
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    assert [" ".join(process.cmdline()) for process in alive] == []


def test_down_stops_all_of_it(up, ready_project, refinery):
    processes = family(up)
    assert len(processes) >= 6, "the command, an S3 server and Airflow's four components"

    assert "already up" in refinery(ready_project, "up").stderr
    assert refinery(ready_project, "down").stdout == "Stopped.\n"

    up.wait(10)
    assert_all_end(processes)
    assert refinery(ready_project, "down").stdout == "Nothing was running.\n"


def test_ctrl_c_stops_all_of_it(up):
    processes = family(up)
    up.send_signal(signal.SIGINT)

    assert up.wait(40) == 0
    assert_all_end(processes)


@pytest.mark.thorough
@pytest.mark.parametrize("up", ["up", "cluster"], indirect=True)
def test_down_stops_what_a_killed_command_left(up, ready_project, refinery):
    processes = family(up)
    up.kill()
    up.wait()
    time.sleep(1)

    refinery(ready_project, "down")

    assert_all_end(processes)


@pytest.mark.parametrize("command", ["up", "cluster"])
def test_a_port_in_use_is_told_before_anything_starts(ready_project, refinery, command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = refinery(ready_project, command, "--port", str(port))

    assert done.returncode == 1
    assert (
        f"Port {port} is in use. Stop what listens there, or choose another: --port {port + 1}" in done.stderr
    )
    assert not (ready_project / ".local" / "cluster").exists()
