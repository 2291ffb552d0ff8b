"""``refinery profile``: a dataset's columns at a glance, and a contract proposed for them."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from refinery.cli import project
from refinery.cli.table import print_table
from refinery.errors import RefineryError
from refinery.yaml_text import write_key, write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refinery.spec.table_profile import ColumnSummary, TableProfile
    from refinery.training import DatasetSample, SourceOptions

_HEADERS = ("column", "type", "nulls", "values")
_MOST_VALUES = 3
_WIDEST_VALUE = 40
_TEMPLATE = re.compile(r"\{[{%#]")
# The one character in a column's name or value that no config may hold.
_UNSTORABLE = "\0"


def profile(
    name: project.OptionalPipelineArgument = None,
    *,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A dataset; with NAME, a file to read with the pipeline's options.",
            show_default=False,
        ),
    ] = None,
    connection: project.ConnectionOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """Show a dataset's columns, and propose a data contract: the `expect` of a config.

    Both come from the first megabytes, or the first of several files. The proposed bounds leave room for other days:
    check them, and correct what you know better.

    Example: `refinery profile petrol_consumption`
    """
    from refinery.cli.dataset_sample import dataset_sample, to_url
    from refinery.training import profile_table, propose_contract, read_sample

    url, its_connection, options = _find_dataset(name, source, environment)
    with dataset_sample(to_url(url), connection or its_connection) as file:
        sample = read_sample(file, options)
    seen, expect = profile_table(sample.table), propose_contract(sample.table)
    needed = _needed_options(options, sample.options)
    if as_json:
        typer.echo(json.dumps(_to_json(url, sample, seen, needed, expect), indent=2, ensure_ascii=False))
        return
    rows = [_row(column, expect["columns"][column.name]) for column in seen.columns]
    print_table(_HEADERS, rows)
    typer.echo(f"\n# {_describe_rows(sample)}")
    if needed:
        typer.echo(f"# To read it, `source` needs these options: {write_yaml(needed)}")
    for note in (*sample.notes, *_target_notes(name, sample, environment)):
        typer.echo(f"# Note: {' '.join(note.split())}")
    typer.echo(write_expect(expect))


def _target_notes(name: str | None, sample: DatasetSample, environment: str) -> Iterator[str]:
    """Note rows without a value in a pipeline's target, which fail its runs."""
    target = project.read_pipeline(name, environment).config.target if name else None
    columns = list(sample.table.columns)
    if target is None or target.missing == "drop" or target.column not in columns:
        return
    if nulls := int(sample.table[target.column].isna().sum()):
        leaves_out = write_yaml({"column": str(target.column), "missing": "drop"})
        yield f"{nulls} of {len(sample.table):,} rows have no value in the target; leave them out with target: {leaves_out}"


def write_expect(expect: Mapping[str, Any]) -> str:
    """Write a contract as a config's block, with a line for each column whose name a config can hold."""
    columns = [
        f"    {write_key(name)}: {write_yaml(_writable(rules))}"
        for name, rules in expect["columns"].items()
        if _UNSTORABLE not in name
    ]
    return "\n".join(
        ["expect:", f"  rows: {write_yaml(expect['rows'])}", *(["  columns:", *columns] if columns else [])]
    )


def _writable(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out values that a config would take for templates, or that Airflow's database cannot store."""
    refused = any(_TEMPLATE.search(value) or _UNSTORABLE in value for value in rules.get("values", ()))
    return {rule: value for rule, value in rules.items() if not (rule == "values" and refused)}


def _find_dataset(name: str | None, source: str | None, environment: str) -> tuple[str, str, SourceOptions]:
    """Return the dataset's URL, the connection for it, and how to read it."""
    from refinery.training import SourceOptions

    if name is not None:
        config = project.read_pipeline(name, environment).config.source
        return source or config.url[0], config.connection, SourceOptions.from_dict(config.reading_options)
    if source is None:
        raise RefineryError("Name a pipeline, or a dataset with --source URL.")
    return source, project.DEFAULT_CONNECTION, SourceOptions()


def _needed_options(given: SourceOptions, found: SourceOptions) -> dict[str, Any]:
    before = given.to_dict()
    return {option: value for option, value in found.to_dict().items() if value != before.get(option)}


def _row(column: ColumnSummary, rules: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return column.name, rules.get("type") or column.dtype, str(column.nulls or ""), _write_values(column)


def _write_values(column: ColumnSummary) -> str:
    if column.minimum is not None:
        mean = "" if column.mean is None else f", mean {column.mean:.4g}"
        return f"{_write(column.minimum)} to {_write(column.maximum)}{mean}"
    if column.distinct is None:
        return ""
    frequent = ", ".join(
        f"{top.value[:_WIDEST_VALUE]} ({top.share:.0%})" for top in column.top[:_MOST_VALUES]
    )
    return f"{column.distinct:,} different" + (f": {frequent}" if frequent else "")


def _write(bound: Any) -> str:
    return f"{bound:.6g}" if isinstance(bound, float) else str(bound)


def _describe_rows(sample: DatasetSample) -> str:
    rows = f"{len(sample.table):,} {'row' if len(sample.table) == 1 else 'rows'}"
    return (
        f"Proposed from all {rows}."
        if sample.complete
        else f"Proposed from the first {rows}; later ones may hold other values."
    )


def _to_json(
    url: str,
    sample: DatasetSample,
    seen: TableProfile,
    needed: Mapping[str, Any],
    expect: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "source": url,
        "rows": seen.rows,
        "complete": sample.complete,
        "needed_options": dict(needed),
        "notes": list(sample.notes),
        "columns": [dataclasses.asdict(column) for column in seen.columns],
        "expect": dict(expect),
    }
