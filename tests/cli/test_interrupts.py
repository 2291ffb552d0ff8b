"""One Ctrl-C ends a command, whatever the main thread does at that moment."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

AROUND = """\
import sys
from refinery.cli.interrupts import ending_on_interrupts, interrupt_on_signals

def ready():
    print("ready", flush=True)

with ending_on_interrupts():
"""
SLEEPS = """
        import time
        ready()
        time.sleep(600)
"""
SWALLOWED_BY_A_DESTRUCTOR = """
        import time
        class Slow:
            def __del__(self):
                ready()
                time.sleep(600)
        Slow()
        time.sleep(600)
"""
SWALLOWED_BY_RETRIES = """
        import time
        ready()
        while True:
            try:
                time.sleep(600)
            except BaseException:
                pass
"""
BECAME_ANOTHER_ERROR = """
        import time
        try:
            ready()
            time.sleep(600)
        except KeyboardInterrupt:
            raise RuntimeError("the download failed")
"""
WAITS_FOR_THREADS = """
        import time
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor() as pool:
            pool.submit(time.sleep, 600)
            ready()
"""
BLOCKED_OUTSIDE_PYTHON = """
        import ctypes
        while_it_sleeps_no_handler_runs = ctypes.CDLL(None).sleep
        ready()
        for _ in range(600):
            while_it_sleeps_no_handler_runs(600)
"""
NEVER_CLEANED_UP = """
        import time
        try:
            ready()
            time.sleep(600)
        finally:
            time.sleep(600)
"""
RETURNS = """
        import time
        try:
            ready()
            time.sleep(600)
        except KeyboardInterrupt:
            pass
"""


def interrupted(code, tmp_path, number=signal.SIGINT):
    """Press Ctrl-C once the code is ready, and return its status, its further output and its errors."""
    script = AROUND + textwrap.indent(textwrap.dedent(code), "    ")
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "TMPDIR": str(tmp_path)},
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


@pytest.mark.parametrize(
    "code",
    [
        SLEEPS,
        SWALLOWED_BY_A_DESTRUCTOR,
        SWALLOWED_BY_RETRIES,
        BECAME_ANOTHER_ERROR,
        WAITS_FOR_THREADS,
        BLOCKED_OUTSIDE_PYTHON,
        NEVER_CLEANED_UP,
        RETURNS,
    ],
)
def test_one_press_is_enough(code, tmp_path):
    assert interrupted(code, tmp_path) == (130, "", "")


@pytest.mark.parametrize("blocked", [False, True])
def test_nothing_is_left_of_temporary_files_and_child_processes(tmp_path, blocked):
    wait = "ctypes.CDLL(None).sleep(600)" if blocked else "time.sleep(600)"
    code = f"""
        import ctypes, subprocess, tempfile, time
        with tempfile.TemporaryDirectory() as folder, open(folder + "/data.part", "w"):
            subprocess.Popen(["sleep", "600"], start_new_session=True)  # with our own standard output
            ready()
            {wait}
"""
    assert interrupted(code, tmp_path) == (130, "", "")  # the output ends with the last process that holds it
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_stops_its_processes_in_order_is_given_the_time_and_another_press_changes_nothing(
    tmp_path, number
):
    code = f"""
        import os, signal, time
        interrupt_on_signals()
        try:
            ready()
            time.sleep(600)
        finally:
            for _ in range(15):
                os.kill(os.getpid(), {int(number)})
                time.sleep(0.1)
            print("stopped in order", flush=True)
"""
    assert interrupted(code, tmp_path, number) == (130, "stopped in order\n", "")


PRESSED_WHILE_IMPORTING = """\
import os, runpy, signal, sys

class Pressing:
    def find_spec(self, name, *_):
        if name == "refinery.cli.interrupts":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Pressing())
runpy.run_module("refinery", run_name="__main__")
"""


def test_a_press_before_the_command_has_begun_ends_it_without_a_traceback():
    pressed = subprocess.run(
        [sys.executable, "-c", PRESSED_WHILE_IMPORTING], capture_output=True, text=True, check=False
    )
    assert (pressed.returncode, pressed.stdout, pressed.stderr) == (-signal.SIGINT, "", "")


class Trickle:
    """A web server that sends a CSV file for ever, a line at a time."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.asked = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}/churn.csv"

    def _serve(self):
        try:
            while True:
                connection, _ = self.listening.accept()
                self.asked.set()
                threading.Thread(target=self._trickle, args=(connection,), daemon=True).start()
        except OSError:
            return

    def _trickle(self, connection):
        try:
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\na,b\n")
                while True:
                    connection.sendall(b"1,2\n")
                    time.sleep(0.001)
        except OSError:
            return


@pytest.mark.parametrize("seed", range(6))
def test_a_download_ends_at_one_press_at_any_moment(refinery, tmp_path, seed):
    server = Trickle()
    with server.listening:
        process = subprocess.Popen(
            refinery.command("new", "churn", "--source", server.url),
            cwd=refinery.root,
            env=refinery.environment(TMPDIR=str(tmp_path)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert server.asked.wait(60)
            time.sleep(random.Random(seed).uniform(0, 0.05))  # whatever it does by then
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (130, "", "")
    assert list(tmp_path.iterdir()) == []
