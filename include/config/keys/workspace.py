"""The keys of the workspace: where the steps of a run meet."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from include.config.keys.base import Checked, Section, Text, refuse
from include.config.keys.urls import PrefixUrl
from include.urls import is_url


def _check_path(path: str) -> None:
    if is_url(path):
        refuse('is a URL; a prefix on S3 goes under "url"')


class WorkspaceConfig(Section):
    """Where the steps of a run meet: a local folder, or a prefix on S3 for workers that share no disk."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": "string", "minLength": 1},)

    url: PrefixUrl | None = Field(
        default=None,
        description="A prefix on S3. Each step takes what it needs from there and leaves what it made; `clean_up` deletes it.",
        examples=["s3://staging/refinery/"],
    )
    connection: Text = Field(
        default="aws_default",
        description="The Airflow connection with the credentials for `url`.",
        examples=["aws_staging"],
    )
    path: Annotated[Text, Checked(_check_path)] | None = Field(
        default=None,
        description="A local folder; by default `workspace` in the Airflow home.",
        examples=["/mnt/refinery"],
    )
    shared: bool = Field(
        default=False,
        description="Whether every worker sees the folder, as on a network disk. Executors of several machines take no other.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        for key in ("path", "shared") if self.url else ():
            if getattr(self, key):
                refuse("is for a local folder, and url names a prefix on S3; keep one", key)
        if not self.url and "connection" in self.model_fields_set:
            refuse("is for a prefix on S3; add url, or remove it", "connection")
        return self
