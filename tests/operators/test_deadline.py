"""A step ends some time after its timeout, whatever the model's code does about it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

STEP = """\
import subprocess, time
from datetime import timedelta
from refinery.operators import deadline

deadline.GRACE = deadline._FURTHER_GRACE = 0.5
with deadline.ended_after(timedelta(seconds=0.5)):
"""
CATCHES_ALL = """
subprocess.Popen(["sleep", "600"])  # with our own standard output
while True:
    try:
        time.sleep(600)
    except BaseException:
        pass
"""
NEVER_RETURNS = """
import ctypes
ctypes.PyDLL(None).sleep(600)  # no thread of Python runs meanwhile
"""


def run(code):
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", STEP + textwrap.indent(code, "    ")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_code_that_catches_everything_is_ended_with_its_children():
    done = run(CATCHES_ALL)  # the output ends with the last process that holds it
    assert done.returncode == 1
    assert (
        "The step still runs 0.5 s after its timeout of 0.5 s: its code, or the model's, catches"
        in done.stderr
    )


def test_code_that_lets_no_thread_run_is_ended_with_its_traceback():
    done = run(NEVER_RETURNS)
    assert done.returncode == 1
    assert "Timeout (0:00:01" in done.stderr


def test_a_step_that_ends_in_time_is_left_alone():
    done = run("pass")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
