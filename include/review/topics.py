"""Under which heading a data scientist looks for a key."""

from __future__ import annotations

# The longest key that a value's key begins with counts.
_TOPICS = {
    "description": "about",
    "tags": "about",
    "owner": "about",
    "source": "source",
    "wait_for": "source",
    "model": "model",
    "model.params": "params",
    "model.args": "params",
    "model.env": "params",
    "target": "target",
    "features": "features",
    "drop": "features",
    "preprocess": "features",
    "expect": "data contract",
    "evaluate": "evaluation",
    "require": "gates",
    "gate": "gates",
    "schedule": "schedule",
    "timezone": "schedule",
    "start_date": "schedule",
    "end_date": "schedule",
    "catchup": "schedule",
    "paused": "schedule",
    "output": "output",
    "overwrite": "output",
    "card": "output",
    "notify": "notifications",
    "matrix": "matrix",
    "vars": "environment",
}
# Retries, timeouts, pools, queues and what else says how and where tasks run.
_OTHERS = "running"


def topic_of(key: str) -> str:
    """Return the topic of a dotted key, as "schedule" of "timezone"."""
    parts = key.partition("[")[0].split(".")
    return _TOPICS.get(".".join(parts[:2])) or _TOPICS.get(parts[0], _OTHERS)
