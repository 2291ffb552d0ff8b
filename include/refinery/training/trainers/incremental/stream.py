"""Prepare a dataset that is never in memory as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from refinery.training.data.dates import format_entry
from refinery.training.data.unusable_columns import unusable_columns
from refinery.training.errors import TrainingError
from refinery.training.evaluation.fit_rows import FittedRows
from refinery.training.evaluation.fitting import Fitted, check_task, evaluate_fitted
from refinery.training.evaluation.positive_class import check_positive_class, find_positive_class
from refinery.training.output.data_sections import describe_data
from refinery.training.trainers.incremental.estimators import fit_by_batches, incremental_problem
from refinery.training.trainers.incremental.scan import DatasetScan, read_scanned, scan_dataset
from refinery.training.trainers.incremental.stats import NUMBERS
from refinery.training.trainers.incremental.stream_split import StreamingSplit, most_rows_held_out
from refinery.training.trainers.prepared import Prepared, warn_of_values

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from refinery.spec.table_profile import TableProfile
    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.metrics import MetricChoice
    from refinery.training.evaluation.splitting import Split
    from refinery.training.models.estimators import Learner
    from refinery.training.output.extras import Profiler

_ADVICE = (
    "fit: incremental makes no columns ready: leave them out with drop or features, fill or encode them before, "
    "or bring a module whose Pipeline does it."
)


def prepare_stream(
    spec: TrainingSpec, learner: Learner, dataset: Path, choice: MetricChoice, profile: Profiler | None
) -> Prepared:
    """Scan the dataset, check it, and take the rows that are held out.

    The dataset is read once to scan it, once to take these rows, and once for each step that is fitted.

    Args:
        spec: What was asked for; its `batch_rows` are set.
        learner: The unfitted estimator.
        dataset: The dataset's file or folder.
        choice: The metrics that the config asks for.
        profile: As of `train_estimator`; it is given a sample of the rows.

    Raises:
        TrainingError: The dataset cannot be read or learned from, or the estimator cannot learn in batches.
    """
    _check_settings(spec)
    if problem := incremental_problem(learner.unfitted):
        raise TrainingError(f"{problem}.")
    batch_rows = spec.batch_rows or 0
    scan = scan_dataset(dataset, spec, batch_rows, learner.unfitted, choice)
    choice.for_task(scan.task)
    check_positive_class(spec.positive_class, scan.task)
    if scan.classes is not None:
        positive = find_positive_class(spec.positive_class, scan.roles.target, scan.classes)
        choice = replace(choice, positive=positive)
    _check_columns(learner, scan)
    streaming = StreamingSplit(
        partial(read_scanned, dataset, spec, batch_rows, scan),
        rows=scan.rows,
        columns=len(scan.roles.features),
        test_size=spec.test_size,
        random_state=spec.random_state,
    )
    split = streaming.sample(of_each_class=scan.classes is not None)
    check_task(learner.name, scan.task, split)
    texts = [name for name in scan.roles.features if scan.gaps[name] and scan.dtypes[name].kind == "O"]
    train_target, weights = _train_target(scan, split)
    return Prepared(
        learner,
        choice,
        split,
        partial(_fit, learner, streaming, scan, split, choice),
        train_rows=scan.rows - len(split.test_target),
        train_target=train_target,
        weights=weights,
        data=describe_data(
            scan.rows,
            scan.dtypes,
            scan.roles,
            scan.dates,
            typed=scan.typed,
            dropped=scan.dropped,
        ),
        preprocess=None,
        warnings=warn_of_values(
            spec, dataset, split.train_features, split.train_target, texts=texts, typed=scan.typed
        ),
        sections={"fit": {"mode": "incremental", "batch_rows": spec.batch_rows}, "preprocess": None},
        notes=_notes(spec, scan, split),
        profile=_profile(split, profile) if profile else None,
    )


def _fit(
    learner: Learner, streaming: StreamingSplit, scan: DatasetScan, split: Split, choice: MetricChoice
) -> Fitted:
    classes = None if scan.classes is None else list(scan.classes)
    model = fit_by_batches(learner, streaming.train_rows, classes)
    return evaluate_fitted(learner, FittedRows(model, model), scan.task, split, choice)


def reads_itself_error(model: str) -> TrainingError:
    """Return the error for a model whose code takes all rows, or reads them itself."""
    problem = f"{model} is a script, or defines train or fit, which take all rows together"
    return TrainingError(f"{problem}; remove fit: incremental, or define build_model.")


def _check_settings(spec: TrainingSpec) -> None:
    asked = {
        "evaluate.stratify": spec.stratify,
        "evaluate.time_column": spec.time_column,
        "evaluate.group_column": spec.group_column,
        "evaluate.cross_validation": spec.cross_validation,
        "weight": spec.weight,
    }
    if refused := [key for key, value in asked.items() if value]:
        raise TrainingError(
            f"{refused[0]} needs all rows together, and fit: incremental holds a batch of them; remove it."
        )
    if isinstance(spec.source.dates, tuple) and spec.source.dates:
        raise TrainingError(
            "source.dates without formats needs all rows together, and fit: incremental holds a batch of them; "
            f"give each column its format, such as {format_entry(spec.source.dates[0])}."
        )


def _check_columns(learner: Learner, scan: DatasetScan) -> None:
    """Check that a library's estimator gets numbers; what users' code builds may take anything."""
    from sklearn.utils import get_tags

    if learner.file is not None:
        return
    takes_gaps = get_tags(learner.unfitted).input_tags.allow_nan
    unusable = {
        name: str(scan.dtypes[name])
        for name in scan.roles.features
        if scan.dtypes[name].kind not in f"{NUMBERS}b"
    }
    if unusable:
        raise unusable_columns(learner.name, "columns that are not numbers", unusable, _ADVICE)
    gaps = {name: f"{scan.gaps[name]} of {scan.rows} rows" for name in scan.roles.features if scan.gaps[name]}
    if gaps and not takes_gaps:
        raise unusable_columns(learner.name, "missing values", gaps, _ADVICE)


def _train_target(scan: DatasetScan, split: Split) -> tuple[pd.Series[Any], list[int] | None]:
    """Return the values of the target among the training rows, and how many rows have each; of numbers, their mean."""
    import pandas as pd

    held_out = split.test_target
    if scan.classes is None:
        mean = (scan.target_mean * scan.rows - held_out.sum()) / (scan.rows - len(held_out))
        return pd.Series([mean]), None
    learned = Counter(scan.classes)
    learned.subtract(held_out.value_counts().to_dict())
    learned = +learned
    return pd.Series(list(learned)), list(learned.values())


def _notes(spec: TrainingSpec, scan: DatasetScan, split: Split) -> tuple[str, ...]:
    notes = [f"The dataset was read in batches of {spec.batch_rows} rows, and never held as a whole."]
    if scan.rows * spec.test_size > most_rows_held_out(len(scan.roles.features)):
        notes.append(
            f"{len(split.test_target)} rows were held out, as many as are sure to fit into memory, and not the {spec.test_size:g} "
            "that evaluate.test_size asks for; the model learned from all others."
        )
        notes.append("The card and the manifest (profile) describe the columns of a sample of its rows.")
    return tuple(notes)


def _profile(split: Split, profile: Profiler) -> TableProfile | None:
    import pandas as pd

    features = pd.concat([split.train_features, split.test_features], ignore_index=True)
    target = pd.concat([split.train_target, split.test_target], ignore_index=True)
    return profile(features.assign(**{str(target.name): target}), str(target.name))
