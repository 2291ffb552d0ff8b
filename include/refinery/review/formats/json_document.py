"""A plan as JSON, for programs; docs/plan.md says what each key means."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from refinery.review.formats.wording import summary_line

if TYPE_CHECKING:
    from refinery.review.plan import Plan

# Raised when a key goes or comes to mean something else; new keys do not raise it.
VERSION = 1


def plan_as_json(plan: Plan) -> str:
    """Write a plan as a JSON object: the names are the data model's, in alphabetical order."""
    document = {"version": VERSION, "summary": summary_line(plan), **_plain(plan)}
    return json.dumps(document, indent=2, sort_keys=True)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        # The resolved pipelines are the comparison's own business, and hold what nobody reviews.
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.repr}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such numbers
    return value.isoformat() if isinstance(value, date) else value
