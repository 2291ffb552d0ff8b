"""The inputs of a model (dataset, config, code, settings, Python and libraries), and which of them have changed since."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.registry.errors import RegistryError
from refinery.registry.manifest import read_promoted
from refinery.registry.promotion import read_latest
from refinery.registry.recorded_spec import SPEC, read_sections, record_spec
from refinery.spec.errors import SpecError
from refinery.training import (
    ModuleModel,
    ScriptModel,
    TrainingSpec,
    hash_used_files,
    installed_versions,
    without_standard_modules,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_s3 import S3Client

    from refinery.spec.series import ModelSeries

# The first digits identify a hash; a setting may be long.
_MOST_SHOWN = 60
_HASHES = ("dataset", "config", "module", "file ")


@dataclass(frozen=True, slots=True)
class InputDifference:
    """An input that has changed.

    Attributes:
        name: Which: "dataset", "config", "module", "file helpers.py", "python", "library numpy", "setting model.params".
        recorded: What the manifest says: a SHA-256, a version, or a value as JSON; None if it says nothing.
        present: What it is now; None if it is not there.
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


@dataclass(frozen=True, slots=True)
class InputChanges:
    """What has changed since the latest model was made.

    Attributes:
        latest: The latest model's prefix; None if there is none, or it cannot be read.
        differences: The inputs that have changed.
        problem: Why there is nothing to compare with; empty if there is.
    """

    latest: str | None
    differences: tuple[InputDifference, ...] = ()
    problem: str = ""

    @property
    def unchanged(self) -> bool:
        """Return whether a training would only make the latest model again."""
        return self.latest is not None and not self.differences

    def __str__(self) -> str:
        if self.latest is None:
            return self.problem
        if self.unchanged:
            return f"Dataset, config, module and environment are the same as for {self.latest}, the latest model."
        return f"Changed since {self.latest}: {'; '.join(map(str, self.differences))}."


def recorded_inputs(manifest: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the inputs that a manifest names, each as a text that changes whenever the input does."""
    provenance, environment = manifest.get("provenance") or {}, manifest.get("environment") or {}
    model = manifest.get("model") or {}
    return {
        "dataset": (provenance.get("dataset") or {}).get("sha256"),
        "config": (provenance.get("config") or {}).get("sha256"),
        "module": (manifest.get("script") or {}).get("sha256") or model.get("module_sha256"),
        **_used_files(model.get("files") or {}),
        "python": environment.get("python"),
        **_libraries(_recorded_libraries(environment)),
        **_recorded_settings(provenance.get(SPEC)),
    }


def present_inputs(
    spec: TrainingSpec, *, dataset_sha256: str, config_sha256: str | None, libraries: Iterable[str]
) -> dict[str, str | None]:
    """Return the inputs that a training has now.

    Args:
        spec: Its settings.
        dataset_sha256: The SHA-256 of its dataset, as in the dataset's identity.
        config_sha256: The SHA-256 of its config's text.
        libraries: The libraries whose versions count, by the names that they are imported under.
    """
    return {
        "dataset": dataset_sha256,
        "config": config_sha256,
        "module": _module_sha256(spec),
        **_used_files(hash_used_files(spec)),
        "python": platform.python_version(),
        **_libraries(installed_versions(libraries)),
        **_settings(spec),
    }


def find_differences(
    recorded: Mapping[str, str | None], present: Mapping[str, str | None]
) -> tuple[InputDifference, ...]:
    """Return the inputs that have changed."""
    return tuple(
        InputDifference(name, recorded.get(name), present.get(name))
        for name in {**recorded, **present}
        if recorded.get(name) != present.get(name)
    )


def find_changes(
    series: ModelSeries,
    spec: TrainingSpec,
    *,
    dataset: Mapping[str, Any],
    config_sha256: str | None,
    params: Mapping[str, str | None] | None = None,
    client: S3Client,
) -> InputChanges:
    """Compare a training's inputs with those of the latest promoted model: dataset, config, params, module, settings, environment.

    If the latest model cannot be read, or its manifest is not the one that was promoted, everything counts as changed.

    Args:
        series: The pipeline's models.
        spec: The training's settings.
        dataset: The dataset's identity: the result of `describe_dataset`.
        config_sha256: The SHA-256 of the config's text.
        params: The run's params, as of `recorded_params`; None if it has none.
        client: The client for the bucket.

    Raises:
        RemoteError: S3 refused, failed or could not be reached.
    """
    try:
        latest = read_latest(series, client=client)
        if latest is None:
            return InputChanges(None, problem="No model has been promoted yet.")
        stored = read_promoted(latest, client=client)
    except RegistryError as error:
        return InputChanges(None, problem=str(error))
    present = present_inputs(
        spec,
        dataset_sha256=dataset["sha256"],
        config_sha256=config_sha256,
        libraries=libraries_of(stored.content),
    )
    recorded = {
        **recorded_inputs(stored.content),
        **recorded_params(stored.content.get("provenance") or {}),
    }
    return InputChanges(str(stored.prefix), find_differences(recorded, {**present, **(params or {})}))


def recorded_params(provenance: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the params of a run; of one that is the run's date only that, so that a later run is not another for it.

    Args:
        provenance: The provenance in a manifest.
    """
    run, params = provenance.get("run") or {}, provenance.get("params") or {}
    day = str(run.get("logical_date") or run.get("run_after") or "")[:10]
    return {
        f"param {name}": "the date of the run" if value == day else json.dumps(value)
        for name, value in params.items()
    }


def libraries_of(manifest: Mapping[str, Any]) -> list[str]:
    """Return the libraries whose versions a manifest records."""
    return list(_recorded_libraries(manifest.get("environment") or {}))


def _recorded_libraries(environment: Mapping[str, Any]) -> dict[str, str]:
    """Return the libraries that an environment records; some manifests record modules of the standard library too."""
    recorded = environment.get("libraries") or {}
    return {name: recorded[name] for name in without_standard_modules(recorded)}


def _libraries(versions: Mapping[str, str | None]) -> dict[str, str | None]:
    return {f"library {name}": found for name, found in versions.items()}


def _used_files(hashes: Mapping[str, str]) -> dict[str, str | None]:
    return {f"file {path}": sha256 for path, sha256 in hashes.items()}


def _recorded_settings(recorded: Any) -> dict[str, str | None]:
    """Return the settings that a manifest records; none if this version does not know them."""
    try:
        return _settings(TrainingSpec.from_dict(read_sections(recorded), Path()))
    except (KeyError, TypeError, ValueError, AttributeError, SpecError):
        return {}


def _settings(spec: TrainingSpec) -> dict[str, str | None]:
    """Return the value of each key of a config that differs from its default, two levels deep."""
    return {
        f"setting {name}.{key}" if key else f"setting {name}": json.dumps(value, sort_keys=True)
        for name, section in record_spec(spec).items()
        for key, value in (section.items() if isinstance(section, dict) else [("", section)])
    }


def _module_sha256(spec: TrainingSpec) -> str | None:
    if isinstance(spec.model, ModuleModel):
        file = spec.models_dir.joinpath(*spec.model.name.split(".")).with_suffix(".py")
    elif isinstance(spec.model, ScriptModel):
        file = spec.models_dir / spec.model.name
    else:
        return None
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
