"""The errors of running pipelines on one's own machine."""

from __future__ import annotations

from include.errors import RefineryError


class DemoError(RefineryError):
    """The demo cannot run what it was asked for, or Airflow's process ended before all of it had run."""
