"""``refinery profile``: a dataset's columns at a glance, and a contract proposed for them."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli import project
from include.cli.errors import NothingToProfileError
from include.cli.terminal import print_table
from include.cli.yaml_text import write_key, write_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.card import ColumnSummary, TableProfile
    from include.training import DatasetSample, SourceOptions

_DEFAULT_CONNECTION = "aws_default"
_HEADERS = ("column", "type", "nulls", "values")
_WIDEST_VALUE = 40
_TEMPLATE = re.compile(r"\{[{%#]")


def profile(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A pipeline.", show_default=False)
    ] = None,
    *,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A dataset; with NAME, one that is read as the pipeline's.",
            show_default=False,
        ),
    ] = None,
    connection: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="The Airflow connection for the dataset's bucket. Default: the pipeline's, or aws_default.",
            show_default=False,
        ),
    ] = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """Show a dataset's columns, and propose the `expect` of a config: its data contract.

    The first megabytes are looked at; of several files, those of the first. The proposal leaves room for what other days may
    bring: look at it, and write what you know better.

    Example: `./refinery profile petrol_consumption`
    """
    from include.card import profile_table
    from include.cli.dataset_sample import as_url, dataset_sample
    from include.training import read_sample
    from include.training.contract import propose_contract

    url, its_connection, options = _find_dataset(name, source, environment)
    with dataset_sample(as_url(url), connection or its_connection) as file:
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
        typer.echo(f"# To be read it needs these options in `source`: {write_yaml(needed)}")
    typer.echo(write_expect(expect))


def write_expect(expect: Mapping[str, Any]) -> str:
    """Write a contract as a config's block, a line for each column."""
    columns = [
        f"    {write_key(name)}: {write_yaml(_writable(rules))}" for name, rules in expect["columns"].items()
    ]
    return "\n".join(["expect:", f"  rows: {write_yaml(expect['rows'])}", "  columns:", *columns])


def _writable(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out values that a config would take for templates."""
    is_template = any(_TEMPLATE.search(value) for value in rules.get("values", ()))
    return {rule: value for rule, value in rules.items() if not (rule == "values" and is_template)}


def _find_dataset(name: str | None, source: str | None, environment: str) -> tuple[str, str, SourceOptions]:
    """Give the dataset's URL, the connection for it, and how to read it."""
    from include.training import SourceOptions

    if name is not None:
        config = project.read_pipeline(name, environment).config.source
        return source or config.url[0], config.connection, SourceOptions.from_dict(config.reading_options)
    if source is None:
        raise NothingToProfileError
    return source, _DEFAULT_CONNECTION, SourceOptions()


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
    frequent = ", ".join(f"{top.value[:_WIDEST_VALUE]} ({top.share:.0%})" for top in column.top)
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
        "columns": [dataclasses.asdict(column) for column in seen.columns],
        "expect": dict(expect),
    }
