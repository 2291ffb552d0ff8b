"""Start a module as `python -m` does, in less time.

What Airflow imports and builds at its start are hundreds of thousands of objects that stay. By default, Python looks through them
for garbage again and again, which takes up to a third of the start.
"""

from __future__ import annotations

import gc
import runpy
import sys

_NEW_OBJECTS = 10_000  # before Python looks for garbage; 700 by default


def start_command(module: str, *arguments: str) -> list[str]:
    """Return the command that starts a module."""
    return [sys.executable, "-m", __name__, module, *arguments]


if __name__ == "__main__":
    gc.set_threshold(_NEW_OBJECTS)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
