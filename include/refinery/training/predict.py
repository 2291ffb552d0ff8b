"""Predict new rows with a trained model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.spec.date_formats import ISO8601, may_be_iso
from refinery.spec.source_options import SourceOptions
from refinery.spec.tasks import UNSUPERVISED
from refinery.training.data.column_types import with_categories
from refinery.training.data.formats import choose_output_format
from refinery.training.data.learned_dates import as_learned
from refinery.training.data.raw_rows import JsonRows, TextRows, read_raw_rows, write_json_lines
from refinery.training.data.read import read_dataset
from refinery.training.errors import (
    ColumnNotFoundError,
    DateFormatError,
    FitError,
    TrainingError,
    unreadable,
)
from refinery.training.evaluation.model_output import (
    ask,
    ask_probabilities,
    ask_values,
    described_features,
    feature_names,
)
from refinery.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from refinery.training.data.raw_rows import RawRows

_TEXT = "str"
_NUMBERS = ("int", "uint", "float")
_TRUTH = "bool"
PREDICTION = "prediction"
SCORE = "prediction_score"


@dataclass(frozen=True, slots=True)
class PredictedFile:
    """A file's rows as they are, with a model's prediction for each.

    Attributes:
        rows: The rows.
        names: The names of their columns.
        predictions: `prediction`; for a model that learned no target, `prediction_score`; with probabilities, a column for each class,
            such as `probability_yes`.
    """

    rows: RawRows
    names: tuple[str, ...]
    predictions: pd.DataFrame

    @property
    def table(self) -> pd.DataFrame:
        """The cells as they are in the file, and the predictions in the last columns."""
        return self.rows.table(self.names).assign(**{str(k): v for k, v in self.predictions.items()})

    def lines(self) -> Iterator[str]:
        """Yield the rows with the predictions as text, in the file's own format; Parquet as CSV."""
        if isinstance(self.rows, TextRows):
            yield from self.rows.lines(self.predictions)
        elif isinstance(self.rows, JsonRows):
            yield from (f"{line}\n" for line in self.rows.extended(self.predictions))
        else:
            yield self.table.to_csv(index=False)

    def write(self, path: Path) -> None:
        """Write the rows with the predictions, in the format of the path's suffix or else the file's own.

        Raises:
            TrainingError: The name promises a format that is not written, or a prediction has letters that the encoding lacks.
        """
        wanted = choose_output_format(path, self.rows.format)
        try:
            self._write(path, wanted)
        except UnicodeEncodeError as error:
            letters = error.object[error.start : error.end][:20]
            problem = (
                f'"{letters}" of a prediction cannot be written in the encoding of the rows; write .parquet'
            )
            raise TrainingError(f"{path.name}: {problem}") from error

    def _write(self, path: Path, wanted: str) -> None:
        if wanted == self.rows.format:
            self.rows.write(self.predictions, path)
        elif wanted == "parquet":
            self.table.to_parquet(path, index=False)
        elif wanted == "jsonl":
            write_json_lines(self.table, path)
        else:
            self.table.to_csv(path, index=False, sep="\t" if wanted == "tsv" else ",")


def predict_file(
    model: Any, manifest: Mapping[str, Any], path: Path, *, probabilities: bool = False
) -> pd.DataFrame:
    """Predict each row of a file with `predict_rows`.

    Returns:
        The file's cells as they are, followed by `prediction` and the probabilities asked for.

    Raises:
        TrainingError: As for `predict_rows`.
    """
    return predict_rows(model, manifest, path, probabilities=probabilities).table


def predict_rows(
    model: Any, manifest: Mapping[str, Any], path: Path, *, probabilities: bool = False
) -> PredictedFile:
    """Predict each row of a file that is laid out as the model's dataset was; the target's column may be missing.

    The rows are read twice: for the model, as the training read its dataset, and as they are, for the output.

    Args:
        model: The model.
        manifest: Its manifest.
        path: The file.
        probabilities: Whether to add the probability of each class.

    Raises:
        DatasetError: The file cannot be read, lacks features, or holds text where the model learned numbers.
        FitError: The model refused the rows, or does not predict one usable value for each.
    """
    known = feature_names(model, manifest)
    options = _options_for(known, manifest)
    try:
        table = _read(path, options)
    except ColumnNotFoundError as error:  # the options name none but features
        missing = [name for name in known if name not in error.columns] or list(error.missing)
        raise ColumnNotFoundError(missing, "features", error.columns) from error
    features = known or list(table.columns)
    if missing := [name for name in features if name not in table.columns]:
        raise ColumnNotFoundError(missing, "features", list(table.columns))
    checked = _check_types(path, table[features], manifest)
    rows = read_raw_rows(path, options)
    if len(rows) != len(table):
        problem = f"its {len(table):,} rows cannot be matched with those in the file, of which there are {len(rows):,}"
        raise unreadable(path, f"{problem}; look for quotes and line breaks in its values")
    predictions = _predict(model, checked, manifest, probabilities=probabilities)
    names = rows.names or tuple(map(str, table.columns))
    if taken := [name for name in predictions.columns if name in names]:
        raise unreadable(
            path, f"it has a column {listed(taken)} already, as the predictions would have; rename it"
        )
    return PredictedFile(rows, names, predictions)


def _read(path: Path, options: SourceOptions) -> pd.DataFrame:
    """Read the rows, with dates in the training's formats or, where these do not fit, in ISO 8601."""
    try:
        return read_dataset(path, options).table
    except DateFormatError as error:
        if not isinstance(options.dates, dict) or not may_be_iso(error.date_format):
            raise
        dates = {**options.dates, error.column: ISO8601}
        try:
            return _read(path, replace(options, dates=dates))
        except DateFormatError as other:
            raise (error if other.column == error.column else other) from None


def _predict(
    model: Any, features: pd.DataFrame, manifest: Mapping[str, Any], *, probabilities: bool
) -> pd.DataFrame:
    import pandas as pd

    try:
        columns = _ask(model, features, (manifest.get("evaluation") or {}).get("task"))
        if probabilities:
            shares = ask_probabilities(model, features)
            columns |= {f"probability_{name}": share for name, share in shares.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise FitError(type(model).__name__, "predict", str(error)) from error
    return pd.DataFrame(columns)


def _ask(model: Any, features: pd.DataFrame, task: str | None) -> dict[str, list[Any]]:
    if task not in UNSUPERVISED:
        return {PREDICTION: ask_values(model, features, task).tolist()}
    found = ask(model, task, features)
    scores = {} if found.scores is None else {SCORE: found.scores.tolist()}
    return {PREDICTION: found.values.tolist(), **scores}  # noqa: PD011 - not a Series


def _check_types(path: Path, table: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Check that columns that were numbers or dates in training still are; return the features in the training's types.

    Raises:
        DatasetError: Some are not; the error names each with a value and its row.
    """
    learned = {feature["name"]: str(feature.get("dtype")) for feature in described_features(manifest)}
    problems = [
        problem
        for name in table.columns
        if learned.get(name, "").lower().startswith((*_NUMBERS, _TRUTH))
        for problem in _explain_text(table[name], learned[name].lower())
    ]
    table, problems_of_dates = as_learned(table, manifest)
    if problems := [*problems, *problems_of_dates]:
        raise unreadable(path, "; ".join(problems))
    known = {
        each["name"]: each["categories"] for each in described_features(manifest) if "categories" in each
    }
    return table.assign(**{name: with_categories(table[name], known[name]) for name in known})


def _explain_text(column: pd.Series[Any], learned: str) -> Iterator[str]:
    import pandas as pd

    if pd.api.types.is_bool_dtype(column) and not learned.startswith(_TRUTH):
        yield f'the column "{column.name}" was numbers in training and holds true and false'
    if not (pd.api.types.is_string_dtype(column) or column.dtype in ("object", "category")):
        return
    present = column[column.notna()]
    if learned.startswith(_TRUTH):
        kind, texts = "true or false", present[~present.astype("str").str.lower().isin(("true", "false"))]
    else:
        kind, texts = "numbers", present[pd.to_numeric(present.astype("str"), errors="coerce").isna()]
    wrong = texts if len(texts) else present
    if len(wrong):
        row, value = int(str(wrong.index[0])) + 1, str(wrong.iloc[0])[:60]
        yield f'the column "{column.name}" was {kind} in training and holds the text "{value}" in row {row:,}'


def _options_for(features: list[str], manifest: Mapping[str, Any]) -> SourceOptions:
    options = SourceOptions.from_dict(manifest.get("source") or {})
    # A text column stays text where these rows happen to hold only digits, such as house numbers.
    texts = {
        feature["name"]: _TEXT for feature in described_features(manifest) if feature.get("dtype") == _TEXT
    }
    dtypes = {name: dtype for name, dtype in options.dtypes.items() if name in features}
    return replace(
        options,
        # Other columns need not be read, and may be unreadable.
        columns=options.columns if options.header is False else tuple(features) or None,
        dtypes={name: dtype for name, dtype in texts.items() if name not in options.dates} | dtypes,
        dates=_dates_of(features, options, manifest),
        numbers={name: form for name, form in options.numbers.items() if name in features},
        # Files with real nulls gave the model words such as NA as values.
        default_nulls=options.default_nulls and not (manifest.get("data") or {}).get("typed", False),
    )


def _dates_of(
    features: list[str], options: SourceOptions, manifest: Mapping[str, Any]
) -> tuple[str, ...] | dict[str, str]:
    """Return the columns of dates with the formats of the training; an older manifest has only the config's list."""
    recorded = (manifest.get("data") or {}).get("dates")
    if recorded is None:
        return tuple(name for name in options.dates if name in features)
    return {name: date_format for name, date_format in recorded.items() if name in features}
