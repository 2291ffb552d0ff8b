"""The keys of the model: a module of the project or a class of a library, and its parameters."""

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field, model_validator

from include.config.keys.base import INCOMPLETE, Checked, Section, refuse

# Libraries whose classes a config may name. What stands here can be imported and called by whoever writes a config.
ALLOWED_CLASSES = ("sklearn.",)

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_MODULE = re.compile(_NAME)
_CLASS = re.compile(rf"{_NAME}(?:\.{_NAME})+")
_ALLOWED_CLASS = rf"(?:{'|'.join(map(re.escape, ALLOWED_CLASSES))})(?:{_NAME}\.)*{_NAME}"


def is_module_name(value: object) -> bool:
    """Tell whether a value may name a module of include/models/."""
    return isinstance(value, str) and bool(_MODULE.fullmatch(value))


def is_allowed_class(value: object) -> bool:
    """Tell whether a value is the path of a class that a config may name."""
    return isinstance(value, str) and bool(_CLASS.fullmatch(value)) and value.startswith(ALLOWED_CLASSES)


def _check_module(name: str) -> None:
    if name.endswith(".py"):
        refuse(f'write the module\'s name without ".py": "{name.removesuffix(".py")}"')
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


ModuleName = Annotated[str, Checked(_check_module, pattern=f"^{_NAME}$")]
ClassPath = Annotated[str, Checked(_check_class, pattern=f"^{_ALLOWED_CLASS}$")]


class ModelConfig(Section):
    """What is trained: a module of the project, or a class of a library."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "type": "string",
            "pattern": f"^(?:{_NAME}|{_ALLOWED_CLASS})$",
        },
    )

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["module"]}, {"required": ["class"]}]}
    )

    module: ModuleName | None = Field(
        default=None,
        description="A module of `include/models/`, by its file's name without `.py`.",
        examples=["random_forest"],
    )
    class_: ClassPath | None = Field(
        default=None,
        alias="class",
        description="A class of an allowed library, by its path.",
        examples=["sklearn.linear_model.Ridge"],
    )
    params: dict[str, Any] = Field(
        default={},
        description="What the module's function or the class is called with. Templates may stand in texts.",
        examples=[{"n_estimators": 200}],
    )

    @property
    def name(self) -> str:
        """The module's name or the class's path."""
        return self.module or self.class_ or ""

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        if self.module and self.class_:
            refuse("names both a module and a class; keep one", "class")
        if not self.name:
            refuse(
                'names no model; add "module" (a file of include/models/) or "class" (as sklearn.linear_model.Ridge)',
                kind=INCOMPLETE,
            )
        return self
