"""Kinds of changes by somebody who has read the documentation alone, and not what a plan prints.

They are planned with the others and reported apart: rules that were written beside the plan's own checks flatter them. A rule
here is never changed because of what a plan says of it, only where it contradicts its own docstring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.untuned import bad, harmless

if TYPE_CHECKING:
    from benchmarks.review.kinds import Kind

KINDS: tuple[Kind, ...] = (*bad.KINDS, *harmless.KINDS)
