"""The keys of the model: a module or script of the project or classes of libraries, their parameters, and how it is fitted."""

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from refinery.config.models.base import (
    INCOMPLETE,
    Checked,
    Items,
    Section,
    SparseSection,
    refuse,
    refuse_repeats,
)
from refinery.config.models.script import Filled, ModelFile, ScriptName, VariableName, check_flags
from refinery.config.models.search import Spaces
from refinery.config.yaml.scalars import with_scalar_keys
from refinery.spec.training import BATCH_ROWS, STOPPING_SHARE

# Exactly one of these keys names the model.
MODEL_KEYS = ("module", "class", "steps", "candidates", "script")

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_MODULE = re.compile(_NAME)
_CLASS = re.compile(rf"{_NAME}(?:\.{_NAME})+")
# "ridge.py" is a file and no class.
_CLASS_PATTERN = rf"(?!.*\.py$){_CLASS.pattern}"
_TYPE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def is_module_name(value: object) -> bool:
    """Return whether a value may name a module of include/models/."""
    return isinstance(value, str) and bool(_MODULE.fullmatch(value))


def is_class_path(value: object) -> bool:
    """Return whether a value is the dotted path of a class; whether the project allows its library is checked apart."""
    return isinstance(value, str) and bool(_CLASS.fullmatch(value))


def _check_module(name: str) -> None:
    if name.endswith(".py"):
        refuse(
            f'write the module\'s name without ".py": "{name.removesuffix(".py")}" (a script goes under "script")'
        )
    if _CLASS.fullmatch(name):
        refuse(f'"{name}" is not a module name; a library class goes under "class"')
    if not is_module_name(name):
        refuse(f'"{name}" is not a module name; write the name of a file in include/models/ without .py')


def _check_class(path: str) -> None:
    if not is_class_path(path):
        refuse(f'"{path}" is not a class path; write one such as sklearn.linear_model.Ridge')


def _check_type_name(name: str) -> None:
    if not _TYPE.fullmatch(name):
        refuse(f'"{name}" is not a type path; write one such as numpy.random.RandomState')


def _read_params(params: Any) -> Any:
    """Keep the names of params as text, and let the mappings below them have the keys that YAML reads."""
    if not isinstance(params, dict):
        return params
    return {name: with_scalar_keys(value) for name, value in params.items()}


Params = Annotated[dict[str, Any], BeforeValidator(_read_params)]
ModuleName = Annotated[str, Checked(_check_module, pattern=f"^{_NAME}$")]
ClassPath = Annotated[str, Checked(_check_class, pattern=f"^{_CLASS_PATTERN}$")]
TypeName = Annotated[str, Checked(_check_type_name, pattern=f"^{_TYPE.pattern}$")]


class StepConfig(Section):
    """One step of a pipeline of library classes."""

    class_: ClassPath = Field(
        alias="class",
        description="A class of an allowed library: a transformer or a sampler, and in the last step a regressor or a classifier.",
        examples=["sklearn.preprocessing.StandardScaler"],
    )
    params: Params = Field(
        default={}, description="Arguments of the class. Texts may contain templates.", examples=[{"C": 0.5}]
    )
    search: Spaces = Field(
        default={},
        description="Arguments to search for: a range (`1..10`, `0.01..1 log`) or a list of choices.",
        examples=[{"C": "0.001..100 log"}],
    )

    @model_validator(mode="after")
    def _check_search(self) -> Self:
        _refuse_both(self.params, self.search)
        return self


class CandidateConfig(Section):
    """One of the models to choose from: a library class, or a pipeline of such classes."""

    class_: ClassPath | None = Field(
        default=None,
        alias="class",
        description="A class of an allowed library.",
        examples=["lightgbm.LGBMClassifier"],
    )
    steps: Items[StepConfig] = Field(
        default=(),
        description="A pipeline of classes, each with its own `params` and `search`; the last one is the estimator.",
        examples=[
            [{"class": "sklearn.preprocessing.StandardScaler"}, {"class": "sklearn.linear_model.Lasso"}]
        ],
    )
    params: Params = Field(
        default={}, description="Fixed arguments of the class.", examples=[{"n_estimators": 300}]
    )
    search: Spaces = Field(
        default={},
        description="Arguments of the class to search for: a range of whole numbers (`15..255`) or of real ones (`0.1..0.9`), with `log` to try each "
        "order of magnitude as often as any other, or a list of choices.",
        examples=[{"num_leaves": "15..255 log", "max_depth": [3, 5, 8, None]}],
    )

    @property
    def class_paths(self) -> tuple[str, ...]:
        """The path of its class, or of each step's."""
        return (self.class_,) if self.class_ else tuple(step.class_ for step in self.steps)

    @property
    def is_searched(self) -> bool:
        """Whether arguments are searched for."""
        return bool(self.search) or any(step.search for step in self.steps)

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        if self.class_ and self.steps:
            refuse("sets class and steps; keep one", "steps")
        if not self.class_ and not self.steps:
            refuse('does not name a class; add "class" or "steps"', kind=INCOMPLETE)
        if self.steps:
            _refuse_params_beside_steps(self.params, self.search)
        _refuse_both(self.params, self.search)
        return self


def _refuse_params_beside_steps(params: dict[str, Any], search: dict[str, Any]) -> None:
    for key, given in (("params", params), ("search", search)):
        if given:
            refuse("belongs to a step: write it below the class that it is for", key)


def _refuse_both(params: dict[str, Any], search: dict[str, Any]) -> None:
    for name in search:
        if name in params:
            refuse("is also fixed in params; remove it from one of the two", "search", name)


class ModelConfig(Section):
    """The model: exactly one of a module of the project, a library class, a pipeline of such classes, candidates, and a script of the project."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "type": "string",
            "pattern": f"^(?:{_NAME}|{_CLASS_PATTERN})$",
        },
    )

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [key]} for key in MODEL_KEYS],
            "dependentRequired": {
                "args": ["script"],
                "env": ["script"],
                "file": ["script"],
                "search": ["class"],
            },
        }
    )

    module: ModuleName | None = Field(
        default=None,
        description="A module of `include/models/`, by its file name without `.py`. It defines one of "
        "`build_model(**params)`, `fit(X, y, **params)` and `train(dataset_path, model_path, **params)`.",
        examples=["random_forest"],
    )
    class_: ClassPath | None = Field(
        default=None,
        alias="class",
        description="A class of an allowed library, by its dotted path: scikit-learn (`sklearn`), `xgboost`, `lightgbm`, `catboost`, "
        "imbalanced-learn (`imblearn`), or what `libraries` in `[tool.refinery]` lists.",
        examples=["sklearn.linear_model.Ridge", "xgboost.XGBClassifier"],
    )
    steps: Items[StepConfig] = Field(
        default=(),
        description="A pipeline of classes of allowed libraries; the last one is the estimator.",
        examples=[
            [
                {"class": "imblearn.over_sampling.SMOTE"},
                {"class": "sklearn.linear_model.LogisticRegression", "params": {"C": 0.5}},
            ]
        ],
    )
    candidates: Items[CandidateConfig] = Field(
        default=(),
        description="Models from which a search chooses the best one, the simplest first: the others must beat it. The winner is fitted to all "
        "training rows, and measured once on those held out.",
        examples=[
            [
                {"class": "sklearn.linear_model.LogisticRegression"},
                {"class": "lightgbm.LGBMClassifier", "search": {"num_leaves": "15..255 log"}},
            ]
        ],
    )
    search: Spaces = Field(
        default={},
        description="Arguments of the class to search for, as for one of `candidates`.",
        examples=[{"alpha": "0.001..100 log"}],
    )
    script: ScriptName | None = Field(
        default=None,
        description="A script below `include/models/`, run unchanged in a separate process.",
        examples=["churn_legacy.py"],
    )
    params: Params = Field(
        default={},
        description="Arguments of the module's function or the class; for a script, flags after its `args` (`--name value`). "
        "Texts may contain templates.",
        examples=[{"n_estimators": 200}],
    )
    args: Items[Filled] = Field(
        default=(),
        description="The script's arguments. `{dataset}`, `{model}`, `{dataset_dir}` and `{model_dir}` stand for the paths of a run; "
        "templates are allowed.",
        examples=[["--data", "{dataset}", "--out", "{model}"]],
    )
    env: dict[VariableName, Filled] = Field(
        default={},
        description="Environment variables of the script. Placeholders and templates are allowed, secrets are not.",
        examples=[{"OMP_NUM_THREADS": "2"}],
    )
    file: ModelFile | None = Field(
        default=None,
        description="The file in the model's folder to which a script writes its model, and from which it is loaded. Default: "
        "`model.pkl`, `model.skops` or `model.onnx`, or the only model file there.",
        examples=["model.joblib"],
    )
    format: Literal["pickle", "skops", "onnx"] = Field(
        default="pickle",
        description="The format of the model file: `pickle`, `skops` (safe to load) or `onnx` (for other languages). A script writes "
        "its own file.",
        examples=["skops"],
    )
    trusted: Items[TypeName] = Field(
        default=(),
        description="Types that the model file may contain in addition to those that skops trusts.",
        examples=[["numpy.random.RandomState"]],
    )

    @property
    def name(self) -> str:
        """The name of the module, the path of the class or script, or the path of each step's class, or of each candidate's."""
        if self.candidates:
            return " or ".join(" > ".join(one.class_paths) for one in self.candidates)
        return self.module or self.script or " > ".join(self.class_paths)

    @property
    def class_paths(self) -> tuple[str, ...]:
        """The paths of the library classes that the model is made of, or may be."""
        if self.candidates:
            return tuple(path for one in self.candidates for path in one.class_paths)
        return (self.class_,) if self.class_ else tuple(step.class_ for step in self.steps)

    @property
    def is_searched(self) -> bool:
        """Whether a search chooses the model or its params."""
        return bool(self.candidates or self.search) or any(step.search for step in self.steps)

    @property
    def searches_params(self) -> bool:
        """Whether the search has params to try, and not only candidates as they are."""
        if self.candidates:
            return any(one.is_searched for one in self.candidates)
        return self.is_searched

    def count_trials(self, most: int) -> int:
        """Return how many trials a search makes, of at most so many: without params to search for, one of each candidate."""
        return most if self.searches_params else len(self.candidates)

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        given = [key for key in MODEL_KEYS if getattr(self, "class_" if key == "class" else key)]
        if len(given) > 1:
            refuse(f"sets {' and '.join(given)}; keep one", given[-1])
        if not given:
            refuse(
                'does not name a model; add "module" (a file in include/models/), "class" (such as sklearn.linear_model.Ridge), '
                '"steps" (a list of classes), "candidates" (models to choose from) or "script" (such as churn.py)',
                kind=INCOMPLETE,
            )
        return self

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        if self.steps:
            _refuse_params_beside_steps(self.params, self.search)
        return self

    @model_validator(mode="after")
    def _check_search(self) -> Self:
        for key, given in (("params", self.params), ("search", self.search)):
            if self.candidates and given:
                refuse("belongs to a candidate: write it below the class that it is for", key)
        if self.search and not self.class_ and not self.steps:
            refuse("works with a library class only; search in the module or script itself", "search")
        _refuse_both(self.params, self.search)
        if len(self.candidates) == 1 and not self.candidates[0].is_searched:
            refuse(
                'has one candidate and nothing to search for; name it with "class", or give it a "search"',
                "candidates",
            )
        return self

    @model_validator(mode="after")
    def _check_script(self) -> Self:
        if self.script:
            check_flags(self.params)
            if self.format != "pickle":
                refuse("does not apply to scripts, which write their own files; remove it", "format")
        for key in () if self.script else ("args", "env"):
            if getattr(self, key):
                refuse(
                    f"applies only to scripts; use params for a {'module' if self.module else 'class'}", key
                )
        if self.file and not self.script:
            refuse(
                "applies only to scripts; other models use the file name of their format, so remove it",
                "file",
            )
        return self

    @model_validator(mode="after")
    def _check_trusted(self) -> Self:
        if self.trusted and self.format != "skops":
            refuse(
                f"applies only to the format skops, but the format is {self.format}; remove it or set format: skops",
                "trusted",
            )
        refuse_repeats(self.trusted, "trusted")
        return self


class EarlyStoppingConfig(Section):
    """When a fit in rounds stops early."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": "integer", "minimum": 1},)

    rounds: int = Field(
        ge=1,
        le=100_000,
        description="The fit stops after this many rounds without improvement on the rows set aside.",
        examples=[50],
    )
    share: float = Field(
        default=STOPPING_SHARE,
        gt=0,
        lt=1,
        description="The share of the training rows to set aside, never of the held-out ones: whole groups with `group_column`, the latest rows "
        "with `time_column`, else at random and with each class.",
        examples=[0.2],
    )


class FitConfig(SparseSection):
    """How the model is fitted."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"enum": ["whole", "incremental"]},)

    mode: Literal["whole", "incremental"] = Field(
        default="whole",
        description="`whole` loads the dataset into memory; `incremental` streams it through the estimator's `partial_fit`, for data larger "
        "than memory.",
        examples=["incremental"],
    )
    batch_rows: int = Field(
        default=BATCH_ROWS,
        ge=100,
        le=100_000_000,
        description="The batch size of `incremental`, in rows. It affects the result, since the estimator learns batch by batch.",
        examples=[20_000],
    )
    early_stopping: EarlyStoppingConfig | None = Field(
        default=None,
        description="Stops the fit of a boosting class (`xgboost`, `lightgbm`, `catboost`, scikit-learn's `HistGradientBoosting...`) when more rounds "
        "no longer help on a part of the training rows. The number of rounds, or these keys.",
        examples=[50, {"rounds": 50, "share": 0.2}],
    )

    @model_validator(mode="after")
    def _check_early_stopping(self) -> Self:
        if self.early_stopping and self.mode == "incremental":
            refuse(
                "does not work with mode: incremental, which learns batch by batch; remove one of the two",
                "early_stopping",
            )
        return self
