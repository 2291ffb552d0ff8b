"""The keys of the model: a module or script of the project or a class of a library, and its parameters."""

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from include.config.keys.base import INCOMPLETE, Checked, Items, Section, refuse, refuse_repeats
from include.config.keys.script import Filled, ScriptName, VariableName, check_flags

# Libraries whose classes a config may name. What stands here can be imported and called by whoever writes a config.
ALLOWED_CLASSES = ("sklearn.",)

# The keys of which one names the model.
MODEL_KEYS = ("module", "class", "script")

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_MODULE = re.compile(_NAME)
_CLASS = re.compile(rf"{_NAME}(?:\.{_NAME})+")
_TYPE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_ALLOWED_CLASS = rf"(?:{'|'.join(map(re.escape, ALLOWED_CLASSES))})(?:{_NAME}\.)*{_NAME}"


def is_module_name(value: object) -> bool:
    """Tell whether a value may name a module of include/models/."""
    return isinstance(value, str) and bool(_MODULE.fullmatch(value))


def is_allowed_class(value: object) -> bool:
    """Tell whether a value is the path of a class that a config may name."""
    return isinstance(value, str) and bool(_CLASS.fullmatch(value)) and value.startswith(ALLOWED_CLASSES)


def _check_module(name: str) -> None:
    if name.endswith(".py"):
        refuse(
            f'write the module\'s name without ".py": "{name.removesuffix(".py")}" (a script goes under "script")'
        )
    if _CLASS.fullmatch(name):
        refuse(f'"{name}" is no module of include/models/; a class of a library goes under "class"')
    if not is_module_name(name):
        refuse(f'"{name}" is no module name; write the name of a file in include/models/ without .py')


def _check_class(path: str) -> None:
    if not _CLASS.fullmatch(path):
        refuse(f'"{path}" is no path of a class; write one as sklearn.linear_model.Ridge')
    if not is_allowed_class(path):
        allowed = ", ".join(prefix.rstrip(".") for prefix in ALLOWED_CLASSES)
        refuse(f'"{path}" is not allowed; a config may name classes of: {allowed}')


def _check_type_name(name: str) -> None:
    if not _TYPE.fullmatch(name):
        refuse(f'"{name}" is no path of a type; write one as numpy.random.RandomState')


ModuleName = Annotated[str, Checked(_check_module, pattern=f"^{_NAME}$")]
ClassPath = Annotated[str, Checked(_check_class, pattern=f"^{_ALLOWED_CLASS}$")]
TypeName = Annotated[str, Checked(_check_type_name, pattern=f"^{_TYPE.pattern}$")]


class ModelConfig(Section):
    """What is trained: exactly one of a module of the project, a class of a library, and a script of the project."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "type": "string",
            "pattern": f"^(?:{_NAME}|{_ALLOWED_CLASS})$",
        },
    )

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["module"]}, {"required": ["class"]}, {"required": ["script"]}],
            "dependentRequired": {"args": ["script"], "env": ["script"]},
        }
    )

    module: ModuleName | None = Field(
        default=None,
        description="A module of `include/models/`, by its file's name without `.py`. It defines one of "
        "`build_model(**params)`, `fit(X, y, **params)` and `train(dataset_path, model_path, **params)`.",
        examples=["random_forest"],
    )
    class_: ClassPath | None = Field(
        default=None,
        alias="class",
        description="A class of an allowed library, by its path.",
        examples=["sklearn.linear_model.Ridge"],
    )
    script: ScriptName | None = Field(
        default=None,
        description="A script below `include/models/`, run as it is in a process of its own.",
        examples=["churn_legacy.py"],
    )
    params: dict[str, Any] = Field(
        default={},
        description="What the module's function or the class is called with; of a script, flags after its `args` (`--name value`). "
        "Templates may stand in texts.",
        examples=[{"n_estimators": 200}],
    )
    args: Items[Filled] = Field(
        default=(),
        description="The script's arguments. `{dataset}`, `{model}`, `{dataset_dir}` and `{model_dir}` stand for the paths of a run; "
        "templates may stand in them.",
        examples=[["--data", "{dataset}", "--out", "{model}"]],
    )
    env: dict[VariableName, Filled] = Field(
        default={},
        description="Variables of the script's environment. Placeholders and templates may stand in them; secrets may not.",
        examples=[{"OMP_NUM_THREADS": "2"}],
    )
    format: Literal["pickle", "skops", "onnx"] = Field(
        default="pickle",
        description="The model file's format: `pickle`, `skops` (safe to load) or `onnx` (for other languages). A script writes "
        "its own file.",
        examples=["skops"],
    )
    trusted: Items[TypeName] = Field(
        default=(),
        description="Types beyond skops' own list that the model file may hold.",
        examples=[["numpy.random.RandomState"]],
    )

    @property
    def name(self) -> str:
        """The module's name, the class's path or the script's."""
        return self.module or self.class_ or self.script or ""

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        given = [key for key in MODEL_KEYS if getattr(self, "class_" if key == "class" else key)]
        if len(given) > 1:
            refuse(f"names a {' and a '.join(given)}; keep one", given[-1])
        if not given:
            refuse(
                'names no model; add "module" (a file of include/models/), "class" (as sklearn.linear_model.Ridge) '
                'or "script" (as churn.py)',
                kind=INCOMPLETE,
            )
        return self

    @model_validator(mode="after")
    def _check_script(self) -> Self:
        if self.script:
            check_flags(self.params)
            if self.format != "pickle":
                refuse("is not for scripts, which write their files themselves; remove it", "format")
        for key in () if self.script else ("args", "env"):
            if getattr(self, key):
                refuse(f"is for scripts; give a {'module' if self.module else 'class'} its params", key)
        return self

    @model_validator(mode="after")
    def _check_trusted(self) -> Self:
        if self.trusted and self.format != "skops":
            refuse(f"is for the format skops, and the format is {self.format}", "trusted")
        refuse_repeats(self.trusted, "trusted")
        return self
