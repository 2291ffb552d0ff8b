"""Runs the refinery command: ``python -m include``."""

from __future__ import annotations

from include.cli.app import main

if __name__ == "__main__":
    main()
