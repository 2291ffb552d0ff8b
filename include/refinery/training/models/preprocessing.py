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
    own_steps = len(estimator.steps) if _is_pipeline(estimator) else 1
    try:
        pipeline = _pipeline_for(estimator)
    except TypeError as error:
        name = type(estimator).__name__
        raise FitError(
            name, f"take columns such as {listed(needs)} through a pipeline", str(error)
        ) from error
    if texts := [str(name) for name, column in features.items() if _is_text(column)]:
        pipeline.steps.insert(0, (_TEXT_STEP, _kept_as_text(texts)))
    steps = [" ".join(repr(step).split()) for _, step in pipeline.steps[:-own_steps]]
    return pipeline, {"library": "skrub", "columns": needs, "steps": steps}


def describe_preprocessing(description: dict[str, Any] | None) -> str:
    """Describe in a line what was put before the estimator, for the log and the card."""
    return f"made ready {listed_with(description['columns'])}" if description else "none"


def _pipeline_for(estimator: Any) -> Any:
    """Return skrub's default pipeline for an estimator; for a pipeline, what suits a linear model before its own steps.

    Raises:
        TypeError: The estimator does not work in a pipeline.
    """
    from skrub import tabular_pipeline

    if _is_pipeline(estimator):
        from sklearn.linear_model import LogisticRegression

        before = tabular_pipeline(LogisticRegression()).steps[:-1]
        return type(estimator)([*((f"prepared-{name}", step) for name, step in before), *estimator.steps])
    if _takes_categories(estimator):
        from sklearn.pipeline import make_pipeline

        # What skrub puts before scikit-learn's own boosting: categories stay categories.
        return make_pipeline(*(step for _, step in tabular_pipeline("classifier").steps[:-1]), estimator)
    return tabular_pipeline(estimator)


def _is_pipeline(estimator: Any) -> bool:
    from sklearn.pipeline import Pipeline

    return isinstance(estimator, Pipeline)


def _takes_categories(estimator: Any) -> bool:
    """Return whether an estimator takes columns of categories as they are."""
    from refinery.training.models.boosting import Boosted

    return isinstance(estimator, Boosted)


def _find_needs(estimator: Any, features: pd.DataFrame) -> dict[str, str]:
    """Return the columns that the estimator does not accept as they are, each with what is in it."""
    from sklearn.utils import get_tags

    first = estimator.steps[0][1] if _is_pipeline(estimator) else estimator
    tags = get_tags(first)
    if tags.no_validation:
        return {}
    needs = {}
    for name, column in features.items():
        gaps = not tags.input_tags.allow_nan and column.isna().any()
        kind = [] if column.dtype == "category" and _takes_categories(first) else _kind(column)
        if reasons := [*kind, *(["missing values"] if gaps else [])]:
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
