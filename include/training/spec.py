"""What a training needs to be told, free of where it was written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.training.source_options import SourceOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModuleModel:
    """A module below the models folder.

    Attributes:
        name: Its path below that folder with dots for slashes, as "random_forest" or "team_a.churn".
    """

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ClassModel:
    """An estimator class of an allowed library.

    Attributes:
        path: Its dotted path, as "sklearn.linear_model.Ridge".
    """

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class ScriptModel:
    """A training script as it is, run in a process of its own.

    Attributes:
        name: Its path below the models folder, as "team_a/churn_legacy.py".
        args: Its arguments, with the placeholders of `run_script`.
        env: Variables to add to its environment, with the same placeholders.
    """

    name: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpec:
    """One training: which model learns what from a dataset, and how it is judged.

    Attributes:
        model: Where the model comes from.
        models_dir: The folder that module names are looked up in.
        params: Keyword arguments of the model's function or class.
        target: The column to predict, by name or position (negative from the end); None is the last one.
        features: The columns to learn from, in this order; None is all others.
        source: How to read the dataset.
        test_size: The share of the rows held out for evaluation, between 0 and 1.
        random_state: Seed of the split, and of the estimators that are given none.
        stratify: Whether each class of the target is held out by the same share.
        time_column: The column that tells when a row was: the last rows are held out then. It is no feature unless
            named in `features`. None holds rows out at random.
        cross_validation: The number of folds to measure the metrics' spread over, 2 or more; None measures none.
        metrics: Names of the metrics; None are the usual ones of the model's task.
        positive_class: Which of two classes counts as positive, as it stands in the data; None is the one that sorts last.
        require: Gates by metric, as {"mae": {"max": 60, "no_worse_than_latest": "10%"}}; see `gates`.
        gate: What a failed gate does: "fail" rejects the model, "warn" marks it.
        expect: The data contract; see `Contract.from_dict`.
        preprocess: "auto" makes text, categories, dates and gaps ready for a library's class, "none" does not.
        batch_rows: How many rows to learn from at once, from a dataset that is streamed; None reads it as a whole.
        model_format: The format of the model's file: "pickle", "skops" or "onnx".
        trusted: For skops, the full names of types that are known to be safe to load.
        timeout: How long a script may run, in seconds; None sets no limit.
    """

    model: ModuleModel | ClassModel | ScriptModel
    models_dir: Path
    params: Mapping[str, Any] = field(default_factory=dict)
    target: str | int | None = None
    features: tuple[str, ...] | None = None
    source: SourceOptions = field(default_factory=SourceOptions)
    test_size: float = 0.2
    random_state: int = 0
    stratify: bool = False
    time_column: str | None = None
    cross_validation: int | None = None
    metrics: Sequence[str] | None = None
    positive_class: str | float | bool | None = None
    require: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gate: str = "fail"
    expect: Mapping[str, Any] | None = None
    preprocess: str = "none"
    batch_rows: int | None = None
    model_format: str = "pickle"
    trusted: tuple[str, ...] = ()
    timeout: float | None = None
