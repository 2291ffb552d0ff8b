"""The keys of the dataset: where it is and how to read it."""

import codecs
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from refinery.config.models.base import (
    Checked,
    Items,
    Number,
    OneOrMany,
    Section,
    Size,
    SparseSection,
    Text,
    refuse,
    refuse_repeats,
)
from refinery.config.models.urls import URL_PATTERN, SourceUrl
from refinery.spec.date_formats import EPOCHS, ISO8601, format_problem

Format = Literal["csv", "tsv", "parquet", "jsonl"]
_FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz", ".zip")
_CSV_ONLY = ("separator", "decimal", "thousands", "encoding", "quote", "header", "default_nulls")
_PARTS_OF_NUMBERS = {*"0123456789+-.,()", ""}


def _check_encoding(name: str) -> None:
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        refuse(f'"{name}" is not a text encoding; write one such as utf-8, cp1252, latin-1 or utf-16')
    # base64, zip and others are codecs too.
    if not getattr(codec, "_is_text_encoding", True):
        refuse(f'"{name}" is not a text encoding; write one such as utf-8, cp1252, latin-1 or utf-16')


def _write_null(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _check_mark(mark: str) -> None:
    if mark.isalnum() or mark in "+-()":
        refuse(f'"{mark}" has another meaning in a number; write a mark such as "," or "."')


Character = Annotated[str, Field(min_length=1, max_length=1)]
Mark = Annotated[Character, Checked(_check_mark)]
Encoding = Annotated[str, Checked(_check_encoding)]
NullValue = Annotated[str, BeforeValidator(_write_null), WithJsonSchema({"type": ["string", "number"]})]


class NumberConfig(SparseSection):
    """The format of one column's numbers; see [Numbers as text](#numbers-as-text)."""

    decimal: Mark | None = Field(
        default=None,
        description="The decimal mark. A column that sets `decimal` or `thousands` takes neither from `source`.",
        examples=[","],
    )
    thousands: Mark | None = Field(
        default=None,
        description="The mark between groups of three digits, or Indian groups (`12,34,567`). A space stands for any white space.",
        examples=[".", " ", "'"],
    )
    prefix: OneOrMany[Text] | None = Field(
        default=None,
        description="Texts that may precede the number, before or after its sign, and are dropped.",
        examples=["$", ["$", "US$"], [">", "~"]],
    )
    suffix: OneOrMany[Text] | None = Field(
        default=None,
        description="Texts that may follow the number and are dropped. They do not change the value: with `%`, `12%` is 12.",
        examples=["%", ["EUR", "\u20ac"], "+"],
    )
    units: Annotated[dict[str, Number], Field(min_length=1)] | None = Field(
        default=None,
        description="Factors by the unit that follows the number. Each number needs one of the units; `none` stands for no unit. "
        'For example, `{"%": 0.01}` reads `12%` as 0.12.',
        examples=[{"k": 1000, "M": 1_000_000}, {"none": 1, "k": 1000}],
    )
    negative: Literal["parentheses", "trailing"] | None = Field(
        default=None,
        description="How negative numbers are written, in addition to a leading minus: `(3)` or `3-`.",
        examples=["parentheses"],
    )

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        if "thousands" in self.model_fields_set and self.thousands == (self.decimal or "."):
            refuse(
                f'"{self.thousands}" is the decimal mark; set decimal to another mark, such as ","',
                "thousands",
            )
        for text in self.prefix or ():
            if text.strip()[-1:] in _PARTS_OF_NUMBERS or not text.strip():
                refuse(f'"{text}" could be part of the number; remove it', "prefix")
        for text in self.suffix or ():
            if text.strip()[:1] in _PARTS_OF_NUMBERS - {"+"} or not text.strip():
                refuse(f'"{text}" could be part of the number; remove it', "suffix")
        for unit, factor in (self.units or {}).items():
            if unit.strip()[:1] in _PARTS_OF_NUMBERS - {"+"}:
                refuse(f'"{unit}" could be part of the number; remove it', "units", unit, "[key]")
            if factor == 0:
                refuse("must not be 0, which would turn every number into 0", "units", unit)
        return self


# Tags are part of an error's place, beside column names.
_NAMES, _FORMATS = "[names]", "[formats]"


def _kind_of_dates(value: Any) -> str:
    return _FORMATS if isinstance(value, dict) else _NAMES


def _check_date_format(date_format: str) -> None:
    if problem := format_problem(date_format):
        refuse(problem)


DateFormat = Annotated[str, Checked(_check_date_format, rf"^(?:{ISO8601}|{'|'.join(EPOCHS)}|.*%[^%].*)$")]
Dates = Annotated[
    Annotated[Items[Text], Tag(_NAMES)] | Annotated[dict[Text, DateFormat], Tag(_FORMATS)],
    Discriminator(_kind_of_dates),
]


class SourceConfig(Section):
    """The dataset: one file, or several with the same columns that are read as one table."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (
        {"type": "string", "pattern": URL_PATTERN},
        {"type": "array", "items": {"type": "string", "pattern": URL_PATTERN}, "minItems": 1},
    )

    url: OneOrMany[SourceUrl] = Field(
        description="The dataset's location: an S3 URL in any form or a plain https URL; several in a list, or `*` in the "
        "last part of an S3 key for all that match. The key may contain templates.",
        examples=["s3://datasets/wine.csv", "s3://datasets/{{ ds }}/*.parquet"],
    )
    connection: Text = Field(
        default="aws_default",
        description="The Airflow connection with the credentials. Public buckets need none.",
        examples=["aws_prod"],
    )
    format: Format | None = Field(
        default=None,
        description="The file format. Default: from the suffix of the URL, also for compressed files.",
        examples=["csv"],
    )
    separator: Character | None = Field(
        default=None,
        description="The column separator of a CSV. Default: a comma, or a tab for a TSV.",
        examples=[";", "\t"],
    )
    decimal: Character = Field(
        default=".",
        description="The decimal mark of a CSV's numbers; see [Numbers as text](#numbers-as-text).",
        examples=[","],
    )
    thousands: Character | None = Field(
        default=None,
        description="The thousands mark of a CSV's numbers; see [Numbers as text](#numbers-as-text).",
        examples=["."],
    )
    encoding: Encoding = Field(
        default="utf-8",
        description="The text encoding of a CSV. A byte order mark is dropped.",
        examples=["cp1252"],
    )
    quote: Character | Literal["none"] = Field(
        default='"',
        description="The quote character of a CSV. With `none`, each line is a row, and quotes are part of the text.",
        examples=["'", "none"],
    )
    header: bool = Field(
        default=True,
        description="Whether the first line of a CSV contains the column names. If not, `columns` lists them.",
        examples=[False],
    )
    columns: Items[Text] | None = Field(
        default=None,
        description="The columns to read; others are left out. With `header: false`, the names of all columns in order.",
        examples=[["age", "income", "churned"]],
    )
    null_values: Items[NullValue] = Field(
        default=(),
        description="Values that mean a missing value in a CSV, in addition to those of `default_nulls`.",
        examples=[["?", -200]],
    )
    default_nulls: bool = Field(
        default=True,
        description="Whether the usual words mean a missing value in a CSV: `#N/A`, `#N/A N/A`, `#NA`, `-1.#IND`, `-1.#QNAN`, "
        "`-NaN`, `-nan`, `1.#IND`, `1.#QNAN`, `<NA>`, `N/A`, `NA`, `NULL`, `NaN`, `None`, `n/a`, `nan` and `null`. With `false`, only an "
        "empty value, quoted or not, and `null_values` do. See [Missing values](#missing-values).",
        examples=[False],
    )
    dtypes: dict[Text, Literal["int", "float", "str", "bool", "category"]] = Field(
        default={},
        description="Column types that should not be inferred: int, float, str, bool or category.",
        examples=[{"zip_code": "str"}],
    )
    dates: Dates = Field(
        default=(),
        description="Columns to read as dates, in a list, or each with its format: strptime directives, `ISO8601`, or `epoch_s`, "
        "`epoch_ms`, `epoch_us` or `epoch_ns` for counts since 1970; see [Dates](#dates).",
        examples=[["sold_at"], {"sold_at": "%d/%m/%Y", "clicked_at": "epoch_ms"}],
    )
    numbers: dict[Text, NumberConfig] = Field(
        default={},
        description="Columns whose numbers have a special format, and that format. It applies to CSV, TSV, JSON lines and strings in "
        "Parquet, in training and in predict.",
        examples=[
            {
                "price": {"prefix": "$"},
                "share": {"suffix": "%"},
                "size": {"units": {"k": 1000, "M": 1_000_000}},
            }
        ],
    )
    max_uncompressed: Size = Field(
        default=50 * 10**9,
        description="The maximum uncompressed size of a compressed CSV, TSV or JSON lines file; a larger one fails the training "
        "before it is in memory.",
        examples=["200G", "16Gi"],
    )

    @property
    def reading_options(self) -> dict[str, Any]:
        """The reading options that the config sets."""
        return self.model_dump(exclude={"url", "connection"}, exclude_unset=True)

    @property
    def inferred_format(self) -> Format | None:
        """The given format, else that of the first URL's suffix; None if unknown."""
        return self.format or infer_format(self.url[0])

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        refuse_repeats(self.columns or (), "columns")
        if self.inferred_format in ("parquet", "jsonl"):
            for option in _CSV_ONLY:
                if option in self.model_fields_set:
                    refuse(
                        f"applies to csv and tsv, but the source is {self.inferred_format}; remove it", option
                    )
        if self.separator and self.separator == self.decimal:
            refuse(
                f'"{self.separator}" cannot be both the separator and the decimal mark; change one of the two',
                "separator",
            )
        for name in self.numbers:
            for option in ("dtypes", "dates"):
                if name in getattr(self, option):
                    refuse(
                        f"is also in source.{option}; remove it from one of the two", "numbers", name, "[key]"
                    )
        if self.thousands and self.thousands == self.decimal:
            refuse(
                f'"{self.thousands}" cannot be both the thousands mark and the decimal mark; change one of the two',
                "thousands",
            )
        return self


def infer_format(url: str) -> Format | None:
    """Return a file's format by its name, ignoring the suffix of a compression."""
    name = url.lower().partition("?")[0] if url.lower().startswith("http") else url.lower()
    for compression in _COMPRESSIONS:
        name = name.removesuffix(compression)
    return next((kind for suffix, kind in _FORMAT_OF_SUFFIX.items() if name.endswith(suffix)), None)
