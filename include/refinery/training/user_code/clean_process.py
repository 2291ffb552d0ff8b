"""A process in which no model's code has run, so that nothing that such code patches here is patched there."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import signal
import socket
import struct
import sys
import threading
import time
import warnings

# Imported before a model's code runs, which may replace them in their modules.
from os import _exit as leave_process
from pickle import HIGHEST_PROTOCOL, dumps, loads
from typing import TYPE_CHECKING, Any, Self

from refinery.errors import RefineryError
from refinery.wording import ending

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

_MODELS_PACKAGE = "include.models"
_LENGTH = struct.Struct("!Q")
# A fork that has not answered by then hangs on a lock that another thread held.
_FORK_TIMEOUT = 300.0
_PARENT_CHECK_SECONDS = 1.0
_SERVE = """
import sys
sys.path[:] = sys.argv[3:]
from refinery.training.user_code.clean_process import serve
serve(int(sys.argv[1]), sys.argv[2])
"""


class CleanProcessError(Exception):
    """The function raised, or the process ended in it; the text says which."""


class CleanProcess:
    """A process without a model's code that calls functions; leaving the block ends it.

    The process is a fork of this one, which has pandas and scikit-learn imported, and costs milliseconds. Only one thread
    survives a fork: a call that it does not answer is repeated in a new Python.

    Args:
        models_dir: The folder of the model modules.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = str(models_dir.absolute())
        self._path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - texts, as in sys.path
        self._environment = dict(os.environ)
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def is_forked(self) -> bool:
        """Whether the process was started."""
        return self._child is not None

    def fork(self) -> None:
        """Start the process now, before a model's code runs in this one; otherwise `call` starts it."""
        if sys.platform != "linux":  # a fork of a process that computes may crash elsewhere
            return
        _import_libraries()
        with contextlib.suppress(OSError):  # there may be no memory for a second process of this size
            self._child = _fork(self._models_dir)

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function of a module, and return what it returns.

        Raises:
            CleanProcessError: The function raised, or the process ended in it.
        """
        request = dumps((function, args), HIGHEST_PROTOCOL)
        if self._child is None:
            self.fork()
        answer = self._child.ask(request, _FORK_TIMEOUT) if self._child else None
        if answer is None:
            self._end()
            self._child = self._start()
            answer = self._child.ask(request, None)
        if answer is None:
            raise CleanProcessError(f"the process that loaded it {ending(self._end())} before it answered")
        returned, problem = loads(answer)  # our own process wrote it  # nosec B301
        if problem is not None:
            raise CleanProcessError(problem)
        return returned

    def _end(self) -> int:
        child, self._child = self._child, None
        return child.end() if child else 0

    def _start(self) -> _Child:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            command = [sys.executable, "-c", _SERVE, str(theirs.fileno()), self._models_dir, *self._path]
            return _Child(os.posix_spawn(sys.executable, command, self._environment), ours)


class _Child:
    """The process at the other end of a socket, which answers requests."""

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self._pid = pid
        self._connection = connection

    def ask(self, request: bytes, timeout: float | None) -> bytes | None:
        """Return the answer; None where the process ended, or took longer than this many seconds."""
        self._connection.settimeout(timeout)
        try:
            _send(self._connection, request)
            return _receive(self._connection)
        except (OSError, EOFError):
            return None

    def end(self) -> int:
        """End the process, and return its exit code."""
        self._connection.close()
        # A model's code may have made the system reap children.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return 0


def serve(descriptor: int, models_dir: str) -> None:
    """Answer requests from a socket, and leave the process when no more can come."""
    try:
        threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
        _become_clean(models_dir)
        with socket.socket(fileno=descriptor) as connection:
            while True:
                function, args = loads(_receive(connection))  # our own process wrote it  # nosec B301
                _send(connection, _answer(function, args))
    finally:
        leave_process(0)


def _fork(models_dir: str) -> _Child:
    ours, theirs = socket.socketpair()
    with theirs, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about threads, which the child does not use
        try:
            pid = os.fork()
        except OSError:
            ours.close()
            raise
        if pid == 0:
            ours.close()
            serve(theirs.detach(), models_dir)
    return _Child(pid, ours)


def _leave_with(parent: int) -> None:
    """Leave the process once its parent has ended, whatever runs here."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    leave_process(1)


def _become_clean(models_dir: str) -> None:
    """Drop what the process shares with its parent: handlers, streams, log, threads, and model modules."""
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the end
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    gc.freeze()
    _compute_alone()
    for name in [name for name in sys.modules if name.startswith(f"{_MODELS_PACKAGE}.")]:
        del sys.modules[name]
    importlib.import_module(_MODELS_PACKAGE).__path__ = [models_dir]


def _compute_alone() -> None:
    """Compute in one thread: the parent's threads and its cluster do not exist after a fork."""
    _import_libraries()
    import joblib
    import threadpoolctl

    os.environ["OMP_NUM_THREADS"] = os.environ["LOKY_MAX_CPU_COUNT"] = "1"
    threadpoolctl.threadpool_limits(1)
    if "lightgbm" in sys.modules:  # it remembers how many threads its parent had, and waits for them
        import lightgbm

        vars(lightgbm.basic)["_LIB"].LGBM_SetMaxThreads(1)  # the library has no public API for it
    joblib.parallel_config(backend="sequential")


def _import_libraries() -> None:
    """Import what nearly every model needs, so that a fork has it already."""
    for name in ("pandas", "sklearn.base", "joblib", "threadpoolctl"):
        importlib.import_module(name)


def _answer(function: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    try:
        return dumps((function(*args), None), HIGHEST_PROTOCOL)
    except RefineryError as error:
        problem = str(error)
    except BaseException as error:  # noqa: BLE001 - what a model's code raises is the answer
        problem = f"{type(error).__name__}: {error}"
    return dumps((None, problem), HIGHEST_PROTOCOL)


def _send(connection: socket.socket, content: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(content)))
    connection.sendall(content)


def _receive(connection: socket.socket) -> bytes:
    return _receive_exactly(connection, _LENGTH.unpack(_receive_exactly(connection, _LENGTH.size))[0])


def _receive_exactly(connection: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        chunk = connection.recv(min(length - len(content), 1 << 20))
        if not chunk:
            raise EOFError
        content += chunk
    return bytes(content)
