"""Where a pipeline's models lie: one prefix a run, and latest.json beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.urls import S3Url, parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterator

# The name of the one model of an output that is the same for every run.
ONLY_VERSION = "current"
# Reports of models that were not good enough lie below a run's prefix, and are no models.
REJECTED = "/rejected/"

_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_FORMS = {"ds": r"\d{4}-\d\d-\d\d", "ds_nodash": r"\d{8}", "ts_nodash": r"\d{8}T\d{6}"}
_ANY_FORM = r"[^/]+"


@dataclass(frozen=True, slots=True)
class ModelSeries:
    """All models of one pipeline.

    A model's name among them, its version, is what stands in the place of the output's templates: "2026-01-31". Values of
    several templates are joined with slashes.

    Attributes:
        output: The pipeline's output prefix, with its templates.
    """

    output: S3Url

    @classmethod
    def of_output(cls, url: str) -> ModelSeries:
        """Make the series of an output as a config has it, such as ``s3://models/churn/{{ ds }}/``.

        Raises:
            InvalidUrlError: The URL is no S3 prefix.
        """
        return cls(parse_prefix_url(url))

    @property
    def root(self) -> S3Url:
        """Return the folder above the first template; of an output without one, the output itself."""
        head, brace, _ = self.output.key.partition("{{")
        return self._url(head[: head.rfind("/") + 1] if brace else head)

    @property
    def latest_url(self) -> S3Url:
        """Return where the latest model is named: latest.json in the root.

        What follows a template is kept in the name, so that outputs such as ``s3://models/{{ ds }}/churn/`` and
        ``s3://models/{{ ds }}/wine/``, which share their root, do not share the file.
        """
        rest = self.output.key.removeprefix(self.root.key)
        fixed = (part.strip("-_.=") for part in _TEMPLATE.sub("", rest).split("/"))
        return self._url(self.root.key + ".".join(("latest", *filter(None, fixed), "json")))

    @property
    def is_dated(self) -> bool:
        """Tell whether the versions' names sort by date."""
        return next(self._macros(), None) in _FORMS

    def prefix_of(self, version: str) -> S3Url | None:
        """Return a version's prefix; None where no version can have this name."""
        values = iter(() if version == ONLY_VERSION else version.split("/"))
        key = _TEMPLATE.sub(lambda template: next(values, template[0]), self.output.key)
        return self._url(key) if self._version(key) == version else None

    def version_of(self, prefix: S3Url) -> str | None:
        """Return the version that a prefix is of; None where it is outside of this series."""
        return self._version(prefix.key) if prefix.bucket == self.output.bucket else None

    def _version(self, key: str) -> str | None:
        found = re.fullmatch(self._expression(), key)
        if found is None:
            return None
        return "/".join(found.groups()) or ONLY_VERSION

    def _expression(self) -> str:
        literals = _TEMPLATE.split(self.output.key)[::2]
        groups = [f"({_FORMS.get(macro, _ANY_FORM)})" for macro in self._macros()]
        groups.append("")
        return "".join(re.escape(text) + group for text, group in zip(literals, groups, strict=True))

    def _macros(self) -> Iterator[str]:
        return (found[1] for found in _TEMPLATE.finditer(self.output.key))

    def _url(self, key: str) -> S3Url:
        return S3Url(self.output.bucket, key, self.output.region)
