"""Prepare columns of text, categories, dates and missing values for a library's estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.training.data.unusable_columns import refuse_nested
from refinery.training.errors import FitError
from refinery.wording import listed, listed_with

if TYPE_CHECKING:
    import pandas as pd

AUTO = "auto"
NONE = "none"
_TEXT_STEP = "text_as_categories"


def with_preprocessing(
    estimator: Any, features: pd.DataFrame, mode: str
) -> tuple[Any, dict[str, Any] | None]:
    """Put the steps that the columns need before a library's estimator; none where it accepts them as they are.

    Numbers without gaps are left alone and not scaled, since a model's params were chosen for the values in the
    dataset. Where a column needs more, skrub's default pipeline for this estimator does all of it: text
    and categories are encoded, dates become their parts, gaps are filled, and what is not a tree gets scaled columns.
    What each column is was decided when the dataset was read: text is never parsed to numbers, dates or gaps.

    Args:
        estimator: The estimator, not fitted yet.
        features: The columns to learn from, of all rows.
        mode: `AUTO`, or `NONE` to leave the estimator alone.

    Returns:
        The estimator, or an unfitted pipeline that ends in it, its new steps without seeds; and, for the manifest, what
        was put before it and why (None where nothing was).

    Raises:
        DatasetError: Columns hold lists or records.
        FitError: The estimator does not work in a pipeline.
    """
    if mode != NONE:
        refuse_nested(type(estimator).__name__, features)
    needs = {} if mode == NONE else _find_needs(estimator, features)
    if not needs:
        return estimator, None
    from skrub import tabular_pipeline

    try:
        pipeline = tabular_pipeline(estimator)
    except TypeError as error:
        name = type(estimator).__name__
        raise FitError(
            name, f"take columns such as {listed(needs)} through a pipeline", str(error)
        ) from error
    if texts := [str(name) for name, column in features.items() if _is_text(column)]:
        pipeline.steps.insert(0, (_TEXT_STEP, _kept_as_text(texts)))
    steps = [" ".join(repr(step).split()) for _, step in pipeline.steps[:-1]]
    return pipeline, {"library": "skrub", "columns": needs, "steps": steps}


def describe_preprocessing(description: dict[str, Any] | None) -> str:
    """Describe in a line what was put before the estimator, for the log and the card."""
    return f"made ready {listed_with(description['columns'])}" if description else "none"


def _find_needs(estimator: Any, features: pd.DataFrame) -> dict[str, str]:
    """Return the columns that the estimator does not accept as they are, each with what is in it."""
    from sklearn.utils import get_tags

    tags = get_tags(estimator)
    if tags.no_validation:
        return {}
    needs = {}
    for name, column in features.items():
        gaps = not tags.input_tags.allow_nan and column.isna().any()
        if reasons := [*_kind(column), *(["missing values"] if gaps else [])]:
            needs[str(name)] = ", ".join(reasons)
    return needs


def _is_text(column: pd.Series[Any]) -> bool:
    return column.dtype.kind == "O" and column.dtype != "category"


def _kept_as_text(names: list[str]) -> Any:
    """Turn text into categories: skrub's cleaning would parse numbers and dates, and take words such as NA for gaps."""
    from skrub import ApplyToCols, ToCategorical

    return ApplyToCols(ToCategorical(), cols=names)


def _kind(column: pd.Series[Any]) -> list[str]:
    kinds = {"M": "dates", "m": "durations"}
    if column.dtype.kind in "iufb":
        return []
    return [kinds.get(column.dtype.kind, "categories" if column.dtype == "category" else "text")]
