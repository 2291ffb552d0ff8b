"""The checks of a script's keys: its file, its arguments and its environment."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import WithJsonSchema

from refinery.config.models.base import Checked, is_number, refuse
from refinery.spec.artifacts import FORMAT_OF_SUFFIX
from refinery.wording import list_names, suggest_name

# Placeholders for the paths of a run in a script's arguments and environment.
PLACEHOLDERS = ("dataset", "model", "dataset_dir", "model_dir")

_PART = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
_SCRIPT = re.compile(rf"(?:{_PART}/)*{_PART}\.py")
_MODEL_FILE = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*\.[A-Za-z0-9]+")
_FLAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Through these a dataset could run in place of the script; two of Python's own are harmless and useful.
_DECIDES_WHAT_RUNS = re.compile(
    r"(?:LD|DYLD)_.*|PATH|BASH_ENV|PYTHON(?!HASHSEED$|UNBUFFERED$).*", re.IGNORECASE
)
# Only names in single braces; JSON's braces do not count.
_IN_BRACES = re.compile(r"\{[A-Za-z_]\w*\}(?!\})")


def is_script_name(value: object) -> bool:
    """Return whether a value may name a script below include/models/."""
    return isinstance(value, str) and bool(_SCRIPT.fullmatch(value))


def check_flags(params: Mapping[str, Any]) -> None:
    """Refuse parameters that cannot be a script's flags."""
    for name, value in params.items():
        if not _FLAG.fullmatch(name):
            refuse(
                f'"{name}" cannot be a flag of a script; use letters, digits, _ and -',
                "params",
                name,
                "[key]",
            )
        if not all(map(_is_scalar, value.values() if isinstance(value, dict) else (value,))):
            refuse(
                "becomes a flag of the script, so it must be text, a number, true, false or a mapping of these",
                "params",
                name,
            )


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | bool) or is_number(value)


def _check_script(name: str) -> None:
    if is_script_name(name):
        return
    if name.startswith("/") or ".." in name.split("/"):
        refuse(f'"{name}" is outside include/models/; write the path of a file below it')
    if not name.endswith(".py"):
        refuse(f'"{name}" is not a script; write the name of a file below include/models/, including .py')
    refuse(f'"{name}" is not a script; use only letters, digits, _ and - in file names')


def _check_placeholders(text: str) -> None:
    known = [f"{{{name}}}" for name in PLACEHOLDERS]
    for placeholder in _IN_BRACES.findall(text):
        if placeholder not in known:
            refuse(f'"{placeholder}" is not a placeholder{suggest_name(placeholder, known)}')


def _check_model_file(name: str) -> None:
    if not _MODEL_FILE.fullmatch(name):
        refuse(f'"{name}" is not a file in the model\'s folder; write a path below it, such as model.joblib')
    if PurePosixPath(name).suffix not in FORMAT_OF_SUFFIX:
        refuse(
            f'"{name}" cannot be loaded; a model file ends with {list_names(FORMAT_OF_SUFFIX)}. Without this key, '
            "Refinery keeps the script's files but does not load a model"
        )


def _check_variable_name(name: str) -> None:
    if not _VARIABLE.fullmatch(name):
        refuse(f'"{name}" is not a valid name; use letters, digits and _, and do not begin with a digit')
    if _DECIDES_WHAT_RUNS.fullmatch(name):
        refuse("decides which code runs, which a config must not do; remove it")


ModelFile = Annotated[str, Checked(_check_model_file, pattern=f"^{_MODEL_FILE.pattern}$")]
ScriptName = Annotated[str, Checked(_check_script, pattern=f"^{_SCRIPT.pattern}$")]
Filled = Annotated[str, Checked(_check_placeholders), WithJsonSchema({"type": "string"})]
VariableName = Annotated[str, Checked(_check_variable_name, pattern=f"^{_VARIABLE.pattern}$")]
