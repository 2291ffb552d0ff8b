"""A model that ONNX Runtime computes, in the shape of a scikit-learn estimator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO

from refinery.training.errors import FitError, ModelFileError
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import onnxruntime
    import pandas as pd

# The key of our note in an ONNX file: which columns the model takes, and which classes it knows.
METADATA_KEY = "refinery"
# The one input of a model whose features are all numbers; other models have an input for each column.
MATRIX = "features"
# What a model that learned no target gives beside labels: the decision of an outlier detector, the distance to each cluster's
# center, or the log-likelihood of a mixture, which is its last output.
DECISION, DISTANCES, LIKELIHOOD = "decision", "distances", "log_likelihood"
_MAX_REASON_LENGTH = 300


class OnnxModel:
    """A regressor.

    Attributes:
        feature_names_in_: The columns that it takes, in order.
    """

    def __init__(self, session: onnxruntime.InferenceSession, metadata: Mapping[str, Any]) -> None:
        self._session = session
        self.feature_names_in_: list[str] = metadata["features"]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.feature_names_in_)} features)"

    def predict(self, table: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Predict the value of each row.

        Raises:
            FitError: The rows hold values that the model does not accept.
        """
        return self._run(table)[0].ravel()

    def _run(self, table: pd.DataFrame) -> list[np.ndarray[Any, Any]]:
        try:
            results: list[np.ndarray[Any, Any]] = self._session.run(None, self._as_inputs(table))
        except Exception as error:  # ONNX Runtime's errors have no common type
            raise FitError(type(self).__name__, "predict", shortened(error)) from error
        return results

    def _as_inputs(self, table: pd.DataFrame) -> dict[str, np.ndarray[Any, Any]]:
        inputs, columns = self._session.get_inputs(), table[self.feature_names_in_]
        if [wanted.name for wanted in inputs] == [MATRIX]:
            return {MATRIX: columns.to_numpy(_DTYPES[inputs[0].type])}
        pairs = zip(inputs, columns, strict=True)
        return {wanted.name: _as_input(columns[name], wanted.type) for wanted, name in pairs}


class OnnxClassifier(OnnxModel):
    """A classifier.

    Attributes:
        classes_: The classes, sorted.
    """

    def __init__(self, session: onnxruntime.InferenceSession, metadata: Mapping[str, Any]) -> None:
        import numpy as np

        super().__init__(session, metadata)
        self.classes_ = np.asarray(metadata["classes"])

    def predict(self, table: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Predict the class of each row."""
        return super().predict(table).astype(self.classes_.dtype)


class OnnxProbabilisticClassifier(OnnxClassifier):
    """A classifier with probabilities."""

    def predict_proba(self, table: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the probability of each class, in the order of `classes_`, for each row."""
        return self._run(table)[1]


class OnnxOutlierDetector(OnnxModel):
    """An outlier detector."""

    def decision_function(self, table: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return a score for each row, negative for outliers."""
        return self._run(table)[1].ravel()


class OnnxClusterer(OnnxModel):
    """A clusterer with centers."""

    def score_samples(self, table: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the distance of each row to the center of its cluster, with a minus before it."""
        nearest: np.ndarray[Any, Any] = self._run(table)[1].min(axis=1)
        return -nearest


class OnnxMixture(OnnxModel):
    """A mixture of distributions."""

    def score_samples(self, table: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the log-likelihood of each row."""
        return self._run(table)[-1].ravel()


_WITHOUT_TARGET = {DECISION: OnnxOutlierDetector, DISTANCES: OnnxClusterer, LIKELIHOOD: OnnxMixture}


def read_onnx(file: BinaryIO, path: Path) -> OnnxModel:
    """Read a model from an open ONNX file.

    Raises:
        ModelFileError: It is not an ONNX file that Refinery wrote.
    """
    try:
        return open_onnx(file.read())
    except Exception as error:  # ONNX Runtime's errors have no common type
        raise ModelFileError(path, f"it cannot be read as an ONNX model ({shortened(error)}).") from error


def open_onnx(content: bytes) -> OnnxModel:
    """Prepare the model of a file's content for use."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    note = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if note is None:
        raise ValueError("it does not name the columns that it takes: Refinery did not write it")
    metadata = json.loads(note)
    if kind := _WITHOUT_TARGET.get(metadata.get("scores", "")):
        return kind(session, metadata)
    if metadata["classes"] is None:
        return OnnxModel(session, metadata)
    return (OnnxProbabilisticClassifier if metadata["probabilities"] else OnnxClassifier)(session, metadata)


def shortened(error: Exception) -> str:
    """Return an error's first sentence: those of ONNX can be long."""
    text = " ".join(str(error.__cause__ or error).split())
    return text.partition(". ")[0][:_MAX_REASON_LENGTH].rstrip(". ")


_DTYPES = {"tensor(double)": "float64", "tensor(float)": "float32"}


def _as_input(column: pd.Series[Any], tensor_type: str) -> np.ndarray[Any, Any]:
    if tensor_type in _DTYPES:
        return column.to_numpy(_DTYPES[tensor_type]).reshape(-1, 1)
    if nulls := int(column.isna().sum()):
        raise ValueError(
            f"{nulls} rows have no value in the text column {quoted(column.name)}, which ONNX does not take"
        )
    return column.astype("str").to_numpy(object).reshape(-1, 1)
