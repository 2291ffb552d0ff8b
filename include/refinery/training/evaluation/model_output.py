"""Ask models for predictions, and check that they are one usable value for each row."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION, REGRESSION, UNSUPERVISED
from refinery.training.errors import FitError
from refinery.training.evaluation.precomputed import Predictions
from refinery.training.evaluation.row_scores import row_scores
from refinery.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import pandas as pd

_BINARY = 2
_NUMBERS = "iuf"
# pandas' names for columns of objects that are all numbers.
_NUMBER_OBJECTS = ("integer", "floating", "mixed-integer-float", "decimal")
_MOST_LETTERS = 40
_MOST_CLASSES = 5


def ask(model: Any, task: str, features: pd.DataFrame) -> Predictions:
    """Ask a fitted model for the values of rows, or for their classes or labels and scores.

    Raises:
        FitError: What it returns is not one usable value for each row.
    """
    values = ask_values(model, features, task)
    if task == REGRESSION:
        return Predictions(values)
    if task in UNSUPERVISED:
        return Predictions(values, decision=row_scores(model, features, values, task))
    known = getattr(model, "classes_", None)
    classes = tuple(_distinct(model, values) if known is None else known)
    if hasattr(model, "predict_proba"):
        shape = (len(values), len(classes))
        probabilities = _ask_scores(model, "predict_proba", features, shape, required=known is not None)
        return Predictions(values, classes, probabilities=probabilities)
    if len(classes) == _BINARY and hasattr(model, "decision_function"):
        decision = _ask_scores(
            model, "decision_function", features, (len(values),), required=known is not None
        )
        return Predictions(values, classes, decision=decision)
    return Predictions(values, classes)


def ask_values(model: Any, features: pd.DataFrame, task: str | None = None) -> np.ndarray[Any, Any]:
    """Ask a fitted model for the value or class of each row.

    Args:
        model: The model.
        features: The rows.
        task: "regression" or "classification"; None where it is not known.

    Raises:
        FitError: It does not return one value for each row, or one is missing, infinite or, for a regression, not a number.
    """
    returned = model.predict(features)
    values = _as_array(returned)
    if values is None or values.shape != (len(features),):
        problem = f"it returned {_described(returned, values)} for {len(features):,} rows of {features.shape[1]} columns"
        raise _predict_error(model, f"{problem}; {_advice(values, features, task)}")
    if task == REGRESSION:
        values = _as_numbers(model, values)
    _check_present(model, values)
    return values


def ask_probabilities(model: Any, features: pd.DataFrame) -> dict[str, list[float]]:
    """Ask a fitted classifier for the probability of each class, row by row.

    Raises:
        FitError: It has none, or not one for each class and row.
    """
    classes = getattr(model, "classes_", None)
    if classes is None or not hasattr(model, "predict_proba"):
        reason = "it gives no probabilities (no classes_ and predict_proba)"
        raise FitError(type(model).__name__, "predict_proba", reason)
    shape = (len(features), len(classes))
    scores = _ask_scores(model, "predict_proba", features, shape, required=True)
    if scores is None:
        return {}
    return {str(name): scores[:, position].tolist() for position, name in enumerate(classes)}


def check_classes(model: Any, values: np.ndarray[Any, Any], known: Iterable[Any]) -> None:
    """Check that predicted classes are the target's: all of them where there are two, else at least one.

    Args:
        model: The model, for messages.
        values: The predicted classes.
        known: The classes that the target has.

    Raises:
        FitError: They are something else, such as probabilities.
    """
    import pandas as pd

    classes = list(known)
    strange = values[~pd.Index(values).isin(classes)]
    if not len(strange) or (len(classes) > _BINARY and len(strange) < len(values)):
        return
    found = (
        "none of its predictions is a class"
        if len(strange) == len(values)
        else f"{len(strange):,} of its {len(values):,} predictions are not classes"
    )
    advice = (
        "they look like probabilities: return the class from predict, and the probabilities from predict_proba"
        if all(map(_is_share, values)) and not all(float(value).is_integer() for value in values)
        else "return the class of each row, as written in the dataset"
    )
    listed = ", ".join(_shown(value) for value in classes[:_MOST_CLASSES])
    raise _predict_error(
        model, f"{found} of the target ({listed}), the first is {_shown(strange[0])}; {advice}"
    )


def _ask_scores(
    model: Any, method: str, features: pd.DataFrame, shape: tuple[int, ...], *, required: bool
) -> np.ndarray[Any, Any] | None:
    returned = getattr(model, method)(features)
    scores = _as_array(returned)
    if scores is not None and scores.shape == shape:
        return scores
    if required:
        wanted = f"an array of shape {shape}, a row for each of the rows"
        wanted += ", a column for each of its classes_" if len(shape) == _BINARY else ""
        raise FitError(
            type(model).__name__, method, f"it returned {_described(returned, scores)}, not {wanted}"
        )
    return None  # a model without classes_ may know a class that it predicts for no row


def _as_array(returned: Any) -> np.ndarray[Any, Any] | None:
    import numpy as np

    try:
        return np.asarray(returned)
    except (
        ValueError,
        TypeError,
        RuntimeError,
    ):  # lists of several lengths, and tensors that keep their gradient
        return None


def _described(returned: Any, values: np.ndarray[Any, Any] | None) -> str:
    kind = type(returned).__name__
    if hasattr(returned, "toarray"):
        return f"a sparse {kind} of shape {returned.shape}"
    if values is None or values.ndim == 0:
        return "nothing" if returned is None else f"one {kind}"
    if values.ndim == 1:
        return "1 value" if len(values) == 1 else f"{len(values):,} values"
    return f"a {kind} of shape {values.shape}"


def _advice(values: np.ndarray[Any, Any] | None, features: pd.DataFrame, task: str | None) -> str:
    rows, columns = features.shape
    advice = "predict must return one value for each row"
    if values is None:
        return advice
    if values.shape == (columns,):
        return (
            f"{advice}. One for each column is what a text vectorizer makes of a table: give it the column, as "
            f'ColumnTransformer([("text", TfidfVectorizer(), "{features.columns[0]}")]) does'
        )
    if values.shape == (rows, 1):
        return f"{advice}: flatten what it returns with .ravel()"
    if values.ndim == _BINARY and task == CLASSIFICATION:
        return f"{advice}, its class; probabilities belong in predict_proba"
    return advice


def _as_numbers(model: Any, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import numpy as np
    import pandas as pd

    if values.dtype.kind in _NUMBERS:
        return values
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if values.dtype.kind == "O" and kind in _NUMBER_OBJECTS:
        return np.array([math.nan if pd.isna(value) else float(value) for value in values])
    if pd.isna(values).all():
        return np.full(len(values), math.nan)
    reason = f"a regression predicts numbers, and the first prediction is {_shown(values[0])} ({kind})"
    raise _predict_error(model, f"{reason}: return numbers, or declare a classifier (ClassifierMixin)")


def _check_present(model: Any, values: np.ndarray[Any, Any]) -> None:
    import numpy as np
    import pandas as pd

    if values.dtype.kind in "biuUS":
        return
    lost = ~np.isfinite(values) if values.dtype.kind in "fc" else pd.isna(values)
    if count := int(lost.sum()):
        first = int(np.argmax(lost))
        raise _predict_error(
            model,
            f"{count:,} of {len(values):,} predictions are missing or not finite numbers, the first is {values[first]} "
            f"for row {first + 1:,}; scale the features and the target, or check for gaps in the features",
        )


def _predict_error(model: Any, reason: str) -> FitError:
    return FitError(type(model).__name__, "predict", reason)


def _is_share(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and 0 <= float(value) <= 1


def _shown(value: Any) -> str:
    text = shown(value.item() if hasattr(value, "item") else value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."


def _distinct(model: Any, values: np.ndarray[Any, Any]) -> list[Any]:
    try:
        found = set(values)
    except TypeError as error:
        raise _predict_error(model, f"a class cannot be a {type(values[0]).__name__}: {error}") from error
    try:
        return sorted(found)
    except TypeError:  # a user's model may predict text and numbers
        return sorted(found, key=str)


def feature_names(model: Any, manifest: Mapping[str, Any]) -> list[str]:
    """Return the columns that a model expects, in order; none where neither manifest nor model names them."""
    if described := described_features(manifest):
        return [feature["name"] for feature in described]
    return [str(name) for name in getattr(model, "feature_names_in_", [])]


def described_features(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a manifest says about each column that a model learned from."""
    features: list[Mapping[str, Any]] = (manifest.get("data") or {}).get("features", [])
    return features
