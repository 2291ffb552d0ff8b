"""Checks for packages that only an extra of `airflow-refinery` installs."""

from __future__ import annotations

import importlib.util

from refinery.errors import RefineryError


def require_package(package: str, extra: str, feature: str) -> None:
    """Check that a package is installed, without importing it.

    Args:
        package: Its import name.
        extra: The extra of `airflow-refinery` that installs it.
        feature: What needs it; the message begins with it.

    Raises:
        RefineryError: It is missing; the message says what to install.
    """
    if importlib.util.find_spec(package) is None:
        raise RefineryError(
            f'{feature} needs {package}, which is not installed: pip install "airflow-refinery[{extra}]"'
        )
