"""A config proposed for a dataset, and written as short, commented YAML."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.config.models import infer_format
from refinery.spec.libraries import library_of
from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.yaml_text import write_key, write_yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import PurePosixPath

    from refinery.training import ColumnProfile, DatasetProfile

# Forests do well on small tables; boosting takes text columns as they are.
_FOREST = {
    CLASSIFICATION: "sklearn.ensemble.RandomForestClassifier",
    REGRESSION: "sklearn.ensemble.RandomForestRegressor",
}
_BOOSTING = {
    CLASSIFICATION: "sklearn.ensemble.HistGradientBoostingClassifier",
    REGRESSION: "sklearn.ensemble.HistGradientBoostingRegressor",
}
# What others must beat in a search.
_LINEAR = {
    CLASSIFICATION: "sklearn.linear_model.LogisticRegression",
    REGRESSION: "sklearn.linear_model.Ridge",
}
_LIGHTGBM = {CLASSIFICATION: "lightgbm.LGBMClassifier", REGRESSION: "lightgbm.LGBMRegressor"}
# What matters most in boosting; wider ranges find more on large data, and take more trials.
_SPACES = {
    "sklearn": "{learning_rate: 0.02..0.3 log, max_leaf_nodes: 7..63 log, min_samples_leaf: 5..60 log}",
    "lightgbm": "{learning_rate: 0.02..0.3 log, num_leaves: 7..63 log, min_child_samples: 5..60 log}",
}
# Boosting takes at most 255 categories, and the rows outside the sample may hold more.
_MOST_CATEGORIES = 100

_PLAIN_URL = re.compile(r"[a-z][a-z0-9]*://(?:[\w./*%=&?-]|\{\{ \w+ \}\})+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a new config says.

    Attributes:
        path: The config below configs/, such as "team_a/churn.yml".
        source: The dataset's URL.
        connection: The Airflow connection for it; None for the default one.
        profile: The profile of the dataset.
        target: The column to predict.
        model: A module's name or a class's path; with a search, the candidate whose params are searched.
        output: The URL of the models' prefix.
        schedule: A cron expression or a preset; None to run when triggered.
        searches: Whether the model is searched for, with a linear one as the first candidate.
    """

    path: PurePosixPath
    source: str
    connection: str | None
    profile: DatasetProfile
    target: str
    model: str
    output: str
    schedule: str | None
    searches: bool = False


def propose_model(profile: DatasetProfile, target: str) -> str:
    """Return a class that suits the target and takes the columns as they are."""
    models = _BOOSTING if _categories(profile, target) else _FOREST
    return models[profile.column(target).task]


def propose_searched(profile: DatasetProfile, target: str, libraries: Collection[str]) -> str:
    """Return the boosting class whose params a search tries: LightGBM's where it is installed, else scikit-learn's.

    Args:
        profile: The profile of the dataset.
        target: The column to predict.
        libraries: The libraries that the project allows.
    """
    has_lightgbm = "lightgbm" in libraries and importlib.util.find_spec("lightgbm") is not None
    return (_LIGHTGBM if has_lightgbm else _BOOSTING)[profile.column(target).task]


def write_config(proposal: Proposal) -> str:
    """Return a proposal as YAML, starting with the line for its schema."""
    profile, target = proposal.profile, proposal.target
    drop = _drop(profile, target)
    features = len(profile.columns) - len(drop) - 1
    columns = "1 column" if features == 1 else f"{features} columns"
    name = proposal.source.rpartition("/")[2]
    schema = "../" * (len(proposal.path.parts) - 1) + "schema.json"
    lines = [
        f"# yaml-language-server: $schema={schema}",
        f"# Proposed from the first {profile.rows:,} rows; docs/configuration.md lists every key.",
        *(f"# Note: {note}" for note in map(_one_line, (*profile.notes, *_target_notes(profile, target)))),
        f"description: {write_yaml(f'{target}, predicted from {columns} of {name}.')}",
        f"schedule: {write_yaml(proposal.schedule)}"
        if proposal.schedule
        else '# schedule: "@daily"  # without one, it runs only when triggered',
        *_source(proposal),
        f"target: {_target(profile, target)}  # {profile.column(target).task}",
        *(["drop:"] if drop else []),
        *(f"  - {write_yaml(column)}  # {_one_line(reason)}" for column, reason in drop.items()),
        *_model(proposal),
        f"output: {_url(proposal.output)}",
    ]
    return "\n".join(lines) + "\n"


def _model(proposal: Proposal) -> Iterator[str]:
    if not proposal.searches:
        yield f"model: {write_yaml(proposal.model)}"
        return
    task = proposal.profile.column(proposal.target).task
    yield "model:"
    yield "  candidates:"
    yield f"    - class: {_LINEAR[task]}"
    yield f"    - class: {proposal.model}"
    yield f"      search: {_SPACES[library_of(proposal.model)]}"
    yield "search: {trials: 40}"


def _target_notes(profile: DatasetProfile, target: str) -> Iterator[str]:
    if nulls := profile.column(target).nulls:
        yield f"{nulls} of {profile.rows:,} rows have no target; missing: drop leaves them out"


def _target(profile: DatasetProfile, target: str) -> str:
    """Write the target, and if the sample has rows without one, what to do with them."""
    return write_yaml({"column": target, "missing": "drop"} if profile.column(target).nulls else target)


def _drop(profile: DatasetProfile, target: str) -> dict[str, str]:
    """Return the columns to leave out, with the reasons."""
    reasons = {column.name: profile.drop.get(column.name) or _reason(column) for column in profile.columns}
    return {name: reason for name, reason in reasons.items() if reason and name != target}


def _reason(column: ColumnProfile) -> str | None:
    if column.kind == "date":
        return "is a date; remove this line to learn from it"
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
    for name in ("drop", "format"):
        options.pop(name, None)
    if proposal.connection:
        options = {"connection": proposal.connection, **options}
    if infer_format(proposal.source) != profile.format:
        options["format"] = profile.format
    if proposal.model in (*_BOOSTING.values(), *_LIGHTGBM.values()):
        categories = dict.fromkeys(_categories(profile, proposal.target), "category")
        options["dtypes"] = {**options.get("dtypes", {}), **categories}
    return {name: value for name, value in options.items() if value != {}}


def _url(url: str) -> str:
    return url if _PLAIN_URL.fullmatch(url) else write_yaml(url)


def _one_line(text: str) -> str:
    return " ".join(text.split())
