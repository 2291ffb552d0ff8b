"""A separate project, in which a test writes configs and runs the real command."""

from __future__ import annotations

import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from fcntl import ioctl
from typing import TYPE_CHECKING

import pytest

from tests.cli.forked import run_forked, start_forked

if TYPE_CHECKING:
    from pathlib import Path

MINIMAL = """\
source: s3://datasets/{name}.csv
model: random_forest
output: s3://models/{name}/{{{{ ds }}}}/
"""
# What a test's surroundings must not decide.
_NOT_INHERITED = (
    "NO_COLOR",
    "FORCE_COLOR",
    "PY_COLORS",
    "GITHUB_ACTIONS",
    "COLUMNS",
    "TERMINAL_WIDTH",
    "REFINERY_ENV",
)
_SECONDS = 60


@dataclass(frozen=True)
class Refinery:
    """The command in a project.

    Attributes:
        root: The project's folder.
    """

    root: Path

    def write(self, path: str, text: str | None = None) -> Path:
        """Write a file; by default a config that is right."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        name = path.removeprefix("configs/").removesuffix(".yml")
        file.write_text(MINIMAL.format(name=name) if text is None else text, encoding="utf-8")
        return file

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command whose output is a pipe."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(
        self, *arguments: str, cwd: str = ".", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command whose output goes to files, as to a pipe."""
        done = run_forked(
            list(arguments),
            cwd=self.root / cwd,
            environment=self.environment(**environment),
            timeout=_SECONDS,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def in_terminal(
        self, *arguments: str, columns: int = 80, answers: tuple[str, ...] = (), **environment: str
    ) -> tuple[int, str]:
        """Run a command in a terminal, give each answer when it asks, and return its status and all that is shown."""
        master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        process = start_forked(
            list(arguments),
            cwd=self.root,
            environment=self.environment(**{"TERM": "xterm-256color", **environment}),
            streams=[slave] * 3,
        )
        os.close(slave)
        shown = _converse(master, list(answers))
        process.join(_SECONDS)
        return process.exitcode, shown.replace("\r\n", "\n")

    def modules(self, *arguments: str) -> set[str]:
        """Run a command and return the modules that it has imported."""
        code = (
            "import sys\nfrom refinery.cli.app import main\n"
            f"sys.argv = ['refinery', *{arguments!r}]\n"
            "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
            "print('MODULES', *sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return set(done.stdout.rpartition("MODULES")[2].split())

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "refinery", *arguments]

    def environment(self, **changes: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        return {**inherited, "PYTHONPATH": f"{self.root}:{self.root / 'include'}", **changes}


def _converse(master: int, answers: list[str]) -> str:
    """Read what is shown until the other end is closed; answer each line that ends in a question."""
    shown = b""
    while True:
        ready, _, _ = select.select([master], [], [], _SECONDS)
        assert ready, f"nothing more was shown after {shown!r}"
        try:
            piece = os.read(master, 65536)
        except OSError:  # Linux says so when nobody holds the other end
            piece = b""
        if not piece:
            os.close(master)
            return shown.decode()
        shown += piece
        if answers and shown.endswith(b": "):
            os.write(master, answers.pop(0).encode() + b"\n")


@pytest.fixture(scope="session")
def project_root(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the library; compiled files stay valid."""
    root = tmp_path_factory.mktemp("cli") / "project"
    shutil.copytree(project / "include", root / "include")
    return root


@pytest.fixture
def refinery(project: Path, project_root: Path) -> Refinery:
    """The command in a project without configs, and with no data but the demo's."""
    sample_data = "include/sample_data"
    for name in ("configs", "docs", ".local", sample_data):
        shutil.rmtree(project_root / name, ignore_errors=True)
    (project_root / "configs").mkdir()
    shutil.copytree(project / sample_data, project_root / sample_data)
    return Refinery(project_root)
