"""Measure processes and say how quiet the machine was meanwhile: seconds, peak memory, medians with their range, tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil

from benchmarks import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

QUIET = 0.05  # the share of the machine that others may take
BUSY = "(busy)"
PREFIX = "refinery-benchmark-"
MEBIBYTE = 1 << 20

# A process's peak memory includes that of the process it was forked from, so a small one stands between. It reports wall and
# processor seconds, peak memory in kibibytes, and the exit status.
_LAUNCH = """
import json, os, subprocess, sys, time
report, *command = sys.argv[1:]
started = time.perf_counter()
process = subprocess.Popen(command)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - started
with open(report, "w") as file:
    json.dump([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status)], file)
"""


@dataclass
class Figures:
    """The repeated measurements of one contestant.

    Attributes:
        values: What was measured, in any unit.
        others: For each, the share of all cores that other processes took meanwhile.
    """

    values: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    def add(self, value: float, others: float) -> None:
        """Add one measurement."""
        self.values.append(value)
        self.others.append(others)

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    @property
    def busy(self) -> bool:
        """Whether other processes took more of the machine than leaves figures as they are, on average."""
        return statistics.mean(self.others) > QUIET

    @property
    def mark(self) -> str:
        """What follows each figure of a busy machine."""
        return f" {BUSY}" if self.busy else ""

    def text(self, unit: str = "s", *, scale: float = 1, digits: int = 2) -> str:
        """Return the median with the range, such as `1.20 s (1.10 to 1.40)`.

        Args:
            unit: The unit's symbol.
            scale: How many of this unit are one of the values'.
            digits: The number of decimals.
        """
        low, high = min(self.values) * scale, max(self.values) * scale
        return (
            f"{self.median * scale:,.{digits}f} {unit} ({low:,.{digits}f} to {high:,.{digits}f}){self.mark}"
        )

    def ratio_to(self, other: Figures) -> str:
        """Return the ratio of the medians."""
        busy = self.busy or other.busy
        return f"{self.median / other.median:.2f}{f' {BUSY}' if busy else ''}"


class Watch:
    """Measures the clock, and what processes other than this one and its descendants take of the machine; for `with`.

    Attributes:
        seconds: By the clock, once it has ended.
        others: The share of all cores that other processes and other machines on the same host took.
    """

    seconds: float
    others: float

    def __enter__(self) -> Self:
        self._busy, self._own, self._started = _busy_seconds(), _own_seconds(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._started
        others = (_busy_seconds() - self._busy) - (_own_seconds() - self._own)
        # Both clocks count in hundredths of a second, so what is shorter than a few of them says nothing.
        self.others = max(0.0, others - 0.02) / max(self.seconds, 0.01) / (os.cpu_count() or 1)


@dataclass(frozen=True)
class Run:
    """One process, from start to exit.

    Attributes:
        seconds: By the clock.
        processor: Of the processor, its children's included.
        peak: The most bytes that it held in memory, or one of its children.
        output: What it printed.
        others: The share of all cores that other processes took meanwhile.
    """

    seconds: float
    processor: float
    peak: int
    output: str
    others: float


def run(command: Sequence[str | Path], *, cwd: Path = PROJECT, env: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end.

    Args:
        command: The program and its arguments.
        cwd: The working folder.
        env: Its environment. Default: that of `clean_environment`.

    Raises:
        SystemExit: It failed; the message shows the end of what it printed.
    """
    with tempfile.NamedTemporaryFile(prefix=PREFIX) as report:
        launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, report.name, *map(str, command)]
        with Watch() as watch:
            done = subprocess.run(
                launch, cwd=cwd, env=env or clean_environment(), capture_output=True, text=True, check=False
            )
        text = report.read()
    seconds, processor, kibibytes, status = json.loads(text) if text else (0, 0, 0, done.returncode)
    if status:
        shown = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise SystemExit(f"{' '.join(map(str, command))[:300]}\nfailed with exit status {status}:\n{shown}")
    return Run(seconds, processor, kibibytes << 10, done.stdout, watch.others)


def python(*arguments: str | Path) -> list[str | Path]:
    """Return a command of this Python, on whose path no folder of a script or of the caller is."""
    return [sys.executable, "-P", *arguments]


def last_json(text: str) -> dict[str, Any]:
    """Return the last line that is a JSON object: Airflow may log before it and after it.

    Raises:
        ValueError: There is none.
    """
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return dict(json.loads(line))
    raise ValueError(f"no line of JSON in:\n{text[-2000:]}")


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment of what is measured: bytecode is cached, and no setting of this shell's Airflow counts.

    Args:
        more: Further variables.
    """
    others = {
        name: text
        for name, text in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith(("AIRFLOW", "_AIRFLOW", "REFINERY"))
    }
    return others | {"AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1,localhost"} | more


def scratch_folder(*, in_memory: bool = False) -> tempfile.TemporaryDirectory[str]:
    """Make a temporary folder.

    Args:
        in_memory: Take one that is memory (`/dev/shm`) if there is one, so that no disk is measured.
    """
    memory = Path("/dev/shm")
    folder = memory if in_memory and memory.is_dir() else None
    return tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is a module's docstring."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def print_machine(rounds: int | None = None) -> None:
    """Print what the figures were measured with, and whether the machine is busy already."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    packages = ", ".join(
        f"{name} {version(package)}"
        for name, package in (
            ("Airflow", "apache-airflow"),
            ("pandas", "pandas"),
            ("scikit-learn", "scikit-learn"),
        )
    )
    print(f"{os.cpu_count()} cores, load {load}; Python {platform.python_version()}, {packages}", flush=True)
    if rounds:
        print(f"medians of {rounds} rounds (range), contestants in turn", flush=True)
    with Watch() as watch:
        time.sleep(1)
    if watch.others > QUIET:
        print(f"Other processes take {watch.others:.0%} of the machine: it is busy.", flush=True)
    print(f"Figures are marked {BUSY} if other processes took more than {QUIET:.0%} of it.\n", flush=True)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    lines = [list(headers), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
    print(flush=True)


def _busy_seconds() -> float:
    """Return how long all cores together have worked since the machine started, or waited for others on the same host."""
    times = psutil.cpu_times()
    names = ("user", "nice", "system", "irq", "softirq", "steal")
    return sum(getattr(times, name, 0.0) for name in names)


def _own_seconds() -> float:
    """Return the processor's seconds of this process, its descendants, and those of them that have ended."""
    process = psutil.Process()
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            total += sum(one.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total
