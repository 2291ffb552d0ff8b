"""What the last runs say of a change, in sentences: models that a bound would have rejected, and what trainings cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.review.formats.wording import count
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.review.plan import Backtest, Cost

_BARS = "▁▂▃▄▅▆▇█"
_HOUR = 3600
_MINUTE = 60
_GIBIBYTE = 1 << 30


def say_backtest(backtest: Backtest) -> str:
    """Say which of the last models or datasets would not have passed, with a sparkline of their values."""
    if backtest.problem:
        return f"the last runs cannot be read: {backtest.problem}"
    said = _say_models(backtest) if backtest.datasets is None else _say_datasets(backtest, backtest.datasets)
    return f"{said}  {_sparkline(backtest.values)}" if len(backtest.values) > 1 else said


def _say_models(backtest: Backtest) -> str:
    if backtest.values:
        said = _say_failing(backtest, "rejected", len(backtest.values), "promoted model")
    else:
        said = f"{backtest.condition}: no promoted model records it"
    if backtest.rejected:
        said += f"; of {_last(backtest.rejected, 'rejected model')}, {backtest.passing:,} would have met it"
    return said


def _say_datasets(backtest: Backtest, number: int) -> str:
    if not number:
        return f"{backtest.condition}: no run has left a manifest yet"
    if backtest.undecided == number:
        return f"{backtest.condition}: the manifests of {_last(number, 'dataset')} do not decide it"
    said = _say_failing(backtest, "refused", number, "dataset")
    if backtest.undecided:
        return f"{said}; the manifests of {backtest.undecided:,} do not decide it"
    return said


def _say_failing(backtest: Backtest, done: str, number: int, thing: str) -> str:
    """Say how many of the last models or datasets would have been rejected or refused, and which was the last."""
    failing = len(backtest.failing)
    would = f"{backtest.condition} would have {done} {failing or 'none'} of {_last(number, thing)}"
    if not failing:
        return would
    return f"{would}, {'all of them' if failing == number else f'the last on {backtest.failing[0]}'}"


def say_cost(cost: Cost) -> str:
    """Say how many trainings a month has before and after, and what they cost by what the last runs took."""
    said = f"{_trainings(cost)}{_fits(cost)}"
    if cost.problem:
        return f"{said}; the last runs cannot be read: {cost.problem}"
    if cost.cpu_seconds is None:
        return f"{said}; no run says yet what one takes"
    runs = f"{'the median of ' if cost.measured > 1 else ''}{_last(cost.measured, 'run')}"
    each = [_time(seconds) for seconds in _each(cost) if seconds is not None]
    took = f"{' -> about '.join(dict.fromkeys(each))} each ({runs})"
    totals = [_time(total) for total in _totals(cost) if total is not None]
    total = f": {' -> '.join(totals)} a month" if len(totals) == 2 else ""  # noqa: PLR2004 - before and after
    memory = f"; up to {cost.memory_bytes / _GIBIBYTE:.2g} GiB of memory" if cost.memory_bytes else ""
    return f"{said}, {took}{total}{memory}"


def say_total(costs: Sequence[Cost]) -> str | None:
    """Say what they cost together; None unless at least two of them are known."""
    known = [one for one in costs if None not in _totals(one)]
    if len(known) < 2:  # noqa: PLR2004 - one says it itself
        return None
    before, after = (sum(_totals(one)[side] or 0 for one in known) for side in (0, 1))
    unknown = [one.dag_id for one in costs if one not in known]
    but = f", without {list_names(unknown)}" if unknown else ""
    return f"together {_time(before)} -> {_time(after)} a month{but}"


def _trainings(cost: Cost) -> str:
    before, after = _a_month(cost.before), _a_month(cost.after)
    return f"{before if cost.before == cost.after else f'{before} -> {after}'} trainings a month"


def _fits(cost: Cost) -> str:
    """Say how many models a training fits, where that changes."""
    if cost.fits_before == cost.fits_after:
        return ""
    return f", each fits up to {cost.fits_before:,} -> {count(cost.fits_after, 'model')}"


def _each(cost: Cost) -> tuple[float | None, float | None]:
    """Return the CPU time of one training before and after."""
    if cost.fits_before == cost.fits_after:
        return cost.cpu_seconds, cost.cpu_seconds
    return cost.cpu_seconds, cost.cpu_seconds_after


def _totals(cost: Cost) -> tuple[float | None, float | None]:
    """Return the CPU time of a month before and after."""
    before, after = (
        None if runs is None or seconds is None else runs * seconds
        for runs, seconds in zip((cost.before, cost.after), _each(cost), strict=True)
    )
    return before, after


def _last(number: int, thing: str) -> str:
    return f"the last {thing}" if number == 1 else f"the last {count(number, thing)}"


def _a_month(runs: float | None) -> str:
    if runs is None:
        return "an unknown number of"
    return f"{runs:,.0f}" if runs >= 1 or runs == 0 else f"{runs:.2g}"


def _time(cpu_seconds: float) -> str:
    if cpu_seconds >= _HOUR:
        return f"{cpu_seconds / _HOUR:,.3g} CPU hours"
    if cpu_seconds >= _MINUTE:
        return f"{cpu_seconds / _MINUTE:.3g} CPU minutes"
    return f"{cpu_seconds:.2g} CPU seconds"


def _sparkline(values: Sequence[float]) -> str:
    least, greatest = min(values), max(values)
    span = greatest - least or 1.0
    top = len(_BARS) - 1
    return "".join(_BARS[round((value - least) / span * top)] for value in values)
