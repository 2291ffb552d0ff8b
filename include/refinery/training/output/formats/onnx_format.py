"""Write models as ONNX, graphs of numeric operations that run without Python, where they predict the same."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import ANOMALY, CLUSTERING
from refinery.training.errors import TrainingError
from refinery.training.evaluation.row_scores import row_scores
from refinery.training.output.formats.onnx_model import (
    DECISION,
    DISTANCES,
    LIKELIHOOD,
    MATRIX,
    METADATA_KEY,
    OnnxModel,
    open_onnx,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import pandas as pd

# How far predictions may differ, relative to their spread: 32 bits cost less, a tree's other branch more.
_TOLERANCE = 1e-4
# The converter of isolation forests knows no later operations.
_FOREST_OPSET = {"": 17, "ai.onnx.ml": 3}


def write_onnx(model: Any, path: Path, *, rows: pd.DataFrame) -> None:
    """Convert a model to ONNX and write it, once both predict the same.

    Args:
        model: The fitted model.
        path: The file.
        rows: Features of rows to compare predictions on, best those held out.

    Raises:
        TrainingError: The model cannot be converted, or its conversion predicts something else.
    """
    reasons, difference = [], ""
    for estimator, inputs in _attempts(model, rows):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the converter's, about what it reads in estimators
                content = _convert(estimator, inputs, _describe(model, rows))
            difference = _difference(model, open_onnx(content), rows)
        except Exception as error:  # noqa: BLE001 (converters raise anything; another attempt may work)
            reasons.append(shortened(error))
            continue
        if not difference:
            path.write_bytes(content)
            return
    raise TrainingError(
        f"{type(model).__name__} cannot be written as onnx: {difference or reasons[0]}. Set model.format to pickle or skops."
    )


def _attempts(model: Any, rows: pd.DataFrame) -> Iterator[tuple[Any, list[tuple[str, Any]]]]:
    """Yield ways to convert, the most exact first.

    scikit-learn computes in 64 bits, its trees in 32; ONNX Runtime knows some operations in 32 bits only.
    """
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    texts = [name for name in rows if rows[name].dtype.kind not in "iufb"]
    forms = [False] if texts else [True, False]
    for as_matrix in forms:
        for number_type, estimator in (
            (DoubleTensorType, model),
            (DoubleTensorType, _with_cast(model)),
            (FloatTensorType, model),
        ):
            if as_matrix:
                yield estimator, [(MATRIX, number_type([None, rows.shape[1]]))]
            else:
                types = {name: StringTensorType if name in texts else number_type for name in rows}
                yield estimator, [(str(name), kind([None, 1])) for name, kind in types.items()]


def _with_cast(model: Any) -> Any:
    """Put a cast to 32 bits before a pipeline's last step, as its trees do themselves."""
    import numpy as np
    from skl2onnx.sklapi import CastTransformer
    from sklearn.pipeline import Pipeline

    if not isinstance(model, Pipeline):
        return model
    cast = CastTransformer(dtype=np.float32).fit(np.zeros((1, 1)))
    return Pipeline([*model.steps[:-1], ("cast_to_float32", cast), model.steps[-1]])


def _convert(estimator: Any, inputs: list[tuple[str, Any]], metadata: dict[str, Any]) -> bytes:
    from skl2onnx import convert_sklearn

    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    options = {id(estimator): {"zipmap": False}} if metadata["probabilities"] else None
    if metadata.get("scores") == LIKELIHOOD:
        options = {id(last): {"score_samples": True}}
    opset = {"target_opset": _FOREST_OPSET} if type(last).__name__ == "IsolationForest" else {}
    onnx = convert_sklearn(estimator, "model", inputs, options=options, **opset)
    for node in onnx.graph.node:  # their order comes from sets, which differ between processes
        node.attribute.sort(key=lambda attribute: attribute.name)
    onnx.opset_import.sort(key=lambda opset: opset.domain)
    onnx.metadata_props.add(key=METADATA_KEY, value=json.dumps(metadata))
    content: bytes = onnx.SerializeToString(deterministic=True)
    return content


def _describe(model: Any, rows: pd.DataFrame) -> dict[str, Any]:
    import numpy as np

    classes = getattr(model, "classes_", None)
    return {
        "features": [str(name) for name in rows],
        "classes": None if classes is None else np.asarray(classes).tolist(),
        "probabilities": hasattr(model, "predict_proba"),
        **({"scores": scores} if (scores := _scores_of(model)) else {}),
    }


def _scores_of(model: Any) -> str | None:
    """Return what the conversion of a model that learned no target gives beside labels; None for other models."""
    from sklearn.base import is_clusterer, is_outlier_detector
    from sklearn.utils import get_tags

    if not hasattr(model, "__sklearn_tags__"):
        return None
    if is_outlier_detector(model):
        return DECISION
    if get_tags(model).estimator_type == "density_estimator":
        return LIKELIHOOD
    return DISTANCES if is_clusterer(model) else None


def _difference(model: Any, converted: OnnxModel, rows: pd.DataFrame) -> str:
    """Return how the predictions of a model and of its conversion differ; an empty text where they do not."""
    import numpy as np

    expected, found = np.asarray(model.predict(rows)), converted.predict(rows)
    differs = ~_close(expected, found) if expected.dtype.kind == "f" else expected != found
    if (scores := _scores_of(model)) is not None:
        task = ANOMALY if scores == DECISION else CLUSTERING
        ours, theirs = (row_scores(one, rows, expected, task) for one in (model, converted))
        if ours is not None and theirs is not None:
            differs = differs | ~_close(ours, theirs)
    elif hasattr(model, "predict_proba") and hasattr(converted, "predict_proba"):
        differs = differs | ~_close(model.predict_proba(rows), converted.predict_proba(rows)).all(axis=1)
    count = int(np.sum(differs))
    return f"its conversion predicts other values for {count} of {len(rows)} held-out rows" if count else ""


def _close(expected: np.ndarray[Any, Any], found: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    spread = float(np.std(expected))
    return np.asarray(np.isclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE * spread))
