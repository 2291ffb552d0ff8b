"""latest.json: which model of a pipeline is the latest, and which were before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ValidationError

from include.errors import RefineryError
from include.registry.errors import DamagedPointerError
from include.urls import S3Url, parse_prefix_url

if TYPE_CHECKING:
    from include.registry.series import ModelSeries

# So far back a pipeline can be rolled, and so many promoted models are spared when old ones are deleted.
_MOST_BY_RUNS = 20
# What people chose is kept longer, but the file must stay small: every run reads it.
_MOST_IN_ALL = 120


class Promotion(BaseModel, frozen=True):
    """That a model became the latest.

    Attributes:
        prefix: The model's prefix, as "s3://models/churn/2026-01-31/".
        date: The date of the run that made it.
        run_id: That run.
        metrics: The model's metrics.
        gate: How it met its pipeline's gates, where it has any: "passed" or "warned".
        manifest_sha256: The SHA-256 of its manifest's bytes, in hex.
        promoted_at: When it became the latest.
        promoted_by: Who or which run saw to that.
        action: By what: the upload of a run, or a person.
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

    @property
    def url(self) -> S3Url:
        """The model's prefix as a URL."""
        return parse_prefix_url(self.prefix)


class Latest(Promotion, frozen=True):
    """The latest model of a pipeline, and how it came to be that: what latest.json says.

    Attributes:
        newest_date: The date of the newest run that was ever promoted: an older run's model never becomes the latest by itself,
            not even after a rollback.
        history: What was the latest before, newest first: the last twenty, and of older ones those that people chose.
    """

    newest_date: AwareDatetime
    history: tuple[Promotion, ...] = ()

    @classmethod
    def after(cls, former: Latest | None, promotion: Promotion) -> Latest:
        """Make a promotion the latest, and those before it the history.

        Args:
            former: What was so far; None for the first model.
            promotion: What comes.
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
        """All promotions that are remembered, newest first."""
        current = Promotion(**{name: getattr(self, name) for name in Promotion.model_fields})
        return (current, *self.history)

    def earlier_model(self) -> Promotion | None:
        """Return what a rollback goes to: the model before the current one, those that were rolled back left aside."""
        stack: list[Promotion] = []
        for promotion in reversed(self.promotions):
            if promotion.action == "rollback":
                stack = stack[:-1]
            # A rerun replaces its model in place: there is no way back to the bytes that it replaced.
            if stack and stack[-1].prefix == promotion.prefix:
                stack = stack[:-1]
            stack.append(promotion)
        return stack[-2] if len(stack) > 1 else None

    def to_json(self) -> bytes:
        """Return the file's text."""
        return f"{self.model_dump_json(indent=2)}\n".encode()


def parse_latest(content: bytes, series: ModelSeries) -> Latest:
    """Read the file's text.

    Raises:
        DamagedPointerError: It is not as `Latest` is, or names a prefix that is none of this pipeline's models.
    """
    location = str(series.latest_url)
    try:
        latest = Latest.model_validate_json(content)
        stray = [entry.prefix for entry in latest.promotions if series.version_of(entry.url) is None]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DamagedPointerError(location, f"{place}: {first['msg']}" if place else first["msg"]) from error
    except RefineryError as error:
        raise DamagedPointerError(location, str(error).rstrip(".")) from error
    if stray:
        raise DamagedPointerError(location, f"{stray[0]} is no prefix of this pipeline's models")
    return latest
