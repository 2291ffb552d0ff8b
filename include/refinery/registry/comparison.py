"""Compare two models: metrics, params, data, environment and config."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.json_keys import as_text, restore_keys

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ComparedValue:
    """One fact of two models.

    Attributes:
        name: What it is.
        first: Its value for the first model; None if that has none.
        second: Its value for the second model; None if that has none.
    """

    name: str
    first: Any
    second: Any

    @property
    def delta(self) -> float | None:
        """The second minus the first; None unless both are numbers."""
        if not _is_number(self.first) or not _is_number(self.second):
            return None
        try:
            return float(self.second) - float(self.first)
        except OverflowError:
            return None

    @property
    def relative_delta(self) -> float | None:
        """The delta as a share of the first's absolute value; None if that is 0."""
        return self.delta / abs(self.first) if self.delta is not None and self.first else None

    @property
    def differs(self) -> bool:
        """Return whether the two differ."""
        return bool(self.first != self.second)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models side by side.

    Attributes:
        sections: The facts of each kind: "metrics", "model", "params", "data", "environment".
        config_diff: How the second's config differs from the first's, as a unified diff; empty if it does not.
    """

    sections: dict[str, tuple[ComparedValue, ...]]
    config_diff: str


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> Comparison:
    """Compare two models.

    Args:
        first: The manifest of one.
        second: The manifest of the other.
    """
    facts = {
        "metrics": _metrics,
        "model": _model,
        "params": _params,
        "data": _data,
        "environment": _environment,
    }
    sections = {name: _side_by_side(find(first), find(second)) for name, find in facts.items()}
    return Comparison(sections, _diff(_config_text(first), _config_text(second)))


def _side_by_side(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[ComparedValue, ...]:
    return tuple(
        ComparedValue(name, first.get(name), second.get(name))
        for name in {**first, **second}
        if (first.get(name), second.get(name)) != (None, None)
    )


def _metrics(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return dict(manifest.get("metrics") or {})


def _params(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if _is_number(value) or isinstance(value, str) else as_text(restore_keys(value))
        for name, value in (manifest.get("params") or {}).items()
    }


def _model(manifest: Mapping[str, Any]) -> dict[str, Any]:
    model = manifest.get("model") or {}
    return {
        "name": model.get("name"),
        "module sha256": model.get("module_sha256"),
        "format": manifest.get("format"),
        "gate": manifest.get("gate"),
        **_decided(manifest),
        **_run_params(manifest),
    }


def _decided(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many rounds were fitted, and how scores become classes, where the config says so."""
    evaluation, fit = manifest.get("evaluation") or {}, manifest.get("fit") or {}
    return {
        "rounds used": (fit.get("early_stopping") or {}).get("used"),
        "calibration": (evaluation.get("calibration") or {}).get("method"),
        "threshold": (evaluation.get("threshold") or {}).get("value"),
    }


def _run_params(manifest: Mapping[str, Any]) -> dict[str, Any]:
    params = (manifest.get("provenance") or {}).get("params") or {}
    return {f"param {name}": value for name, value in params.items()}


def _data(manifest: Mapping[str, Any]) -> dict[str, Any]:
    data, split = manifest.get("data") or {}, manifest.get("split") or {}
    positive = (manifest.get("evaluation") or {}).get("positive_class")
    dataset = (manifest.get("provenance") or {}).get("dataset") or {}
    files = dataset.get("files", [dataset])
    return {
        "source": " ".join(file["url"] for file in files if "url" in file) or None,
        "sha256": dataset.get("sha256"),
        "bytes": dataset.get("size"),
        "rows": data.get("rows"),
        "features": len(data["features"]) if "features" in data else None,
        "target": (data.get("target") or {}).get("name"),
        "positive class": None if positive is None else str(positive),
        "held-out rows": split.get("test_rows"),
    }


def _environment(manifest: Mapping[str, Any]) -> dict[str, Any]:
    environment = manifest.get("environment") or {}
    provenance = manifest.get("provenance") or {}
    return {
        "python": environment.get("python"),
        **(environment.get("libraries") or {}),
        "platform": environment.get("platform"),
        "git revision": provenance.get("git_revision"),
    }


def _config_text(manifest: Mapping[str, Any]) -> str:
    return str(((manifest.get("provenance") or {}).get("config") or {}).get("text") or "")


def _diff(first: str, second: str) -> str:
    lines = difflib.unified_diff(first.splitlines(), second.splitlines(), "first", "second", lineterm="")
    return "\n".join(lines)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
