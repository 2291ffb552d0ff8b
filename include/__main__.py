"""Runs the refinery command: ``python -m include``."""

from __future__ import annotations

import sys
from pathlib import Path

try:
    from include.cli.app import main
except ModuleNotFoundError as error:
    if error.name and error.name.startswith("include"):
        raise
    project = Path(__file__).resolve().parents[1]
    sys.exit(
        f"refinery: the environment of {sys.executable} has no {error.name}: it was not made, or not to its end. "
        f"Make it anew with: rm -rf '{project}/.venv'; make -C '{project}' setup"
    )

if __name__ == "__main__":
    main()
