"""``refinery compare``: two models of a pipeline side by side."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from refinery.cli import project
from refinery.cli.named_model import LATEST, ModelArgument, S3Access, find_model, is_url
from refinery.cli.run_params import ParamOption
from refinery.cli.table import print_table

if TYPE_CHECKING:
    from refinery.cli.named_model import NamedModel
    from refinery.registry import ComparedValue, Comparison

_SHOWN_OF_A_HASH = 12


def compare(
    model: ModelArgument,
    first: Annotated[
        str | None,
        typer.Argument(metavar="A", help="A date; after a URL, the other URL.", show_default=False),
    ] = None,
    second: Annotated[
        str | None,
        typer.Argument(metavar="B", help="The other date. Default: the latest.", show_default=False),
    ] = None,
    *,
    as_markdown: project.MarkdownOption = False,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """Compare two models: metrics, params, data, environment and config.

    It takes two dates of a pipeline, one date to compare with the latest model, or two URLs.

    Example: `refinery compare petrol_consumption 2026-01-30 2026-01-31 --md`
    """
    from refinery.registry import compare as compare_manifests

    models, labels = _choose(model, first, second, environment, params)
    with S3Access() as access:
        manifests = [one.manifest(one.client(access)).content for one in models]
    comparison = compare_manifests(*manifests)
    if as_json:
        typer.echo(json.dumps(_to_json(comparison), indent=2, ensure_ascii=False))
    elif as_markdown:
        title = f"{labels[0]} and {labels[1]}" if is_url(model) else f"{model}: {labels[0]} and {labels[1]}"
        typer.echo(_to_markdown(comparison, title, *labels))
    else:
        _print(comparison, *labels)


def _choose(
    model: str, first: str | None, second: str | None, environment: str, params: list[str] | None
) -> tuple[list[NamedModel], tuple[str, str]]:
    """Return the two models, and what they are called at the top of a column."""
    if first is None:
        raise typer.BadParameter(
            "name a second model: another URL, or the date of one to compare with the latest", param_hint="A"
        )
    if not is_url(model):
        dates = (first, second or LATEST)
        return [find_model(model, date, environment, params) for date in dates], dates
    if second is not None or not is_url(first):
        raise typer.BadParameter("after a URL, name one other URL", param_hint="A")
    found = [find_model(url, None, environment) for url in (model, first)]
    return found, _labels(model, first)


def _labels(first: str, second: str) -> tuple[str, str]:
    """Return the part of each URL that differs, such as "2026-01-30"."""
    ends = [url.rstrip("/").rpartition("/")[2] for url in (first, second)]
    return (ends[0], ends[1]) if ends[0] != ends[1] else (first, second)


def _print(comparison: Comparison, first: str, second: str) -> None:
    for section, values in comparison.sections.items():
        if values:
            rows = [_row(value) for value in values]
            print_table((section, first, second, "change"), rows, is_faint=lambda row: row[1] == row[2])
            typer.echo()
    typer.echo(comparison.config_diff or "The configs are the same.")


def _to_markdown(comparison: Comparison, title: str, first: str, second: str) -> str:
    """Write all metrics, and of the rest what differs."""
    lines = [f"### {title}"]
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
