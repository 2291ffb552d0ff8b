"""Runs the command in a fork of a process that has imported what commands import: the same as a new process, and much sooner."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from multiprocessing import reduction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.process import BaseProcess

# What takes seconds to import. Refinery's own modules that find the project at their import are not among them.
_PRELOADED = [
    *("typer", "rich.console", "rich.table", "pydantic", "yaml", "jinja2", "croniter"),
    *(
        "boto3",
        "pandas",
        "pyarrow.parquet",
        "sklearn.ensemble",
        "sklearn.linear_model",
        "skrub",
        "pandera.pandas",
    ),
    *(
        "refinery.config",
        "refinery.rendering",
        "refinery.review.compare",
        "refinery.training",
        "refinery.storage",
        "refinery.registry.verification",
    ),
]
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(_PRELOADED)


class _Descriptor:
    """A descriptor of this process, which is the fork's own once it is sent there."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _received, (reduction.DupFd(self._number),)


def _received(sent: Any) -> int:
    return sent.detach()


def run_forked(
    arguments: list[str], *, cwd: Path, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments, and return its status and what it has written."""
    with (
        Path(os.devnull).open() as nothing,
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8") as err,
    ):
        streams = [file.fileno() for file in (nothing, out, err)]
        process = start_forked(arguments, cwd=cwd, environment=environment, streams=streams)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, timeout)
        written = []
        for file in (out, err):
            file.seek(0)
            written.append(file.read())
    return subprocess.CompletedProcess(arguments, process.exitcode, *written)


def start_forked(
    arguments: list[str], *, cwd: Path, environment: dict[str, str], streams: Sequence[int]
) -> BaseProcess:
    """Start the command with descriptors of this process as its input, output and errors."""
    descriptors = [_Descriptor(stream) for stream in streams]
    process = _forks.Process(target=_run, args=(arguments, str(cwd), environment, descriptors))
    process.start()
    return process


def _run(arguments: list[str], cwd: str, environment: dict[str, str], streams: list[int]) -> NoReturn:
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")
    sys.argv = ["refinery", *arguments]
    from refinery.__main__ import command

    command()
    sys.exit(0)
