"""latest.json: which model of a pipeline is the latest, and which were before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ValidationError

from refinery.errors import RefineryError
from refinery.registry.errors import DamagedPointerError
from refinery.spec.series import split_replaced
from refinery.spec.urls import S3Url, parse_prefix_url

if TYPE_CHECKING:
    from refinery.spec.series import ModelSeries

# How far back a pipeline can be rolled, and how many promoted models are kept when old ones are deleted.
_MOST_BY_RUNS = 20
# What people chose is kept longer, but the file must stay small, since every run reads it.
_MOST_IN_ALL = 120


class Promotion(BaseModel, frozen=True):
    """The event that made a model the latest.

    Attributes:
        prefix: The model's prefix, such as "s3://models/churn/2026-01-31/".
        date: The date of the run that made it.
        run_id: That run.
        metrics: The model's metrics.
        gate: How it met its pipeline's gates, if it has any: "passed" or "warned".
        manifest_sha256: The SHA-256 of its manifest's bytes, in hex.
        promoted_at: When it became the latest.
        promoted_by: Who or which run did it.
        action: How: the upload of a run, or a person.
        reason: Why, if a person gave a reason.
    """

    prefix: str
    date: AwareDatetime
    run_id: str | None
    metrics: dict[str, float]
    gate: str | None = None
    manifest_sha256: str
    promoted_at: AwareDatetime
    promoted_by: str
    action: Literal["upload", "promote", "rollback"]
    reason: str | None = None

    @property
    def url(self) -> S3Url:
        """The model's prefix as a URL."""
        return parse_prefix_url(self.prefix)

    def is_of(self, prefix: S3Url, manifest_sha256: str) -> bool:
        """Return whether this promoted a model, which may by now be where replaced models are kept."""
        is_same_run = split_replaced(self.url)[0].key == split_replaced(prefix)[0].key
        return is_same_run and self.manifest_sha256 == manifest_sha256

    def is_of_same_model(self, other: Promotion) -> bool:
        """Return whether both promoted the same model. The prefix alone does not identify it: a rerun writes to the same one."""
        return self.is_of(other.url, other.manifest_sha256)


class Latest(Promotion, frozen=True):
    """The latest model of a pipeline, and what was the latest before: the content of latest.json.

    Attributes:
        newest_date: The date of the newest run that was ever promoted: the model of an older run never becomes the latest by
            itself, not even after a rollback.
        history: What was the latest before, newest first: the last twenty, and older ones that people chose.
    """

    newest_date: AwareDatetime
    history: tuple[Promotion, ...] = ()

    @classmethod
    def after(cls, former: Latest | None, promotion: Promotion) -> Latest:
        """Make a promotion the latest, and those before it the history.

        Args:
            former: The latest so far; None for the first model.
            promotion: The new one.
        """
        past = former.promotions if former else ()
        spared = tuple(entry for entry in past[_MOST_BY_RUNS:] if entry.action != "upload")
        return cls(
            **dict(promotion),
            newest_date=max(promotion.date, former.newest_date) if former else promotion.date,
            history=(past[:_MOST_BY_RUNS] + spared)[:_MOST_IN_ALL],
        )

    @property
    def promotions(self) -> tuple[Promotion, ...]:
        """All recorded promotions, newest first."""
        current = Promotion(**{name: getattr(self, name) for name in Promotion.model_fields})
        return (current, *self.history)

    def earlier_model(self) -> Promotion | None:
        """Return what a rollback goes to: the model before the current one, skipping those that were rolled back."""
        stack: list[Promotion] = []
        for promotion in reversed(self.promotions):
            if promotion.action == "rollback":
                stack = _up_to(stack, promotion)
            if stack and stack[-1].is_of_same_model(promotion):
                stack = stack[:-1]
            stack.append(promotion)
        return stack[-2] if len(stack) > 1 else None

    def to_json(self) -> bytes:
        """Return the file's content."""
        return f"{self.model_dump_json(indent=2)}\n".encode()


def _up_to(stack: list[Promotion], target: Promotion) -> list[Promotion]:
    """Return the promotions up to the one that a rollback went to, below the top; just without the top if there is none."""
    below = stack[:-1]
    for place in reversed(range(len(below))):
        if below[place].is_of_same_model(target):
            return below[: place + 1]
    return below


def parse_latest(content: bytes, series: ModelSeries) -> Latest:
    """Parse the file.

    Raises:
        DamagedPointerError: It does not describe a `Latest`, or names a prefix outside of this pipeline's models.
    """
    location = series.latest_url
    try:
        latest = Latest.model_validate_json(content)
        stray = [entry.prefix for entry in latest.promotions if series.version_of(entry.url) is None]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DamagedPointerError.at(
            location, f"{place}: {first['msg']}" if place else first["msg"]
        ) from error
    except RefineryError as error:
        raise DamagedPointerError.at(location, str(error).rstrip(".")) from error
    if stray:
        raise DamagedPointerError.at(location, f"{stray[0]} is not a prefix of this pipeline's models")
    return latest
