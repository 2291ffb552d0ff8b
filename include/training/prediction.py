"""Uses a trained model on new rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.training.datasets import read_dataset
from include.training.errors import ColumnNotFoundError, FitError
from include.training.source_options import SourceOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

_TEXT = "str"


def predict_file(model: Any, manifest: Mapping[str, Any], path: Path) -> pd.DataFrame:
    """Predict each row of a file that is laid out as the model's dataset was; the target's column may be missing.

    Returns:
        The file's columns and, last, `prediction`.

    Raises:
        DatasetError: The file cannot be read, or lacks a feature.
        FitError: The model refused the rows.
    """
    known = feature_names(model, manifest)
    try:
        table = read_dataset(path, _options_for(known, manifest)).table
    except ColumnNotFoundError as error:  # the options name none but features
        raise ColumnNotFoundError(error.missing, "features", error.columns) from error
    features = known or list(table.columns)
    missing = [name for name in features if name not in table.columns]
    if missing:
        raise ColumnNotFoundError(missing, "features", list(table.columns))
    try:
        predicted = model.predict(table[features])
    except (ValueError, TypeError, AttributeError) as error:
        raise FitError(type(model).__name__, "predict", str(error)) from error
    return table.assign(prediction=predicted)


def feature_names(model: Any, manifest: Mapping[str, Any]) -> list[str]:
    """Give the columns that a model expects, in order; none where neither manifest nor model tells."""
    data = manifest.get("data")
    if data:
        return [feature["name"] for feature in data["features"]]
    return [str(name) for name in getattr(model, "feature_names_in_", [])]


def _options_for(features: list[str], manifest: Mapping[str, Any]) -> SourceOptions:
    options = SourceOptions.from_dict(manifest.get("source", {}))
    # A column of text stays one where these rows happen to hold digits only, as those of house numbers.
    described = manifest.get("data", {}).get("features", [])
    texts = {feature["name"]: _TEXT for feature in described if feature["dtype"] == _TEXT}
    dtypes = {name: dtype for name, dtype in options.dtypes.items() if name in features}
    return replace(
        options,
        columns=options.columns if options.header is False else None,
        dtypes={name: dtype for name, dtype in texts.items() if name not in options.dates} | dtypes,
        dates=tuple(name for name in options.dates if name in features),
    )
