"""The environment variables that a training script sees."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from refinery.project import LIBRARY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# What programs need to find files and libraries, to write text, and to use their cores and devices.
_PASSED_ON = re.compile(
    r"PATH|PYTHONPATH|PYTHONHASHSEED|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|VIRTUAL_ENV|CONDA_PREFIX"
    r"|HOME|USER|LOGNAME|TMPDIR|TMP|TEMP|XDG_\w+|MPLBACKEND|MPLCONFIGDIR"
    r"|LANG|LANGUAGE|LC_\w+|TZ"
    r"|\w+_NUM_THREADS|OPENBLAS_\w+|KMP_\w+|JOBLIB_\w+|LOKY_\w+"
    r"|CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES|CUDA_HOME"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE"
)
_CHANNEL = "train"
_HOST = "algo-1"


def child_environment(project: Path) -> dict[str, str]:
    """Return the part of this process's environment that a script needs: no keys, tokens or Airflow settings.

    Args:
        project: The root folder of the project.
    """
    passed = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    # A script may import the project's modules by the names under which pickles find their classes.
    passed["PYTHONPATH"] = os.pathsep.join(
        filter(None, (*_python_path(passed.get("PYTHONPATH", "")), str(project)))
    )
    # Lines must reach the log when they are printed, and bytecode must not reach the models folder.
    return passed | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}


def _python_path(inherited: str) -> list[str]:
    """Leave out the library's folder: what lies beside it must not hide a package that the script imports."""
    return [entry for entry in inherited.split(os.pathsep) if entry != str(LIBRARY)]


def sagemaker_variables(
    *, script: Path, dataset_dir: Path, model_dir: Path, params: Mapping[str, Any], flags: Sequence[str]
) -> dict[str, str]:
    """Return the variables that scripts made for SageMaker read: one host, one channel, only visible devices.

    Args:
        script: The script's file.
        dataset_dir: The folder of the dataset.
        model_dir: The folder for the model and everything else that the script writes.
        params: The hyperparameters.
        flags: The hyperparameters as command-line flags.
    """
    values: dict[str, Any] = {
        "SM_MODEL_DIR": str(model_dir),
        "SM_OUTPUT_DIR": str(model_dir),
        "SM_OUTPUT_DATA_DIR": str(model_dir),
        "SM_INPUT_DIR": str(dataset_dir),
        "SM_CHANNELS": [_CHANNEL],
        "SM_CHANNEL_TRAIN": str(dataset_dir),
        "SM_CHANNEL_TRAINING": str(dataset_dir),
        "SM_HPS": dict(params),
        "SM_USER_ARGS": list(flags),
        "SM_HOSTS": [_HOST],
        "SM_CURRENT_HOST": _HOST,
        "SM_NUM_CPUS": os.cpu_count() or 1,
        "SM_NUM_GPUS": 0,
        "SM_MODULE_NAME": script.stem,
        "SM_MODULE_DIR": str(script.parent),
        "SM_USER_ENTRY_POINT": script.name,
        "SM_FRAMEWORK_PARAMS": {},
        "SM_RESOURCE_CONFIG": {"current_host": _HOST, "hosts": [_HOST]},
        "SM_LOG_LEVEL": 20,
    }
    values |= {f"SM_HP_{name.upper()}": value for name, value in params.items()}
    return {name: value if isinstance(value, str) else _as_json(value) for name, value in values.items()}


def _as_json(value: object) -> str:
    return "" if value is None else json.dumps(value, default=str)
