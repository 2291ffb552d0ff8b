"""What a training found, whichever way the model was brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.spec.table_profile import TableProfile
    from refinery.training.evaluation.scores import HeldOut
    from refinery.training.evaluation.unsupervised import ScoredRows


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model with everything that a report needs.

    Attributes:
        model: The fitted model; None where a `train` function kept it to itself.
        held_out: The rows that it was evaluated on; None in the same case.
        profile: The dataset at a glance; None where the model's own code reads it.
        manifest: The manifest, whose "files" are still only the model's; none for a rejected model.
    """

    model: Any
    held_out: HeldOut | ScoredRows | None
    profile: TableProfile | None
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a training found.

    Attributes:
        metrics: The metrics; all are finite.
        left_out: Metrics without a value, each with the reason.
        sections: Further sections of the manifest.
        notes: What a person should know to read it correctly, a sentence each.
        warnings: What a person should look at before the model is used, a sentence each.
        model: The fitted model; None where it is not known.
        held_out: The rows that it was evaluated on; None where they are not known.
        profile: The dataset at a glance; None where nothing shows it.
    """

    metrics: dict[str, float]
    left_out: dict[str, str]
    sections: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    model: Any = None
    held_out: HeldOut | ScoredRows | None = None
    profile: TableProfile | None = None
