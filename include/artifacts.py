"""The names of the files that a run writes under its prefix, for those who write, read and foretell them."""

from __future__ import annotations

PICKLE = "pickle"
SKOPS = "skops"
ONNX = "onnx"
MODEL_FILES = {PICKLE: "model.pkl", SKOPS: "model.skops", ONNX: "model.onnx"}
MODEL_FILE = MODEL_FILES[PICKLE]
MANIFEST_FILE = "manifest.json"
CARD_HTML = "card.html"
CARD_MARKDOWN = "card.md"
