"""What a model is made of: dataset, config, code, settings, Python and libraries; and what of it has changed since."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from typing import TYPE_CHECKING, Any

from include.registry.recorded_spec import SPEC, record_spec
from include.training import ModuleModel, ScriptModel, hash_used_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.training import TrainingSpec

# A hash is told apart by its first letters; a setting may be long.
_MOST_SHOWN = 60
_HASHES = ("dataset", "config", "module", "file ")


@dataclass(frozen=True, slots=True)
class InputDifference:
    """An input that is not what it was.

    Attributes:
        name: Which: "dataset", "config", "module", "file helpers.py", "python", "library numpy", "setting params".
        recorded: What the manifest says, None where it says nothing: a SHA-256, a version, or a value as JSON.
        present: What it is now, None where it is not there.
    """

    name: str
    recorded: str | None
    present: str | None

    def __str__(self) -> str:
        return f"{self.name} (was {self._shown(self.recorded)}, is {self._shown(self.present)})"

    def _shown(self, value: str | None) -> str:
        if value is None:
            return "none"
        return value[:12] if self.name.startswith(_HASHES) else value[:_MOST_SHOWN]


def recorded_inputs(manifest: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the inputs that a manifest names, each as a text that is another whenever the input is."""
    provenance, environment = manifest.get("provenance") or {}, manifest.get("environment") or {}
    return {
        "dataset": (provenance.get("dataset") or {}).get("sha256"),
        "config": (provenance.get("config") or {}).get("sha256"),
        "module": (manifest.get("script") or {}).get("sha256")
        or manifest.get("model", {}).get("module_sha256"),
        **_used_files(manifest.get("model", {}).get("files") or {}),
        "python": environment.get("python"),
        **_libraries(environment.get("libraries") or {}),
        **_settings(provenance.get(SPEC) or {}),
    }


def present_inputs(
    spec: TrainingSpec, *, dataset_sha256: str, config_sha256: str | None, libraries: Iterable[str]
) -> dict[str, str | None]:
    """Return the inputs that a training has now.

    Args:
        spec: What it is told.
        dataset_sha256: The SHA-256 of its dataset, as the dataset's identity gives it.
        config_sha256: The SHA-256 of its config's text.
        libraries: The libraries whose versions count, by the names that they are imported under.
    """
    return {
        "dataset": dataset_sha256,
        "config": config_sha256,
        "module": _module_sha256(spec),
        **_used_files(hash_used_files(spec)),
        "python": platform.python_version(),
        **_libraries(_installed_versions(libraries)),
        **_settings(record_spec(spec)),
    }


def find_differences(
    recorded: Mapping[str, str | None], present: Mapping[str, str | None]
) -> tuple[InputDifference, ...]:
    """Return the inputs that are not what they were."""
    return tuple(
        InputDifference(name, recorded.get(name), present.get(name))
        for name in {**recorded, **present}
        if recorded.get(name) != present.get(name)
    )


def libraries_of(manifest: Mapping[str, Any]) -> list[str]:
    """Return the libraries that a manifest names the versions of."""
    return list((manifest.get("environment") or {}).get("libraries") or {})


def _libraries(versions: Mapping[str, str | None]) -> dict[str, str | None]:
    return {f"library {name}": found for name, found in versions.items()}


def _used_files(hashes: Mapping[str, str]) -> dict[str, str | None]:
    return {f"file {path}": sha256 for path, sha256 in hashes.items()}


def _settings(spec: Mapping[str, Any]) -> dict[str, str | None]:
    return {f"setting {name}": json.dumps(value, sort_keys=True) for name, value in spec.items()}


def _module_sha256(spec: TrainingSpec) -> str | None:
    if isinstance(spec.model, ModuleModel):
        file = spec.models_dir.joinpath(*spec.model.name.split(".")).with_suffix(".py")
    elif isinstance(spec.model, ScriptModel):
        file = spec.models_dir / spec.model.name
    else:
        return None
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _installed_versions(names: Iterable[str]) -> dict[str, str | None]:
    # Not by importing them: a manifest must not choose what is run here.
    distributions = packages_distributions()
    return {name: version(distributions[name][0]) if name in distributions else None for name in names}
