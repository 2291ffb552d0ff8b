"""Run the refinery command: ``python -m refinery``."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # Ctrl-C during these imports ends the process without a traceback

import sys

from refinery.cli.interrupts import ending_on_interrupts
from refinery.errors import RefineryError
from refinery.project import LIBRARY, put_library_last


def main() -> None:
    """Run the command line, or explain how to repair an incomplete environment."""
    try:
        from refinery.cli.app import main as run
    except RefineryError as error:  # the import reads the project's settings
        sys.exit(f"refinery: {error}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("refinery"):
            raise
        problem = f"the environment of {sys.executable} is incomplete: {error.name} is missing"
        checkout = LIBRARY.parent
        if (checkout / "scripts" / "setup").is_file():
            sys.exit(
                f"refinery: {problem}. Recreate it with: rm -rf '{checkout}/.venv'; make -C '{checkout}' setup"
            )
        sys.exit(f"refinery: {problem}. Reinstall with: pip install --force-reinstall airflow-refinery")
    run()


def command() -> None:
    """Run the command line, and end at the first Ctrl-C."""
    put_library_last()
    with ending_on_interrupts():
        main()


if __name__ == "__main__":
    command()
