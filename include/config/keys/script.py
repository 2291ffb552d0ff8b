"""What a config may say of a script: its file, its arguments and its environment."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import WithJsonSchema

from include.config.keys.base import Checked, is_number, refuse
from include.config.problems import suggest_name

# What stands for the paths of a run in what a script is given.
PLACEHOLDERS = ("dataset", "model", "dataset_dir", "model_dir")

_PART = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
_SCRIPT = re.compile(rf"(?:{_PART}/)*{_PART}\.py")
_FLAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Through these a dataset could be run in place of the script; two of Python's own are harmless and of use.
_DECIDES_WHAT_RUNS = re.compile(
    r"(?:LD|DYLD)_.*|PATH|BASH_ENV|PYTHON(?!HASHSEED$|UNBUFFERED$).*", re.IGNORECASE
)
# Names alone in single braces; JSON's braces are none.
_IN_BRACES = re.compile(r"\{[A-Za-z_]\w*\}(?!\})")


def is_script_name(value: object) -> bool:
    """Tell whether a value may name a script below include/models/."""
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
                "of a script is written as a flag, so it must be text, a number, true, false or a mapping of such",
                "params",
                name,
            )


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | bool) or is_number(value)


def _check_script(name: str) -> None:
    if is_script_name(name):
        return
    if name.startswith("/") or ".." in name.split("/"):
        refuse(f'"{name}" is outside include/models/; write a file\'s path below it')
    if not name.endswith(".py"):
        refuse(f'"{name}" is no script; write the name of a file below include/models/ with its .py')
    refuse(f'"{name}" is no script; file names may hold letters, digits, _ and -')


def _check_placeholders(text: str) -> None:
    known = [f"{{{name}}}" for name in PLACEHOLDERS]
    for placeholder in _IN_BRACES.findall(text):
        if placeholder not in known:
            refuse(f'"{placeholder}" is no placeholder{suggest_name(placeholder, known)}')


def _check_variable_name(name: str) -> None:
    if not _VARIABLE.fullmatch(name):
        refuse(f'"{name}" is no name; use letters, digits and _, with no digit first')
    if _DECIDES_WHAT_RUNS.fullmatch(name):
        refuse("decides which code runs, and a config may not")


ScriptName = Annotated[str, Checked(_check_script, pattern=f"^{_SCRIPT.pattern}$")]
Filled = Annotated[str, Checked(_check_placeholders), WithJsonSchema({"type": "string"})]
VariableName = Annotated[str, Checked(_check_variable_name, pattern=f"^{_VARIABLE.pattern}$")]
