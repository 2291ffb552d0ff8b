"""The names of the files and values that a run writes."""

from __future__ import annotations

PICKLE = "pickle"
SKOPS = "skops"
ONNX = "onnx"
MODEL_FILES = {PICKLE: "model.pkl", SKOPS: "model.skops", ONNX: "model.onnx"}
# The format of a script's model file, by the suffix of its name.
FORMAT_OF_SUFFIX = {
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".sav"), PICKLE),
    ".skops": SKOPS,
    ".onnx": ONNX,
}
MODEL_FILE = MODEL_FILES[PICKLE]
MANIFEST_FILE = "manifest.json"
CARD_HTML = "card.html"
CARD_MARKDOWN = "card.md"
# The XCom key of the baseline and the warnings; the metrics are the return value.
JUDGEMENT = "judgement"
