"""The page of the risks, made from the kinds of risks and the thresholds."""

from __future__ import annotations

from pathlib import Path

from refinery.review.risks.kinds import KINDS
from refinery.review.risks.thresholds import Thresholds

_FRAME = Path(__file__).with_name("page.md")
_THRESHOLDS = {
    "schedule_factor": "R030: more than this many times as many runs",
    "rarer_factor": "R034: more than this many times fewer runs",
    "start_days": "R035: a start date further ahead than this many days",
    "catchup_runs": "R032: more past runs than this",
    "matrix_size": "R042: a matrix that grows beyond this many pipelines",
}


def risks_page() -> str:
    """Return the page in Markdown: how risks are accepted and set, then each code with what it means and what to do."""
    kinds = KINDS.values()
    table = "\n".join(
        f"| [{one.code}](#{_anchor(one.code, one.title)}) | {one.severity} | {one.title} |" for one in kinds
    )
    codes = "\n".join(f"\n### {one.code}: {one.title}\n\n{one.meaning}\n\n{one.remedy}" for one in kinds)
    settings = [f"{key} = {getattr(Thresholds(), key)}" for key in _THRESHOLDS]
    width = max(map(len, settings))
    thresholds = "\n".join(
        f"{setting:<{width}}  # {meaning}"
        for setting, meaning in zip(settings, _THRESHOLDS.values(), strict=True)
    )
    return (
        _FRAME.read_text(encoding="utf-8")
        .replace("<!-- table -->", table)
        .replace("<!-- thresholds -->", thresholds)
        .replace("<!-- codes -->", codes)
    )


def _anchor(code: str, title: str) -> str:
    return f"{code}-{title}".lower().replace(" ", "-").replace("'", "")
