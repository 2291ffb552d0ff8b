"""Write the sections of a manifest that say how an estimator was trained and evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.training.data.columns import Roles
from refinery.training.evaluation.positive_class import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from refinery.spec.training import TrainingSpec
    from refinery.training.data.columns import Columns
    from refinery.training.evaluation.fitting import Fitted

# What skrub's transformers do to a column of text, categories or dates.
_WAYS = {
    "OneHotEncoder": "encoded with a column per category",
    "OrdinalEncoder": "encoded with a number per category",
    "ToCategorical": "taken as categories",
    "StringEncoder": "encoded as text, by its parts",
    "DatetimeEncoder": "turned into numbers such as the year and the month",
}
_SCALERS = ("SquashingScaler", "StandardScaler")
# The last step of a column that is dropped.
_DROPPING = "DropUninformative"
_GAPS = "missing values"


def describe_data(
    rows: int,
    dtypes: Mapping[str, Any],
    roles: Columns,
    dates: Mapping[str, str],
    *,
    typed: bool,
    dropped: int = 0,
) -> dict[str, Any]:
    """Describe the dataset.

    Args:
        rows: How many rows there are to learn from and to hold out.
        dtypes: pandas' type of each column.
        roles: The columns' roles; those of a task without a target have none.
        dates: The format of each column that was read as dates from texts or numbers.
        typed: Whether the files declare their columns' types, and have real nulls.
        dropped: How many rows without a value in the target are left out.
    """
    return {
        "rows": rows,
        **({"rows_without_target": dropped} if dropped else {}),
        "typed": typed,
        "columns": len(dtypes),
        **(
            {"target": {"name": roles.target, "dtype": str(dtypes[roles.target])}}
            if isinstance(roles, Roles)
            else {}
        ),
        "features": [_describe_feature(name, dtypes[name]) for name in roles.features],
        "left_out": roles.left_out,
        "dates": dict(dates),
    }


def _describe_feature(name: str, dtype: Any) -> dict[str, Any]:
    described = {"name": name, "dtype": str(dtype)}
    if dtype != "category":
        return described
    categories = [plain(value) for value in dtype.categories]
    is_plain = all(isinstance(value, str | int | float) for value in categories)
    return described | ({"categories": categories} if is_plain else {})


def describe_training(
    spec: TrainingSpec, fitted: Fitted, *, train_rows: int, test_rows: int, seeded: Sequence[str]
) -> dict[str, Any]:
    """Describe the split, the seeds, the contract and the evaluation.

    Args:
        spec: What was asked for.
        fitted: The evaluated model.
        train_rows: How many rows it learned from.
        test_rows: How many were held out.
        seeded: The estimator's params that were set to the seed.
    """
    stopping = fitted.fitted.stopping
    return {
        **({"fit": {"early_stopping": stopping}} if stopping else {}),
        **describe_split(spec, train_rows=train_rows, test_rows=test_rows, seeded=seeded),
        "evaluation": {
            "task": fitted.evaluation.task,
            "positive_class": plain(fitted.evaluation.positive),
            "definitions": fitted.evaluation.definitions,
            **({"weighted_by": spec.weight} if spec.weight is not None else {}),
            **fitted.fitted.decided,
            "lower_is_better": [metric.name for metric in fitted.metrics if not metric.higher_is_better],
        },
    }


def describe_split(
    spec: TrainingSpec, *, train_rows: int, test_rows: int, seeded: Sequence[str]
) -> dict[str, Any]:
    """Describe the split, the seeds and the contract, with the arguments of `describe_training`."""
    return {
        "split": {
            "test_size": spec.test_size,
            "random_state": spec.random_state,
            "stratify": bool(spec.stratify),
            "time_column": spec.time_column,
            # Only where it is set, so that the splits of earlier manifests stay equal to the same splits now.
            **({"group_column": spec.group_column} if spec.group_column is not None else {}),
            "train_rows": train_rows,
            "test_rows": test_rows,
        },
        "seeds": {"random_state": spec.random_state, "set_on_estimator": list(seeded)},
        "expect": {"rules": dict(spec.expect), "passed": True} if spec.expect else None,
    }


def describe_preparation(
    data: Mapping[str, Any],
    numbers: Iterable[str],
    model: Any = None,
    preprocess: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Return what was done to each feature; those that the model took as they are in the file are left out.

    Args:
        data: What the manifest says about the dataset: its features, and the format of each column read as dates.
        numbers: The columns that `source.numbers` names.
        model: The fitted model.
        preprocess: What `with_preprocessing` put before it; None where it put nothing.
    """
    done: dict[str, list[str]] = {feature["name"]: [] for feature in data["features"]}
    read = {name: f"read as dates ({date_format})" for name, date_format in data["dates"].items()}
    read |= dict.fromkeys(numbers, "read as numbers in the form of source.numbers")
    fitted = _fitted_ways(model, preprocess) if preprocess else ()
    for name, way in (*read.items(), *fitted):
        if name in done:
            done[name].append(way)
    return {name: ", ".join(ways) for name, ways in done.items() if ways}


def _fitted_ways(pipeline: Any, preprocess: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what skrub's fitted pipeline does to each column."""
    steps = {type(step).__name__: step for _, step in pipeline.steps}
    vectorizer, imputer = steps["TableVectorizer"], steps.get("SimpleImputer")
    scaled = any(name in steps for name in _SCALERS)
    for name, transformers in vectorizer.all_processing_steps_.items():
        names = [type(each).__name__ for each in transformers]
        if names == [_DROPPING]:
            yield name, "left out by the preparation, since it holds no values"
            continue
        yield from ((name, _WAYS[each]) for each in names if each in _WAYS)
        if imputer is not None and _GAPS in preprocess["columns"].get(name, ""):
            yield name, f"missing values filled with the {imputer.strategy.replace('_', ' ')}"
        if scaled and "PassThrough" in names:
            yield name, "scaled"
