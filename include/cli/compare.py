"""``refinery compare``: two models of a pipeline side by side."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli import project
from include.cli.series import LATEST, open_series, version_named
from include.cli.terminal import print_table

if TYPE_CHECKING:
    from include.registry import ComparedValue, Comparison

_SHOWN_OF_A_HASH = 12


def compare(
    name: project.PipelineArgument,
    first: Annotated[str, typer.Argument(metavar="A", help='A model, by its date, or "latest".')],
    second: Annotated[str, typer.Argument(metavar="B", help="The model to compare it with.")] = LATEST,
    *,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print Markdown, for pull requests.")] = False,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """Set two models side by side: metrics, params, data, environment and config.

    Example: `./refinery compare petrol_consumption 2026-01-30 2026-01-31 --md`
    """
    from include.registry import compare as compare_manifests
    from include.registry import find_manifest

    with open_series(project.read_pipeline(name, environment)) as (series, client):
        manifests = [
            find_manifest(series, version_named(version), client=client).content
            for version in (first, second)
        ]
    comparison = compare_manifests(*manifests)
    if as_json:
        typer.echo(json.dumps(_to_json(comparison), indent=2, ensure_ascii=False))
    elif as_markdown:
        typer.echo(_to_markdown(comparison, name, first, second))
    else:
        _print(comparison, first, second)


def _print(comparison: Comparison, first: str, second: str) -> None:
    for section, values in comparison.sections.items():
        if values:
            print_table((section, first, second, "change"), [_row(value) for value in values])
            typer.echo()
    typer.echo(comparison.config_diff or "The configs are the same.")


def _to_markdown(comparison: Comparison, name: str, first: str, second: str) -> str:
    """Write all metrics, and of the rest what differs."""
    lines = [f"### {name}: {first} and {second}"]
    for section, values in comparison.sections.items():
        shown = [value for value in values if value.differs or section == "metrics"]
        if shown:
            lines += ["", f"| {section} | {first} | {second} | change |", "|---|---:|---:|---:|"]
            lines += ["| " + " | ".join(map(_escape, _row(value))) + " |" for value in shown]
    if comparison.config_diff:
        lines += ["", "<details><summary>config</summary>", "", "```diff", comparison.config_diff, "```", ""]
        lines += ["</details>"]
    return "\n".join(lines)


def _to_json(comparison: Comparison) -> dict[str, Any]:
    sections = {
        name: [{**dataclasses.asdict(value), "delta": value.delta} for value in values]
        for name, values in comparison.sections.items()
    }
    return {**sections, "config_diff": comparison.config_diff}


def _row(value: ComparedValue) -> tuple[str, str, str, str]:
    return value.name, _write(value, value.first), _write(value, value.second), _write_change(value)


def _write(value: ComparedValue, fact: Any) -> str:
    if fact is None:
        return "-"
    if isinstance(fact, float):
        return f"{fact:.6g}"
    return str(fact)[:_SHOWN_OF_A_HASH] if value.name.endswith("sha256") else str(fact)


def _write_change(value: ComparedValue) -> str:
    if not value.differs:
        return ""
    if value.delta is None:
        return "changed"
    share = value.relative_delta
    change = f"{value.delta:+.0f}" if value.delta.is_integer() else f"{value.delta:+.4g}"
    return change if share is None else f"{change} ({share:+.1%})"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
