"""What a training has found, whichever way the model was brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.training.evaluation import HeldOut
    from include.training.table_profile import TableProfile


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model with all that a report on it needs.

    Attributes:
        model: The fitted model; None where a `train` function kept it to itself.
        held_out: The rows that it was judged on; None likewise.
        profile: What the dataset's columns hold; None likewise.
        manifest: The manifest but for its "files".
    """

    model: Any
    held_out: HeldOut | None
    profile: TableProfile | None
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training has found.

    Attributes:
        metrics: The metrics; all are finite.
        left_out: Metrics without a value, each with the reason.
        sections: What the manifest says besides.
        warnings: What a person should look at before the model is used, a sentence each.
        model: The fitted model, None where it is not known.
        held_out: The rows that it was judged on, None where they are not known.
        profile: What the dataset's columns hold, None where they are not known.
    """

    metrics: dict[str, float]
    left_out: dict[str, str]
    sections: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    model: Any = None
    held_out: HeldOut | None = None
    profile: TableProfile | None = None
