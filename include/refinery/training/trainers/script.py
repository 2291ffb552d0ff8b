"""Train with an unchanged script in a separate process, which writes the model and the metrics."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from refinery.project import find_project
from refinery.spec.artifacts import MANIFEST_FILE, MODEL_FILE, MODEL_FILES
from refinery.training.errors import TrainingError
from refinery.training.evaluation.scores import split_finite
from refinery.training.output.model_file import choose_model_file, find_model_fault, format_of_file
from refinery.training.output.publish import list_files
from refinery.training.output.result import FitResult
from refinery.training.user_code.child_process import run_child
from refinery.training.user_code.script_environment import child_environment, sagemaker_variables
from refinery.wording import ending, listed, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refinery.spec.training import ScriptModel, TrainingSpec
    from refinery.training.user_code.child_process import EndedChild

METRICS_FILE = "metrics.json"
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_NOT_MEASURED = (
    f"Not measured: the script left no metrics in {METRICS_FILE}, so the quality of the model is unknown. "
    'Write {"name": number} there, into the model\'s folder.'
)


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """What a script left.

    Attributes:
        files: Every file below the model's folder, with slashes, sorted.
        model_file: The file that holds the model; None where only the script's owner knows how to load it.
        metrics: The content of `metrics.json`, including numbers that are not finite.
        script_sha256: Hash of the script.
    """

    files: tuple[str, ...]
    model_file: str | None
    metrics: dict[str, float]
    script_sha256: str


def train_by_script(spec: TrainingSpec, model: ScriptModel, dataset: Path, model_dir: Path) -> FitResult:
    """Run a script, and keep every file that it writes to the model's folder.

    Raises:
        TrainingError: There is no such script, or it fails, as in `run_script`.
    """
    result = run_script(
        find_script(model.name, spec.models_dir),
        model.args,
        model.env,
        dataset=dataset,
        model_dir=model_dir,
        params=spec.params,
        timeout=spec.timeout,
        file=model.file,
    )
    metrics, left_out = split_finite(result.metrics)
    sections = {
        "format": format_of_file(result.model_file) if result.model_file else None,
        "script": {
            "sha256": result.script_sha256,
            "files": list(result.files),
            "model_file": result.model_file,
        },
    }
    return FitResult(metrics, left_out, sections, warnings=() if metrics else (_NOT_MEASURED,))


def find_script(name: str, models_dir: Path) -> Path:
    """Return the script that a config names: a Python file in or below the models folder.

    Raises:
        TrainingError: No script has that name, or it leads out of the folder.
    """
    root = models_dir.resolve()
    relative = PurePosixPath(name)
    script = root / relative
    confined = not relative.is_absolute() and ".." not in relative.parts and "\\" not in name
    if confined and script.suffix == ".py" and script.is_file() and script.resolve().is_relative_to(root):
        return script
    scripts = [path.relative_to(root).as_posix() for path in sorted(root.rglob("[!_]*.py"))]
    raise TrainingError(
        f"script: {quoted(name)} is not a Python script in {models_dir}{suggestion(name, scripts)} It has {listed(scripts)}."
    )


def run_script(
    script: Path,
    args: Sequence[str],
    env: Mapping[str, str],
    *,
    dataset: Path,
    model_dir: Path,
    params: Mapping[str, Any],
    timeout: float | None,
    file: str | None = None,
) -> ScriptResult:
    """Run a script with this Python, in the model's folder, and keep every file that it leaves there.

    It gets its dataset and output in the ways that scripts expect: placeholders in its arguments and variables, params as
    flags, and SageMaker's variables. Of this process's environment it gets what `child_environment` passes on: paths,
    locale and numbers of threads, but no keys and none of Airflow's settings.

    Args:
        script: The script's file, from `find_script`.
        args: Its arguments; `{dataset}`, `{model}`, `{dataset_dir}` and `{model_dir}` become paths.
        env: Variables to add, with the same placeholders.
        dataset: The dataset's file, or the folder of its files.
        model_dir: The folder for the model; made if it is not there.
        params: Flags to add after the arguments, as `--name value`.
        timeout: How long it may run, in seconds; None sets no limit.
        file: The file of its model, below the model's folder; None to find it.

    Raises:
        TrainingError: An argument or variable names a placeholder that does not exist; it ended with a nonzero exit code,
            or by a signal; it ran for too long; or it left no file, an invalid model, or invalid metrics.
    """
    script, dataset, model_dir = script.absolute(), dataset.absolute(), model_dir.absolute()
    sha256 = hashlib.sha256(script.read_bytes()).hexdigest()
    paths = _placeholders(dataset, model_dir)
    flags = _flags(params, script.read_text("utf-8", "replace"))
    command = [sys.executable, str(script), *(_filled(script, arg, paths) for arg in args), *flags]
    variables = {name: _filled(script, value, paths) for name, value in env.items()}
    model_dir.mkdir(parents=True, exist_ok=True)
    known = sagemaker_variables(
        script=script, dataset_dir=Path(paths["dataset_dir"]), model_dir=model_dir, params=params, flags=flags
    )
    ended = run_child(
        command,
        env=child_environment(find_project(script.parent).root) | known | variables,
        cwd=model_dir,
        timeout=timeout,
    )
    if ended.timed_out and timeout is not None:
        raise _failed(
            script,
            f"the script was ended after {timeout:g} seconds, its timeout.{_printed(ended)}",
        )
    if ended.exit_code:
        raise _failed(script, f"the script {ending(ended.exit_code)}.{_printed(ended)}")
    files = _collect(script, model_dir)
    model_file = _find_model(script, model_dir, files, file)
    return ScriptResult(files, model_file, _read_metrics(script, model_dir, files), sha256)


def _failed(script: Path, problem: str) -> TrainingError:
    return TrainingError(f"{script}: {problem}")


def _printed(ended: EndedChild) -> str:
    if not ended.last_lines:
        return " It printed nothing."
    return "\nIts last lines:\n" + "\n".join(f"  {line}" for line in ended.last_lines)


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
            braced = ", ".join(f"{{{name}}}" for name in paths)
            near = suggestion(match[1], paths)
            raise _failed(script, f"there is no placeholder {{{match[1]}}}{near} There are {braced}.")
        return paths[match[1]]

    return _PLACEHOLDER.sub(path_of, str(text))


def _flags(params: Mapping[str, Any], source: str) -> list[str]:
    """Return params as `--name value`, mappings as `key=value,key=value`."""
    flags = []
    for name, value in params.items():
        if isinstance(value, dict):
            text = ",".join(f"{key}={item}" for key, item in value.items())
        else:
            text = "" if value is None else str(value)
        flags += [_flag(name, source), text]
    return flags


def _flag(name: str, source: str) -> str:
    """Return `-n` for a name of one letter that the script knows only in this form, as SageMaker's may."""
    is_short = len(name) == 1 and re.search(rf"""["']-{name}["']""", source) is not None
    return f"-{name}" if is_short and not re.search(rf"""["']--{name}["']""", source) else f"--{name}"


def _collect(script: Path, model_dir: Path) -> tuple[str, ...]:
    files = list_files(model_dir)
    if not [name for name in files if name != METRICS_FILE]:
        advice = "write it to {model} or into {model_dir}, which SM_MODEL_DIR names too"
        raise _failed(script, f"the script did not write a model: {advice}.")
    if MANIFEST_FILE in files:
        raise _failed(script, f"the script wrote a {MANIFEST_FILE}, which Refinery writes: rename it.")
    for name in files:
        if not (model_dir / name).resolve().is_relative_to(model_dir.resolve()):
            raise _failed(
                script, f"{quoted(name)} is a link that leads out of the model's folder: copy the file."
            )
    return tuple(files)


def _find_model(script: Path, model_dir: Path, files: Sequence[str], file: str | None) -> str | None:
    """Return the file that holds the model; None where only the script's owner knows how to load it."""
    if file is not None and file not in files:
        left = listed(name for name in files if name != METRICS_FILE)
        raise _failed(script, f'model.file is "{file}", and the script left {left}: name one of these.')
    model_file = file or choose_model_file(files)
    for name in dict.fromkeys((*MODEL_FILES.values(), *([model_file] if model_file else []))):
        if name in files and (fault := find_model_fault(model_dir / name)):
            raise _failed(script, f"the script left a {name} that is not a model: {fault}.")
    return model_file


def _read_metrics(script: Path, model_dir: Path, files: Sequence[str]) -> dict[str, float]:
    if METRICS_FILE not in files:
        return {}
    try:
        metrics = json.loads((model_dir / METRICS_FILE).read_bytes())
    except ValueError as error:
        raise _failed(script, f"{METRICS_FILE} is not JSON ({error}).") from error
    if not isinstance(metrics, dict):
        raise _failed(script, f"{METRICS_FILE} is not a mapping of metric names to numbers.")
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _failed(
                script, f"in {METRICS_FILE} the metric {quoted(name)} is {value!r:.60}, not a number."
            )
    return {name: float(value) for name, value in metrics.items()}
