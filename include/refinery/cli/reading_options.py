"""The reading options of a config's `source`, as options of a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from refinery.errors import RefineryError
from refinery.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import ValidationError

    from refinery.training import SourceOptions

_PANEL = "Reading the dataset"
# A tab is hard to type in a shell.
_ESCAPES = {r"\t": "\t"}
_KEY = re.compile(r"\bsource\.(format|separator|decimal|thousands|encoding|quote)\b")


def _option(name: str, description: str, metavar: str | None = "CHARACTER") -> Any:
    return typer.Option(name, metavar=metavar, help=description, rich_help_panel=_PANEL, show_default=False)


FormatOption = Annotated[
    Literal["csv", "tsv", "parquet", "jsonl"] | None,
    _option("--format", "The file format. Default: from the suffix of the URL.", None),
]
SeparatorOption = Annotated[str | None, _option("--separator", r"The column separator, such as ; or \t.")]
DecimalOption = Annotated[str | None, _option("--decimal", "The decimal mark of numbers.")]
ThousandsOption = Annotated[str | None, _option("--thousands", "The thousands mark of numbers.")]
EncodingOption = Annotated[str | None, _option("--encoding", "The text encoding, such as cp1252.", "NAME")]
QuoteOption = Annotated[str | None, _option("--quote", "The quote character, or none.")]
HeaderOption = Annotated[
    bool | None,
    _option("--header/--no-header", "Whether the first line contains the column names.", None),
]


def to_source_options(url: str, given: Mapping[str, str | bool | None]) -> SourceOptions:
    """Return the given options, checked as those of a config's `source`.

    Args:
        url: The dataset's URL.
        given: The options by their key below `source`; None where one is not given.

    Raises:
        RefineryError: `source` does not accept an option.
    """
    from pydantic import ValidationError

    from refinery.config.models import SourceConfig
    from refinery.training import SourceOptions

    options = {
        name: _ESCAPES.get(value, value) if isinstance(value, str) else value
        for name, value in given.items()
        if value is not None
    }
    if not options:
        return SourceOptions()
    try:
        SourceConfig.model_validate({"url": url, **options})
    except ValidationError as error:
        for name, reason in _read_errors(error):
            if name in options:
                raise RefineryError(f"{as_typed(name, options[name])}: {reason}.") from error
    return SourceOptions.from_dict(options)


def as_typed(name: str, value: object) -> str:
    """Return an option as a person types it."""
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {shown(value)}"


def name_as_options(message: str) -> str:
    """Add to a message that names keys of `source` how a command takes them."""
    named = dict.fromkeys(_KEY.findall(message))
    return f"{message} Here: {', '.join(f'--{name}' for name in named)}." if named else message


def _read_errors(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Yield the key and the reason of each error."""
    for detail in error.errors(include_url=False):
        context = detail.get("ctx", {})
        key = (*detail["loc"], *context.get("at", ()))[0]
        reason = context.get("reason", detail["msg"])
        yield str(key), "must be one character" if detail["type"] == "string_too_long" else reason
