"""The keys of the dataset: where it is and how to read it."""

import codecs
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from include.config.keys.base import Amount, Checked, Items, OneOrMany, Section, Text, refuse, refuse_repeats
from include.config.keys.urls import URL_PATTERN, SourceUrl

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
_CSV_ONLY = ("separator", "decimal", "thousands", "encoding", "quote", "header", "null_values")


def _check_encoding(name: str) -> None:
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        refuse(f'"{name}" is no text encoding; write one as utf-8, cp1252, latin-1 or utf-16')
    # base64, zip and the like are codecs too.
    if not getattr(codec, "_is_text_encoding", True):
        refuse(f'"{name}" is no text encoding; write one as utf-8, cp1252, latin-1 or utf-16')


def _write_null(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


Character = Annotated[str, Field(min_length=1, max_length=1)]
Encoding = Annotated[str, Checked(_check_encoding)]
NullValue = Annotated[str, BeforeValidator(_write_null), WithJsonSchema({"type": ["string", "number"]})]


class SourceConfig(Section):
    """The dataset: one file, or several of one shape that are read as one table."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (
        {"type": "string", "pattern": URL_PATTERN},
        {"type": "array", "items": {"type": "string", "pattern": URL_PATTERN}, "minItems": 1},
    )

    url: OneOrMany[SourceUrl] = Field(
        description="Where the dataset is: an S3 URL in any form or a plain https URL; several in a list, or `*` in the "
        "last part of an S3 key for all that match. Templates may stand in the key.",
        examples=["s3://datasets/wine.csv", "s3://datasets/{{ ds }}/*.parquet"],
    )
    connection: Text = Field(
        default="aws_default",
        description="The Airflow connection with the credentials. Public buckets need none.",
        examples=["aws_prod"],
    )
    format: Format | None = Field(
        default=None,
        description="The file's format; by default told from the URL's ending, compressed files included.",
        examples=["csv"],
    )
    separator: Character | None = Field(
        default=None,
        description="What separates a CSV's columns; by default a comma, in a TSV a tab.",
        examples=[";", "\t"],
    )
    decimal: Character = Field(
        default=".", description="The decimal mark of a CSV's numbers.", examples=[","]
    )
    thousands: Character | None = Field(
        default=None, description="What groups the digits of a CSV's numbers.", examples=["."]
    )
    encoding: Encoding = Field(
        default="utf-8",
        description="A CSV's text encoding. A byte order mark is dropped.",
        examples=["cp1252"],
    )
    quote: Character = Field(default='"', description="What quotes a CSV's text values.", examples=["'"])
    header: bool = Field(
        default=True,
        description="Whether a CSV's first line names the columns. If not, `columns` names them.",
        examples=[False],
    )
    columns: Items[Text] | None = Field(
        default=None,
        description="The columns to read, others are left out; with `header: false` the names of all columns in order.",
        examples=[["age", "income", "churned"]],
    )
    null_values: Items[NullValue] = Field(
        default=(),
        description="What stands for a missing value in a CSV, beside the usual (empty, NA, NaN, null).",
        examples=[["?", -200]],
    )
    dtypes: dict[Text, Literal["int", "float", "str", "bool", "category"]] = Field(
        default={},
        description="Types of columns that must not be guessed: int, float, str, bool or category.",
        examples=[{"zip_code": "str"}],
    )
    dates: Items[Text] = Field(default=(), description="Columns to read as dates.", examples=[["sold_at"]])
    max_uncompressed: Amount = Field(
        default=50 * 10**9,
        description="The most that a compressed CSV, TSV or JSON lines file may unpack to; one that unpacks to more fails "
        "the training before it is in memory.",
        examples=["200G", "16Gi"],
    )

    @property
    def reading_options(self) -> dict[str, Any]:
        """How to read the files, as far as the config says it."""
        return self.model_dump(exclude={"url", "connection"}, exclude_unset=True)

    @property
    def inferred_format(self) -> Format | None:
        """The format as given, else as the first URL's ending tells; None where neither does."""
        return self.format or infer_format(self.url[0])

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        refuse_repeats(self.columns or (), "columns")
        if self.inferred_format in ("parquet", "jsonl"):
            for option in _CSV_ONLY:
                if option in self.model_fields_set:
                    refuse(f"is an option of csv and tsv, and the source is {self.inferred_format}", option)
        if self.separator and self.separator == self.decimal:
            refuse(f'"{self.separator}" cannot be both the separator and the decimal mark', "separator")
        if self.thousands and self.thousands == self.decimal:
            refuse(f'"{self.thousands}" cannot be both the thousands mark and the decimal mark', "thousands")
        return self


def infer_format(url: str) -> Format | None:
    """Tell a file's format from its name, past a compression's ending."""
    name = url.lower().partition("?")[0] if url.lower().startswith("http") else url.lower()
    for compression in _COMPRESSIONS:
        name = name.removesuffix(compression)
    return next((kind for suffix, kind in _FORMAT_OF_SUFFIX.items() if name.endswith(suffix)), None)
