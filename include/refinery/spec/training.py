"""The specification of a training, independent of where it was written."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.spec.errors import SpecError
from refinery.spec.json_keys import keep_keys, restore_keys
from refinery.spec.libraries import library_of
from refinery.spec.search import FOLDS, TRIALS
from refinery.spec.source_options import SourceOptions
from refinery.wording import shown, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# The default batch size of an incremental training, in rows.
BATCH_ROWS = 100_000
# The default share of the training rows that early stopping sets aside.
STOPPING_SHARE = 0.1
_INCREMENTAL = "incremental"
# The options below a config's `source`; `drop` is at the top level.
_READING = tuple(one.name for one in fields(SourceOptions) if one.name != "drop")


@dataclass(frozen=True, slots=True)
class ModuleModel:
    """A module below the models folder.

    Attributes:
        name: Its path below that folder with dots for slashes, such as "random_forest" or "team_a.churn".
    """

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ClassModel:
    """An estimator class of an allowed library.

    Attributes:
        path: Its dotted path, such as "sklearn.linear_model.Ridge".
    """

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pipeline of classes.

    Attributes:
        path: The dotted path of its class.
        params: Keyword arguments of the class.
        search: The values to try for further arguments, each as a config writes them; see `parse_space`.
    """

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepsModel:
    """A pipeline of classes of allowed libraries.

    Attributes:
        steps: Its steps; the last one is the estimator.
    """

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return " > ".join(step.path for step in self.steps)


@dataclass(frozen=True, slots=True)
class ScriptModel:
    """An unchanged training script, run in a separate process.

    Attributes:
        name: Its path below the models folder, such as "team_a/churn_legacy.py".
        args: Its arguments, with the placeholders of `run_script`.
        env: Variables to add to its environment, with the same placeholders.
        file: The model file that it writes, below the model's folder; None is one of `MODEL_FILES`, or the only model
            file there.
    """

    name: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the models that a search chooses from.

    Attributes:
        steps: Its classes: an estimator, or the steps of a pipeline that ends in one.
    """

    steps: tuple[Step, ...]

    @property
    def is_searched(self) -> bool:
        """Whether values of its params are searched."""
        return any(step.search for step in self.steps)

    def __str__(self) -> str:
        return " > ".join(step.path for step in self.steps)


@dataclass(frozen=True, slots=True)
class CandidatesModel:
    """Models of which a search chooses one, with its params.

    Attributes:
        candidates: The models, the simplest first.
    """

    candidates: tuple[Candidate, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.candidates))


Model = ModuleModel | ClassModel | StepsModel | CandidatesModel | ScriptModel


def _key(*path: str) -> dict[str, tuple[str, ...]]:
    """Return the metadata of a field whose config key is not its name at the top level."""
    return {"key": path}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpec:
    """One training: the model, what it learns from a dataset, and how it is evaluated.

    Attributes:
        model: The model's origin.
        models_dir: The folder in which module names are looked up.
        params: Keyword arguments of the model's function or class.
        task: "anomaly" or "clustering" for a model that learns no target; None where the model says what it does.
        target: The column to predict, by name or position (negative from the end); None is the last one.
        missing_target: How to treat rows without a target: "error", or "drop" to leave them out.
        features: The feature columns, in this order; None is all others.
        weight: The column with each row's weight in the fit and in the metrics; None weighs all rows the same.
        source: How to read the dataset.
        test_size: The share of the rows held out for evaluation, between 0 and 1.
        random_state: The seed of the split, and of estimators without one.
        stratify: Whether the same share of each class is held out.
        time_column: The column with each row's time, by which the last rows are held out. It is not a feature unless
            listed in `features`. None holds rows out at random.
        group_column: The column with each row's group, such as a customer: all rows of a group are learned from, or all
            are held out. It is not a feature unless listed in `features`.
        gap: The number of rows before the held-out ones that are left out of training and test.
        cross_validation: The number of folds, 2 or more, that show the metrics' spread; None disables it.
        metrics: Names of the metrics; None selects the default ones of the model's task.
        positive_class: Of two classes, the one that counts as positive, as in the data; None is the one that sorts last.
        threshold: Of two classes, the probability from which on the positive one is predicted; None for 0.5, or `maximize`.
        maximize: The metric for which folds of the training rows choose the threshold.
        calibrate: How such folds calibrate the probabilities: "isotonic" or "sigmoid"; None leaves them alone.
        require: Gates by metric, such as {"mae": {"max": 60, "no_worse_than_latest": "10%"}}; see `gates`.
        gate: What a failed gate does: "fail" rejects the model, "warn" marks it.
        expect: The data contract; see `Contract.from_dict`.
        preprocess: "auto" prepares text, categories, dates and missing values for a library class, "none" does not.
        batch_rows: The batch size of a streamed dataset, in rows; None reads the whole dataset.
        stopping_rounds: After how many rounds without improvement on rows set aside the fit stops; None disables it.
        stopping_share: The share of the training rows that is set aside for it.
        model_format: The format of the model's file: "pickle", "skops" or "onnx".
        trusted: For skops, the full names of types that are safe to load.
        search_by: The metric by which a search chooses among candidates; None is the usual one of the models' task.
        search_trials: How many models a search tries at most.
        search_minutes: After how many minutes it begins no further trial; None sets no limit.
        search_folds: In how many folds of the training rows each one is tried.
        timeout: How long a script may run, in seconds; None sets no limit.
    """

    model: Model
    models_dir: Path
    source: SourceOptions = field(default_factory=SourceOptions)
    params: Mapping[str, Any] = field(default_factory=dict, metadata=_key("model", "params"))
    model_format: str = field(default="pickle", metadata=_key("model", "format"))
    trusted: tuple[str, ...] = field(default=(), metadata=_key("model", "trusted"))
    task: str | None = None
    target: str | int | None = field(default=None, metadata=_key("target", "column"))
    missing_target: str = field(default="error", metadata=_key("target", "missing"))
    features: tuple[str, ...] | None = None
    weight: str | None = None
    test_size: float = field(default=0.2, metadata=_key("evaluate", "test_size"))
    random_state: int = field(default=0, metadata=_key("evaluate", "random_state"))
    stratify: bool = field(default=False, metadata=_key("evaluate", "stratify"))
    time_column: str | None = field(default=None, metadata=_key("evaluate", "time_column"))
    group_column: str | None = field(default=None, metadata=_key("evaluate", "group_column"))
    gap: int = field(default=0, metadata=_key("evaluate", "gap"))
    cross_validation: int | None = field(default=None, metadata=_key("evaluate", "cross_validation"))
    metrics: Sequence[str] | None = field(default=None, metadata=_key("evaluate", "metrics"))
    positive_class: str | float | bool | None = field(
        default=None, metadata=_key("evaluate", "positive_class")
    )
    threshold: float | None = field(default=None, metadata=_key("evaluate", "threshold", "value"))
    maximize: str | None = field(default=None, metadata=_key("evaluate", "threshold", "maximize"))
    calibrate: str | None = field(default=None, metadata=_key("evaluate", "calibrate"))
    require: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gate: str = "fail"
    expect: Mapping[str, Any] | None = None
    preprocess: str = "auto"
    batch_rows: int | None = field(default=None, metadata=_key("fit", "batch_rows"))
    stopping_rounds: int | None = field(default=None, metadata=_key("fit", "early_stopping", "rounds"))
    stopping_share: float = field(default=STOPPING_SHARE, metadata=_key("fit", "early_stopping", "share"))
    search_by: str | None = field(default=None, metadata=_key("search", "by"))
    search_trials: int = field(default=TRIALS, metadata=_key("search", "trials"))
    search_minutes: float | None = field(default=None, metadata=_key("search", "minutes"))
    search_folds: int = field(default=FOLDS, metadata=_key("search", "folds"))
    timeout: float | None = None

    @property
    def libraries(self) -> frozenset[str]:
        """The libraries of the classes that the model is made of, such as "sklearn"; none for other models."""
        match self.model:
            case ClassModel(path):
                return frozenset({library_of(path)})
            case StepsModel(steps):
                return frozenset(library_of(step.path) for step in steps)
            case CandidatesModel(candidates):
                return frozenset(library_of(step.path) for one in candidates for step in one.steps)
        return frozenset()

    @property
    def all_params(self) -> dict[str, Any]:
        """The params by name; those of a step follow the name of its class, such as "SMOTE.k_neighbors"."""
        if not isinstance(self.model, StepsModel):
            return dict(self.params)
        return {
            f"{step.path.rpartition('.')[2]}.{name}": value
            for step in self.model.steps
            for name, value in step.params.items()
        }

    def with_model(self, steps: Sequence[Step]) -> TrainingSpec:
        """Return the spec of the same training of one class, or of a pipeline of several, without a search."""
        chosen = {name: getattr(_DEFAULTS, name) for name in KEYS if name.startswith("search_")}
        if len(steps) == 1:
            return replace(self, model=ClassModel(steps[0].path), params=steps[0].params, **chosen)
        return replace(self, model=StepsModel(tuple(steps)), params={}, **chosen)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings that differ from their defaults, by the keys of a config and as JSON values."""
        sections: dict[str, Any] = {"model": _write_model(self.model)}
        if source := self.source.to_dict():
            drop = source.pop("drop", None)
            sections |= ({"source": source} if source else {}) | ({"drop": drop} if drop else {})
        default = TrainingSpec(model=self.model, models_dir=self.models_dir)
        for name, (*above, key) in KEYS.items():
            if getattr(self, name) != getattr(default, name):
                _section(sections, above)[key] = getattr(self, name)
        if self.batch_rows is not None:
            sections["fit"]["mode"] = _INCREMENTAL
        plain: dict[str, Any] = keep_keys(sections)
        return plain

    @classmethod
    def from_dict(cls, sections: Mapping[str, Any], models_dir: Path) -> TrainingSpec:
        """Read the result of `to_dict`, also after a round trip through JSON, without the checks of a config.

        Args:
            sections: The keys of a config that SECTIONS lists, and `timeout`; a missing key, None or an empty list means the
                default.
            models_dir: The folder in which module names are looked up.

        Raises:
            SpecError: A key is unknown, or the model is missing.
        """
        # A copy to consume, with lists in place of tuples.
        left: dict[str, Any] = restore_keys(keep_keys(dict(sections)))
        _gather_candidate(_section(left, ["model"]))
        given = {name: _take(_section(left, above), key) for name, (*above, key) in KEYS.items()}
        if _take(_section(left, ["fit"]), "mode") != _INCREMENTAL:
            given["batch_rows"] = None
        elif given["batch_rows"] is None:
            given["batch_rows"] = BATCH_ROWS
        options = {name: _take(_section(left, ["source"]), name) for name in _READING}
        spec = cls(
            model=_take_model(_section(left, ["model"])),
            models_dir=models_dir,
            source=SourceOptions(**_given({**options, "drop": _take(left, "drop")})),
            **_given(given),
        )
        _refuse_rest(left)
        return spec


# The config key of each field; model and source have their own notation.
KEYS: dict[str, tuple[str, ...]] = {
    one.name: one.metadata.get("key", (one.name,))
    for one in fields(TrainingSpec)
    if one.name not in ("model", "models_dir", "source")
}
_DEFAULTS = TrainingSpec(model=ModuleModel(""), models_dir=Path())
# The top-level keys of a config that define the training; the timeout there is that of each task.
SECTIONS = frozenset({"model", "source", "drop", *(key[0] for key in KEYS.values())} - {"timeout"})


def _section(sections: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """Return the mapping below a path; create it if missing."""
    for depth, name in enumerate(path, 1):
        sections = sections.setdefault(name, {})
        if not isinstance(sections, dict):
            place = ".".join(path[:depth])
            raise SpecError(f"training.{place}", f"is {shown(sections):.40}; write a mapping of keys.")
    return sections


def _take(section: dict[str, Any], key: str) -> Any:
    """Remove and return a value of a mapping; None if missing."""
    value = section.pop(key, None)
    return (tuple(value) or None) if isinstance(value, list) else value


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _write_model(model: Model) -> dict[str, Any]:
    match model:
        case ModuleModel(name):
            return {"module": name}
        case ClassModel(path):
            return {"class": path}
        case StepsModel(steps):
            return {"steps": [_write_step(step) for step in steps]}
        case CandidatesModel(candidates):
            return {"candidates": [_write_candidate(one) for one in candidates]}
        case ScriptModel(name, args, env, file):
            options = {"args": args, "env": env, "file": file}
            return {"script": name, **{key: value for key, value in options.items() if value}}


def _take_model(section: dict[str, Any]) -> Model:
    if module := _take(section, "module"):
        return ModuleModel(module)
    if path := _take(section, "class"):
        return ClassModel(path)
    if steps := _take(section, "steps"):
        return StepsModel(tuple(_take_step(f"model.steps.{index}", step) for index, step in enumerate(steps)))
    if candidates := _take(section, "candidates"):
        return CandidatesModel(
            tuple(_take_candidate(f"model.candidates.{index}", one) for index, one in enumerate(candidates))
        )
    if script := _take(section, "script"):
        options = {key: _take(section, key) for key in ("args", "env", "file")}
        return ScriptModel(script, **_given(options))
    raise SpecError(
        "training.model", 'does not name a model; add "module", "class", "steps", "candidates" or "script".'
    )


def _write_step(step: Step) -> dict[str, Any]:
    given = {"params": step.params, "search": step.search}
    return {"class": step.path, **{key: value for key, value in given.items() if value}}


def _write_candidate(candidate: Candidate) -> dict[str, Any]:
    steps = [_write_step(step) for step in candidate.steps]
    return steps[0] if len(steps) == 1 else {"steps": steps}


def _gather_candidate(model: dict[str, Any]) -> None:
    """Make one candidate of a class, or of steps, with params to search for."""
    steps = model.get("steps") or ()
    if model.get("search") or any(step.get("search") for step in steps if isinstance(step, dict)):
        keys = ("class", "params", "search", "steps")
        model["candidates"] = [{key: model.pop(key) for key in keys if model.get(key)}]


def _take_candidate(place: str, section: dict[str, Any]) -> Candidate:
    if steps := _take(section, "steps"):
        _refuse_rest({place: section})
        return Candidate(
            tuple(_take_step(f"{place}.steps.{index}", step) for index, step in enumerate(steps))
        )
    return Candidate((_take_step(place, section),))


def _take_step(place: str, section: dict[str, Any]) -> Step:
    path = _take(section, "class")
    given = {key: _take(section, key) for key in ("params", "search")}
    if not path:
        raise SpecError(f"training.{place}", 'does not name a class; add "class".')
    _refuse_rest({place: section})
    return Step(path, **_given(given))


def _refuse_rest(left: dict[str, Any]) -> None:
    """Refuse the first key that is left."""
    for key in _keys_in(left):
        known = map(".".join, KEYS.values())
        raise SpecError(f"training.{key}", f"unknown key{suggestion(key, known)}")


def _keys_in(section: dict[str, Any]) -> Iterator[str]:
    """Yield the dotted key of each value that is not itself a mapping of keys."""
    for name, value in section.items():
        if isinstance(value, dict):
            yield from (f"{name}.{key}" for key in _keys_in(value))
        else:
            yield name
