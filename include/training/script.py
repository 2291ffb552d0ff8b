"""Runs an already-made training script as it is, in a process of its own, and collects what it leaves."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from include.artifacts import MANIFEST_FILE, MODEL_FILE, MODEL_FILES
from include.training.child_process import run_child
from include.training.errors.script import (
    PlaceholderError,
    ScriptFailedError,
    ScriptNotFoundError,
    ScriptOutputError,
    ScriptTimeoutError,
)
from include.training.model_file import find_model_fault
from include.training.output import list_files
from include.training.script_environment import child_environment, sagemaker_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

METRICS_FILE = "metrics.json"
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """What a script has left.

    Attributes:
        files: Every file below the model's folder, with slashes, sorted.
        format: The format of the model's file where its name says one, as "pickle"; None where only the script's owner
            knows how to load it.
        metrics: What `metrics.json` holds, by name; numbers that are not finite among them.
        script_sha256: Hash of the script.
    """

    files: tuple[str, ...]
    format: str | None
    metrics: dict[str, float]
    script_sha256: str


def find_script(name: str, models_dir: Path) -> Path:
    """Give the script that a config names: a Python file in or below the models folder, nowhere else.

    Raises:
        ScriptNotFoundError: There is none of that name, or it leads out of the folder.
    """
    root = models_dir.resolve()
    relative = PurePosixPath(name)
    script = root / relative
    confined = not relative.is_absolute() and ".." not in relative.parts and "\\" not in name
    if confined and script.suffix == ".py" and script.is_file() and script.resolve().is_relative_to(root):
        return script
    scripts = [path.relative_to(root).as_posix() for path in sorted(root.rglob("[!_]*.py"))]
    raise ScriptNotFoundError(name, models_dir, scripts)


def run_script(
    script: Path,
    args: Sequence[str],
    env: Mapping[str, str],
    *,
    dataset: Path,
    model_dir: Path,
    params: Mapping[str, Any],
    timeout: float | None,
) -> ScriptResult:
    """Run a script with this Python, in the model's folder, and keep every file that it leaves there.

    It is told of its dataset and its output in the ways that scripts are used to: by placeholders in its arguments and
    variables, by params as flags, and by the variables of SageMaker. Of this process's environment it gets what
    `child_environment` passes on: paths, locale, and numbers of threads, but no keys and none of Airflow's settings.

    Args:
        script: The script's file, from `find_script`.
        args: Its arguments; `{dataset}`, `{model}`, `{dataset_dir}` and `{model_dir}` become paths.
        env: Variables to add, with the same placeholders.
        dataset: The dataset's file, or the folder of its files.
        model_dir: The folder for the model; made if it is not there.
        params: Flags to add after the arguments, as `--name value`.
        timeout: How long it may run, in seconds; None sets no limit.

    Raises:
        PlaceholderError: An argument or variable names a placeholder that does not exist.
        ScriptFailedError: It ended with another exit code than 0, or by a signal.
        ScriptTimeoutError: It ran for too long.
        ScriptOutputError: It left no file, a model that is none, or metrics that are none.
    """
    script, dataset, model_dir = script.absolute(), dataset.absolute(), model_dir.absolute()
    sha256 = hashlib.sha256(script.read_bytes()).hexdigest()
    paths = _placeholders(dataset, model_dir)
    flags = _flags(params)
    command = [sys.executable, str(script), *(_filled(script, arg, paths) for arg in args), *flags]
    variables = {name: _filled(script, value, paths) for name, value in env.items()}
    model_dir.mkdir(parents=True, exist_ok=True)
    known = sagemaker_variables(
        script=script, dataset_dir=Path(paths["dataset_dir"]), model_dir=model_dir, params=params, flags=flags
    )
    ended = run_child(command, env=child_environment() | known | variables, cwd=model_dir, timeout=timeout)
    if ended.timed_out and timeout is not None:
        raise ScriptTimeoutError(script, timeout, ended.last_lines)
    if ended.exit_code:
        raise ScriptFailedError(script, ended.exit_code, ended.last_lines)
    files = _collect(script, model_dir)
    model_format = next((name for name, file in MODEL_FILES.items() if file in files), None)
    return ScriptResult(files, model_format, _read_metrics(script, model_dir, files), sha256)


def _placeholders(dataset: Path, model_dir: Path) -> dict[str, str]:
    return {
        "dataset": str(dataset),
        "model": str(model_dir / MODEL_FILE),
        "dataset_dir": str(dataset if dataset.is_dir() else dataset.parent),
        "model_dir": str(model_dir),
    }


def _filled(script: Path, text: object, paths: Mapping[str, str]) -> str:
    def path_of(match: re.Match[str]) -> str:
        if match[1] not in paths:
            raise PlaceholderError(script, match[1], list(paths))
        return paths[match[1]]

    return _PLACEHOLDER.sub(path_of, str(text))


def _flags(params: Mapping[str, Any]) -> list[str]:
    """Spell params as SageMaker does: `--name value`, `-n value`, mappings as `key=value,key=value`."""
    flags = []
    for name, value in params.items():
        if isinstance(value, dict):
            text = ",".join(f"{key}={item}" for key, item in value.items())
        else:
            text = "" if value is None else str(value)
        flags += [f"--{name}" if len(name) > 1 else f"-{name}", text]
    return flags


def _collect(script: Path, model_dir: Path) -> tuple[str, ...]:
    files = list_files(model_dir)
    if not [name for name in files if name != METRICS_FILE]:
        advice = "write the model to {model} or into {model_dir}; both are known as SM_MODEL_DIR too"
        raise ScriptOutputError(script, f"the script left no file for the model: {advice}.")
    if MANIFEST_FILE in files:
        raise ScriptOutputError(
            script, f"the script wrote a {MANIFEST_FILE}, which Refinery writes: rename it."
        )
    for name in files:
        if not (model_dir / name).resolve().is_relative_to(model_dir.resolve()):
            raise ScriptOutputError(
                script, f"{name!r} is a link that leads out of the model's folder: copy the file."
            )
    for name in MODEL_FILES.values():
        if name in files and (fault := find_model_fault(model_dir / name)):
            raise ScriptOutputError(script, f"the script left a {name} that is no model: {fault}.")
    return tuple(files)


def _read_metrics(script: Path, model_dir: Path, files: Sequence[str]) -> dict[str, float]:
    if METRICS_FILE not in files:
        return {}
    try:
        metrics = json.loads((model_dir / METRICS_FILE).read_bytes())
    except ValueError as error:
        raise ScriptOutputError(script, f"{METRICS_FILE} is no JSON ({error}).") from error
    if not isinstance(metrics, dict):
        raise ScriptOutputError(script, f"{METRICS_FILE} is no mapping of metric names to numbers.")
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ScriptOutputError(
                script, f"in {METRICS_FILE} the metric {name!r} is {value!r:.60}, no number."
            )
    return {name: float(value) for name, value in metrics.items()}
