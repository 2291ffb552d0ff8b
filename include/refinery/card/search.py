"""Gather what the card says of the search that found a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.card.wording import count, facts, number, shorten
from refinery.spec.json_keys import restore_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_CANDIDATES = 20
_MOST_PARAMS = 15
_PARAMS_WIDTH = 300


@dataclass(frozen=True, slots=True)
class Place:
    """A candidate on the leaderboard, as the texts of the card."""

    candidate: str
    params: str
    score: str
    spread: str
    as_it_is: str
    trials: str


@dataclass(frozen=True, slots=True)
class Search:
    """What the card says of a search.

    Attributes:
        by: The metric that decided.
        summary: How many trials there were, and how they ended.
        comparison: The search's own score beside that of the held-out rows.
        places: The candidates, the best first.
        curve: The number and the score of each trial that was better than all before it.
        trials: How many trials there were.
        lower_is_better: Whether the metric is an error.
        importance: How much of the scores' variance each searched param explains, the most first.
        winner: The winner's class.
    """

    by: str
    summary: str
    comparison: list[tuple[str, str]]
    places: list[Place]
    curve: list[tuple[int, float]]
    trials: int
    lower_is_better: bool
    importance: list[tuple[str, float]]
    winner: str


def gather_search(manifest: Mapping[str, Any]) -> Search | None:
    """Return what a manifest says of its search; None if it says of none."""
    section = manifest.get("search")
    if not isinstance(section, dict):
        return None
    score, trials = _mapping(section, "score"), _mapping(section, "trials")
    counts = {state: trials.get(state) for state in ("done", "pruned", "failed", "stopped")}
    run = sum(value for value in counts.values() if isinstance(value, int))
    board = _mappings(section.get("leaderboard"))
    by = shorten(section.get("by") or "", 60)
    return Search(
        by=by,
        summary=_summary(section, counts, run),
        comparison=facts(
            {
                f"{by} in the search": _with_spread(score.get("mean"), score.get("spread")),
                f"{by} of the held-out rows": number(section.get("held_out")),
                "difference": number(section.get("difference")),
            }
        ),
        places=[_place(row) for row in board[:_MOST_CANDIDATES]],
        curve=_curve(section.get("curve")),
        trials=run,
        lower_is_better=bool(section.get("lower_is_better")),
        importance=[
            (shorten(name, 60), float(share))
            for name, share in list(_mapping(section, "importance").items())[:_MOST_PARAMS]
            if _is_number(share)
        ],
        winner=_name(board[0].get("candidate")) if board else "",
    )


def _summary(section: Mapping[str, Any], counts: Mapping[str, Any], run: int) -> str:
    words = {
        "pruned": "pruned early",
        "failed": "failed",
        "stopped": "stopped by the limit of minutes",
    }
    ends = [
        f"{counts[state]:,} {text}"
        for state, text in words.items()
        if isinstance(counts[state], int) and counts[state]
    ]
    folds = section.get("folds")
    text = count(run, "trial")
    if isinstance(folds, int):
        text += f" in {count(folds, 'fold')} of the training rows"
    if ends:
        text += f", of which {', '.join(ends)}"
    seconds = section.get("seconds")
    return f"{text}; {number(seconds)} s." if _is_number(seconds) else f"{text}."


def _place(row: Mapping[str, Any]) -> Place:
    model = _mapping(row, "model")
    steps = _mappings(model.get("steps"))
    params = _params(model) or "; ".join(
        f"{_name(step.get('class'))} {_params(step)}" for step in steps if _params(step)
    )
    problem = row.get("problem")
    return Place(
        candidate=_name(row.get("candidate")),
        params=shorten(problem or params, _PARAMS_WIDTH),
        score=number(row.get("mean")),
        spread=number(row.get("spread")),
        as_it_is=number(row.get("as_it_is")),
        trials=number(row.get("trials")),
    )


def _params(model: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {text}" for name, text in facts(restore_keys(_mapping(model, "params"))))


def _name(path: object) -> str:
    """Return the name of a class without its modules, of a pipeline that of each step."""
    return shorten(" > ".join(one.rpartition(".")[2] for one in str(path or "").split(" > ")), 100)


def _curve(points: object) -> list[tuple[int, float]]:
    return [
        (int(point[0]), float(point[1]))
        for point in (points if isinstance(points, list) else [])
        if isinstance(point, list) and len(point) == 2 and all(map(_is_number, point))  # noqa: PLR2004 - number and score
    ]


def _with_spread(mean: object, spread: object) -> str | None:
    if not _is_number(mean):
        return None
    return f"{number(mean)} \N{PLUS-MINUS SIGN} {number(spread)}" if _is_number(spread) else number(mean)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _mappings(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _mapping(section: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = section.get(name)
    return found if isinstance(found, dict) else {}
