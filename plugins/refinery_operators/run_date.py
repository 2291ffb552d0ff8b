"""Gives every run a date: Airflow leaves ``ds`` undefined where a run has no logical date."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from airflow.sdk import Context


def with_run_date(context: Context) -> Context:
    """The context with ``ds`` and its relatives, from ``run_after`` where the run has no logical date.

    Asset-triggered runs and runs triggered with a null logical date have none.
    """
    if context.get("logical_date") is not None:
        return context
    moment = context["dag_run"].run_after
    ds = moment.strftime("%Y-%m-%d")
    ts_nodash = moment.strftime("%Y%m%dT%H%M%S")
    dates = {
        "logical_date": moment,
        "data_interval_start": moment,
        "data_interval_end": moment,
        "ds": ds,
        "ds_nodash": ds.replace("-", ""),
        "ts": moment.isoformat(),
        "ts_nodash": ts_nodash,
    }
    return cast("Context", {**context, **dates})
