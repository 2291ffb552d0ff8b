"""End a command at the first Ctrl-C, wherever it arrives.

Python raises KeyboardInterrupt in whatever the main thread runs at that moment. A destructor or a callback swallows it, and the
command continues; a call that does not return delays it. So a thread makes sure that the command ends anyway.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

STATUS = 130
# The seconds until an interrupt is raised again, and those that a command may take to clean up.
_AGAIN = 0.1
_PATIENCE = 0.7
# The latter where Airflow and servers are stopped in order.
_PATIENCE_WITH_PROCESSES = 60.0
_AT_EXIT_SECONDS = 1.0
# The signals that this process received: like its handlers, they belong to the process and not to an object.
_received: list[int] = []


@contextlib.contextmanager
def ending_on_interrupts() -> Iterator[None]:
    """End the process with status 130 if Ctrl-C is pressed in the block, together with its child processes and temporary files.

    A SIGINT that is ignored stays ignored, as in a background job of a shell.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        yield
        return
    _watch()
    try:
        yield
    except SystemExit as error:
        if _received:
            _leave(error.code if isinstance(error.code, int) else STATUS)
        raise
    except BaseException:
        if _received:  # it may have turned into another error
            _leave(STATUS)
        raise
    if _received:
        _leave(STATUS)


def interrupt_on_signals() -> None:
    """Treat SIGTERM like Ctrl-C, and handle both even if they were ignored: this command stops the processes that it started."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, interrupt)


def interrupt(number: int, _frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, unless an earlier one is being handled: cleaning up must not be cut short.

    Raises:
        KeyboardInterrupt: Unless an earlier one is being handled.
    """
    _received.append(number)
    if not _is_ending():
        raise KeyboardInterrupt


def _is_ending() -> bool:
    """Return whether this code runs while a KeyboardInterrupt, or what became of it, is handled."""
    error = sys.exception()
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _watch() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGINT, interrupt)
    # A signal is written here immediately, even while the main thread does not run Python code.
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    report = sys.unraisablehook
    # What was swallowed is raised again, so it need not be reported.
    sys.unraisablehook = lambda args: None if args.exc_type is KeyboardInterrupt else report(args)
    threading.Thread(target=_end_on_signal, args=(reader, threading.get_ident()), daemon=True).start()


def _end_on_signal(reader: int, main_thread: int) -> None:
    """Wait for a signal that ends the command, raise it again while the command continues, and finally end the process."""
    while os.read(reader, 1)[0] not in (signal.SIGINT, signal.SIGTERM):
        pass
    stops_in_order = signal.getsignal(signal.SIGTERM) == interrupt
    deadline = time.monotonic() + (_PATIENCE_WITH_PROCESSES if stops_in_order else _PATIENCE)
    while time.monotonic() < deadline:
        time.sleep(_AGAIN)
        signal.pthread_kill(main_thread, signal.SIGINT)
    _leave(STATUS)


def _leave(status: int) -> NoReturn:
    """End the process now, without waiting for threads that still work."""
    try:
        _kill_children()
        # Temporary folders whose block was not exited are removed here.
        at_exit = threading.Thread(target=_run_exit_functions, daemon=True)
        at_exit.start()
        at_exit.join(_AT_EXIT_SECONDS)
    finally:
        os._exit(status)


def _kill_children() -> None:
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()


def _run_exit_functions() -> None:
    import atexit

    atexit._run_exitfuncs()  # noqa: SLF001 - Python would wait for threads before it calls this
