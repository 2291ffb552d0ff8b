"""Run users' code so that its output goes to the log and its failures are reported as its own."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import threading
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from refinery.training.errors import UserCodeError, out_of_memory
from refinery.training.user_code.logged_output import open_logged_stdout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

log = logging.getLogger(__name__)
_thread = threading.local()


@contextlib.contextmanager
def user_code(file: Path, doing: str) -> Iterator[None]:
    """Run a user's code with its output in the log, and its failures reported with file and line.

    The working directory and the warning filters are restored when it ends.

    Args:
        file: The user's module.
        doing: What runs, for messages, such as "build_model".

    Raises:
        UserCodeError: The code raised or tried to end the process.
        TrainingError: Memory ran out.
    """
    try:
        with isolated():
            yield
    except MemoryError as error:
        raise out_of_memory(doing) from error
    except (Exception, SystemExit) as error:  # whatever it is, the user needs to see it
        raise user_code_error(file, doing, error) from error


@contextlib.contextmanager
def isolated() -> Iterator[None]:
    """Log what the block prints and warns, and undo its changes to working directory and warning filters.

    The block cannot end the process silently: `os._exit` raises SystemExit, and a crash of native code leaves a traceback
    on standard error.
    """
    if getattr(_thread, "is_isolated", False):
        yield
        return
    _let_crashes_end_the_process()
    with contextlib.chdir(Path.cwd()), _exit_raised(), _output_logged(), _warnings_logged():
        yield


@contextlib.contextmanager
def isolated_by_caller() -> Iterator[None]:
    """Let `isolated` do nothing in the block, which is one of several threads: what it changes and restores is the whole process's."""
    _thread.is_isolated = True
    try:
        yield
    finally:
        _thread.is_isolated = False


@contextlib.contextmanager
def environment_restored() -> Iterator[None]:
    """Undo the block's changes of environment variables, such as the address and keys of S3.

    They last through the whole block: code may set a variable at import for a library that it uses later.
    """
    environment, before = os.environ, dict(os.environ)
    try:
        yield
    finally:
        os.environ = environment  # noqa: B003 - the same object, where code replaced it
        for name in environment.keys() - before.keys():
            del environment[name]
        for name, value in before.items():
            if environment.get(name) != value:
                environment[name] = value


def line_in(file: Path, error: BaseException) -> int:
    """Return the deepest line of the file in an error's traceback; 0 where the file is not in it."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == str(file)), 0)


def user_code_error(file: Path, doing: str, error: BaseException) -> UserCodeError:
    """Return an error as the user's, with its traceback cut to start at their file."""
    line = line_in(file, error)
    problem = _leaving(error) if isinstance(error, SystemExit) else f"raised {type(error).__name__}: {error}"
    error.__traceback__ = _cut_to(file, error.__traceback__)
    text = "".join(traceback.format_exception(error))
    place = f"{file}:{line}" if line else str(file)
    return UserCodeError(f"{place}: {doing} {problem}\n{text}".rstrip())


def _cut_to(file: Path, start: TracebackType | None) -> TracebackType | None:
    while start is not None and start.tb_frame.f_code.co_filename != str(file):
        start = start.tb_next
    return start


def _leaving(error: SystemExit) -> str:
    if error.code is None:
        return "left the process, by sys.exit(): let it return instead"
    return f"left the process with exit status {error.code!r}"


def _let_crashes_end_the_process() -> None:
    """Undo a SIGSEGV handler written in Python, such as that of Airflow's DAG parser: the fault would repeat forever."""
    if threading.current_thread() is not threading.main_thread() or not callable(
        signal.getsignal(signal.SIGSEGV)
    ):
        return
    faulthandler.disable()  # otherwise it would not notice that its handler was replaced
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    faulthandler.enable(file=2)  # whatever sys.stderr is


@contextlib.contextmanager
def _exit_raised() -> Iterator[None]:
    """Make `os._exit` raise SystemExit in this thread; other threads and forked children may use it."""
    leave, process, thread = os._exit, os.getpid(), threading.get_ident()

    def raise_exit(status: int) -> NoReturn:
        if (os.getpid(), threading.get_ident()) == (process, thread):
            raise SystemExit(status)
        leave(status)

    os._exit = raise_exit
    try:
        yield
    finally:
        os._exit = leave


@contextlib.contextmanager
def _output_logged() -> Iterator[None]:
    with open_logged_stdout(log) as stream, contextlib.redirect_stdout(stream):
        yield


@contextlib.contextmanager
def _warnings_logged() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            yield
        finally:
            for warning in caught:
                log.warning(
                    "%s:%s: %s: %s",
                    warning.filename,
                    warning.lineno,
                    warning.category.__name__,
                    warning.message,
                )
