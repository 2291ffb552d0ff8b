"""What the commands on models share: how a person names a model, access to it, and how its facts are written."""

from __future__ import annotations

import getpass
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from refinery.cli import project
from refinery.cli.run_params import find_version, read_params, series_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.registry import LoadedModel, ModelSeries, StoredManifest
    from refinery.spec.urls import S3Url

LATEST = "latest"
NOT_MEASURED = "not measured"
_KILOBYTE = 1000

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A pipeline, such as team_a.churn or configs/team_a/churn.yml, or the URL of a model.",
        callback=project.as_pipeline,
        autocompletion=project.complete_pipeline,
        show_default=False,
    ),
]
DateArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="DATE",
        help="The date of the model's run. Default: the latest. Not with a URL.",
        show_default=False,
    ),
]
DateOption = Annotated[
    str | None, typer.Option("--date", "-d", metavar="DATE", help="The date, as an option.")
]
AllowOtherVersionsOption = Annotated[
    bool,
    typer.Option(
        "--allow-other-versions",
        help="Load a model that was made with other versions of Python, scikit-learn or NumPy.",
    ),
]


class S3Access:
    """Clients for the buckets that a command meets, one for each; use it in a `with` statement."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._clients: dict[tuple[str, str], S3Client] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def client(self, url: S3Url, connection: str) -> S3Client:
        """Return the client for a URL's bucket, through the embedded server or an Airflow connection."""
        from refinery.local.connect import s3_access

        key = (url.bucket, connection)
        if key not in self._clients:
            self._clients[key] = self._open.enter_context(s3_access(project.PROJECT, url, connection))
        return self._clients[key]


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model as a person names it: a pipeline and a date, or a URL.

    Attributes:
        pipeline: The pipeline whose model it is; None where a URL belongs to none of the project's.
        version: Its name among the pipeline's models, usually a date; None for the latest, and where its URL is outside.
        prefix: Its URL, where that was given.
        params: The params that choose its series; the others have their defaults.
    """

    pipeline: Pipeline | None
    version: str | None
    prefix: S3Url | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def series(self) -> ModelSeries:
        """The models of its pipeline.

        Raises:
            typer.BadParameter: No pipeline of the project writes to its URL.
        """
        if self.pipeline is None:
            raise typer.BadParameter(
                f"no pipeline of this project writes to {self.prefix}; name the pipeline, then the date",
                param_hint="MODEL",
            )
        return series_of(self.pipeline, self.params)

    @property
    def url(self) -> S3Url:
        """A URL in its bucket."""
        return self.prefix or self.series.root

    @property
    def connection(self) -> str:
        """The Airflow connection for its bucket."""
        return self.pipeline.config.output.connection if self.pipeline else project.DEFAULT_CONNECTION

    def client(self, access: S3Access, connection: str | None = None) -> S3Client:
        """Return the client for its bucket, through another connection than the pipeline's where one is given."""
        return access.client(self.url, connection or self.connection)

    def manifest(self, client: S3Client) -> StoredManifest:
        """Read its manifest; of a latest model it must be the one that was promoted."""
        from refinery.registry import find_manifest, read_manifest

        if self.prefix:
            return read_manifest(self.prefix, client=client)
        return find_manifest(self.series, self.version, client=client)

    def load(
        self, client: S3Client, *, trusted: Iterable[str] = (), allow_other_versions: bool = False
    ) -> LoadedModel:
        """Load it, once its SHA-256 is that of its manifest."""
        from refinery.registry import load_model, load_version

        trusted = {*trusted, *(self.pipeline.config.model.trusted if self.pipeline else ())}
        if self.prefix:
            return load_model(
                str(self.prefix), client=client, trusted=trusted, allow_other_versions=allow_other_versions
            )
        return load_version(
            self.series,
            self.version,
            client=client,
            trusted=trusted,
            allow_other_versions=allow_other_versions,
        )


def find_model(
    model: str, date: str | None, environment: str, params: Sequence[str] | None = None
) -> NamedModel:
    """Return the model that a person names.

    Args:
        model: A pipeline's name, or a model's URL.
        date: The date of its run; None or "latest" is the latest. A URL takes none.
        environment: The environment to read configs for.
        params: The params that choose its series, such as "region=eu". A URL takes none.

    Raises:
        RefineryError: No config makes the pipeline, or its config has errors.
        InvalidUrlError: The URL is not that of a prefix on S3.
        typer.BadParameter: A URL and a date or a param are given, or the pipeline has no such param.
    """
    from refinery.spec.urls import parse_prefix_url

    if not is_url(model):
        version = None if date == LATEST else date
        pipeline = project.read_pipeline(model, environment)
        return NamedModel(pipeline, version, params=read_params(params, [pipeline])[pipeline.dag_id])
    if params:
        raise typer.BadParameter("a URL names one model; leave the params out", param_hint="--param")
    if date is not None:
        raise typer.BadParameter("a URL names one model; leave the date out", param_hint="DATE")
    prefix = parse_prefix_url(model)
    for pipeline in project.read_project(environment).pipelines:
        if found := find_version(pipeline, prefix):
            version, chosen = found
            return NamedModel(pipeline, version, prefix, chosen)
    return NamedModel(None, None, prefix)


def is_url(text: str) -> bool:
    """Return whether a person means a URL, in any of S3's forms."""
    return "://" in text or text.startswith("arn:")


def given_once(argument: str | None, option: str | None, name: str = "DATE") -> str | None:
    """Return what was given by position or as an option.

    Raises:
        typer.BadParameter: Both were given.
    """
    if argument is not None and option is not None:
        raise typer.BadParameter("give it once, by position or as an option", param_hint=name)
    return argument if argument is not None else option


@contextmanager
def open_series(
    pipeline: Pipeline, params: Sequence[str] | None = None
) -> Iterator[tuple[ModelSeries, S3Client]]:
    """Yield a pipeline's models for one choice of its params, such as "region=eu", and the client for their bucket."""
    with S3Access() as access:
        series = series_of(pipeline, read_params(params, [pipeline])[pipeline.dag_id])
        yield series, access.client(series.root, pipeline.config.output.connection)


def current_user() -> str:
    """Name the person at the keyboard, for the history of promotions."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def print_notes(model: LoadedModel) -> None:
    """Print what to know about a loaded model, on standard error."""
    for note in model.notes:
        typer.echo(f"Note: {note}", err=True)


def write_metrics(metrics: Mapping[str, float]) -> str:
    """Write metrics on one line, or that there are none."""
    return "  ".join(f"{name} {value:.4g}" for name, value in metrics.items()) or NOT_MEASURED


def write_moment(moment: dt.datetime) -> str:
    """Write a moment to the minute, in UTC."""
    import datetime as dt

    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def write_size(size: float) -> str:
    """Write a size in bytes, kB, MB or GB."""
    for unit in ("B", "kB", "MB"):
        if size < _KILOBYTE:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KILOBYTE
    return f"{size:.1f} GB"
