"""What a training has found, whichever way the model was brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.training.evaluation import HeldOut


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model with all that a report on it needs.

    Attributes:
        model: The fitted model; None where a `train` function kept it to itself.
        held_out: The rows that it was judged on; None likewise.
        profile: What `train`'s own `profile` returned; None where it was not called.
        manifest: The manifest, whose "files" are as yet the model's alone; none of a model that is rejected.
    """

    model: Any
    held_out: HeldOut | None
    profile: Any
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training has found.

    Attributes:
        metrics: The metrics; all are finite.
        left_out: Metrics without a value, each with the reason.
        sections: What the manifest says besides.
        notes: What a person should know to read it right, a sentence each.
        warnings: What a person should look at before the model is used, a sentence each.
        model: The fitted model, None where it is not known.
        held_out: The rows that it was judged on, None where they are not known.
        profile: What the caller's look at the table found, None where there was none.
    """

    metrics: dict[str, float]
    left_out: dict[str, str]
    sections: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    model: Any = None
    held_out: HeldOut | None = None
    profile: Any = None
