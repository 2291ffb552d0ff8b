"""Proposes a config for a dataset, and writes it as short, commented YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.cli.yaml_text import write_key, write_yaml
from include.config.keys.source import infer_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import PurePosixPath

    from include.training import ColumnProfile, DatasetProfile

CLASSIFICATION, REGRESSION = "classification", "regression"
# Forests do well on small tables; where a column is text, boosting takes it as it is.
_FOREST = {
    CLASSIFICATION: "sklearn.ensemble.RandomForestClassifier",
    REGRESSION: "sklearn.ensemble.RandomForestRegressor",
}
_BOOSTING = {
    CLASSIFICATION: "sklearn.ensemble.HistGradientBoostingClassifier",
    REGRESSION: "sklearn.ensemble.HistGradientBoostingRegressor",
}
# Boosting takes at most 255 categories, and the rows that were not looked at may hold more of them.
_MOST_CATEGORIES = 100
_MOST_CLASSES, _ROWS_PER_CLASS, _BINARY = 20, 10, 2

_PLAIN_URL = re.compile(r"[a-z][a-z0-9]*://(?:[\w./*%=&?-]|\{\{ \w+ \}\})+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a new config says.

    Attributes:
        path: The config below configs/, as "team_a/churn.yml".
        source: The dataset's URL.
        connection: The Airflow connection for it; None for the usual one.
        profile: What the dataset looks like.
        target: The column to predict.
        model: A module's name or a class's path.
        output: The URL of the models' prefix.
        schedule: A cron expression or a preset; None to run when triggered.
    """

    path: PurePosixPath
    source: str
    connection: str | None
    profile: DatasetProfile
    target: str
    model: str
    output: str
    schedule: str | None


def propose_model(profile: DatasetProfile, target: str) -> str:
    """Return a class that learns such a target from such columns as they are."""
    models = _BOOSTING if _categories(profile, target) else _FOREST
    return models[find_task(profile, target)]


def find_task(profile: DatasetProfile, target: str) -> str:
    """Return "classification" or "regression"."""
    if target == profile.target:
        return profile.task
    column = next(column for column in profile.columns if column.name == target)
    if column.kind != "number" or column.distinct <= _BINARY:
        return CLASSIFICATION
    is_whole = all(float(example).is_integer() for example in column.examples)
    is_repeated = column.distinct <= min(_MOST_CLASSES, profile.rows // _ROWS_PER_CLASS)
    return CLASSIFICATION if is_whole and is_repeated else REGRESSION


def write_config(proposal: Proposal) -> str:
    """Return a proposal as YAML, the schema's line first."""
    profile, target = proposal.profile, proposal.target
    drop = _drop(profile, target)
    features = len(profile.columns) - len(drop) - 1
    columns = "1 column" if features == 1 else f"{features} columns"
    name = proposal.source.rpartition("/")[2]
    schema = "../" * (len(proposal.path.parts) - 1) + "schema.json"
    lines = [
        f"# yaml-language-server: $schema={schema}",
        f"# Proposed from the first {profile.rows:,} rows; docs/configuration.md tells of every key.",
        *(f"# Look: {note}" for note in map(_one_line, profile.notes)),
        f"description: {write_yaml(f'{target}, predicted from {columns} of {name}.')}",
        f"schedule: {write_yaml(proposal.schedule)}"
        if proposal.schedule
        else '# schedule: "@daily"  # runs when triggered only',
        *_source(proposal),
        f"target: {write_yaml(target)}  # {find_task(profile, target)}",
        *(["drop:"] if drop else []),
        *(f"  - {write_yaml(column)}  # {_one_line(reason)}" for column, reason in drop.items()),
        f"model: {write_yaml(proposal.model)}",
        f"output: {_url(proposal.output)}",
    ]
    return "\n".join(lines) + "\n"


def _drop(profile: DatasetProfile, target: str) -> dict[str, str]:
    """Return the columns to leave out, with the reasons."""
    reasons = {column.name: profile.drop.get(column.name) or _reason(column) for column in profile.columns}
    return {name: reason for name, reason in reasons.items() if reason and name != target}


def _reason(column: ColumnProfile) -> str | None:
    if column.kind == "date":
        return "is a date; to learn from it, name it under source.dates instead"
    if column.kind == "text" and column.distinct > _MOST_CATEGORIES:
        return f"holds {column.distinct:,} different texts"
    return None


def _categories(profile: DatasetProfile, target: str) -> list[str]:
    drop = _drop(profile, target)
    return [
        column.name
        for column in profile.columns
        if column.kind == "text" and column.name != target and column.name not in drop
    ]


def _source(proposal: Proposal) -> Iterator[str]:
    options = _options(proposal)
    if not options:
        yield f"source: {_url(proposal.source)}"
        return
    yield "source:"
    yield f"  url: {_url(proposal.source)}"
    for name, value in options.items():
        if isinstance(value, dict):
            yield f"  {name}:"
            yield from (f"    {write_key(key)}: {write_yaml(inner)}" for key, inner in value.items())
        else:
            yield f"  {name}: {write_yaml(value)}"


def _options(proposal: Proposal) -> Mapping[str, Any]:
    profile = proposal.profile
    options = profile.options.to_dict()
    options.pop("drop", None)
    if proposal.connection:
        options = {"connection": proposal.connection, **options}
    if infer_format(proposal.source) != profile.format:
        options["format"] = profile.format
    if proposal.model in _BOOSTING.values():
        categories = dict.fromkeys(_categories(profile, proposal.target), "category")
        options["dtypes"] = {**options.get("dtypes", {}), **categories}
    return {name: value for name, value in options.items() if value != {}}


def _url(url: str) -> str:
    return url if _PLAIN_URL.fullmatch(url) else write_yaml(url)


def _one_line(text: str) -> str:
    return " ".join(text.split())
