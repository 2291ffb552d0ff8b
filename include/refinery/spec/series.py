"""Where a pipeline's models are: one prefix per run, latest.json next to them, and the models that reruns replaced."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from refinery.spec.run_params import REJECTED, REPLACED, RUN_DATE_MACRO
from refinery.spec.urls import S3Url, parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
# The version of the only model of an output without templates.
ONLY_VERSION = "current"
# Enough hex digits of a manifest's SHA-256 to distinguish the models of one prefix.
_ID_DIGITS = 12
_REPLACED_KEY = re.compile(rf"(?P<prefix>(?:.*/)?){REPLACED}/(?P<id>[0-9a-f]{{{_ID_DIGITS}}})/", re.DOTALL)
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9._-]")
# Separates a version and the start of its manifest's SHA-256, in the name of a model that a rerun replaced.
_REPLACED_MARK = "@"

_DATE_FORMATS = {"ds": "%Y-%m-%d", "ds_nodash": "%Y%m%d", "ts_nodash": "%Y%m%dT%H%M%S"}
_FORMS = {"ds": r"\d{4}-\d\d-\d\d", "ds_nodash": r"\d{8}", "ts_nodash": r"\d{8}T\d{6}"}
# Folders below the models of another series may have the same depth, and are not models.
_ANY_FORM = rf"(?!(?:{REJECTED}|{REPLACED})/[^/]+/$)[^/]+"


@dataclass(frozen=True, slots=True)
class ModelSeries:
    """All models of one pipeline.

    A model's version is the text in place of the output's templates: "2026-01-31". Values of several templates are joined with
    slashes. The version of a model that a rerun replaced is "2026-01-31@3f2a9c1b04de", with the start of its manifest's
    SHA-256.

    Attributes:
        output: The pipeline's output prefix, with its templates.
    """

    output: S3Url

    @classmethod
    def of_output(cls, url: str) -> ModelSeries:
        """Return the series of a config's output, such as ``s3://models/churn/{{ ds }}/``.

        Raises:
            InvalidUrlError: The URL is not an S3 prefix.
        """
        return cls(parse_prefix_url(url))

    @property
    def root(self) -> S3Url:
        """Return the folder above the first template; without templates, the output itself."""
        return output_root(self.output)

    @property
    def latest_url(self) -> S3Url:
        """Return the URL of latest.json, in the root."""
        return latest_url(self.output)

    @property
    def macros(self) -> Iterator[str]:
        """The templates' macros, in their order; a param that is the run's date counts as `ds`."""
        found = (template[1] for template in TEMPLATE.finditer(self.output.key))
        return ("ds" if RUN_DATE_MACRO.fullmatch(macro) else macro for macro in found)

    @property
    def is_dated(self) -> bool:
        """Return whether versions sort by date."""
        return next(self.macros, "") in _FORMS

    def key_from(self, moment: datetime) -> str:
        """Return where the keys of models from a moment on begin, in the order of a listing; empty if versions have no date."""
        if not self.is_dated:
            return ""
        head = self.output.key.partition("{{")[0]
        return head + moment.strftime(_DATE_FORMATS[next(self.macros)])

    @property
    def may_hold_others(self) -> bool:
        """Return whether models of other pipelines may share the root, since a template stands for any text."""
        return not all(macro in _FORMS for macro in self.macros)

    def prefix_of(self, version: str) -> S3Url | None:
        """Return a version's prefix; None if the version is not valid."""
        written, mark, replaced = version.rpartition(_REPLACED_MARK)
        above = self._prefix_of(written) if mark else None
        kept = replaced_prefix(above, replaced) if above else None
        return kept if kept and self.version_of(kept) == version else self._prefix_of(version)

    def version_of(self, prefix: S3Url) -> str | None:
        """Return the version of a prefix; None if it is outside of this series."""
        if prefix.bucket != self.output.bucket:
            return None
        if version := self._version(prefix.key):
            return version
        above, replaced = split_replaced(prefix)
        version = self._version(above.key) if replaced else None
        return f"{version}{_REPLACED_MARK}{replaced}" if version else None

    def report_of(self, prefix: S3Url) -> S3Url | None:
        """Return the prefix of the rejected model on which a prefix contains the report; None if it contains no report."""
        above, inside, run = f"/{prefix.key}".removesuffix("/").rpartition(f"/{REJECTED}/")
        model = self._url(f"{above}/".removeprefix("/"))
        return model if inside and "/" not in run and self._version(model.key) else None

    def _prefix_of(self, version: str) -> S3Url | None:
        values = iter(() if version == ONLY_VERSION else version.split("/"))
        key = TEMPLATE.sub(lambda template: next(values, template[0]), self.output.key)
        return self._url(key) if self._version(key) == version else None

    def _version(self, key: str) -> str | None:
        found = re.fullmatch(self._expression(), key)
        if found is None:
            return None
        return "/".join(found.groups()) or ONLY_VERSION

    def _expression(self) -> str:
        literals = TEMPLATE.split(self.output.key)[::2]
        groups = [f"({_FORMS.get(macro, _ANY_FORM)})" for macro in self.macros]
        groups.append("")
        return "".join(re.escape(text) + group for text, group in zip(literals, groups, strict=True))

    def _url(self, key: str) -> S3Url:
        return S3Url(self.output.bucket, key, self.output.region)


def output_root(output: S3Url) -> S3Url:
    """Return the folder above the first template; without templates, the output itself."""
    head, brace, _ = output.key.partition("{{")
    return replace(output, key=head[: head.rfind("/") + 1] if brace else head)


def latest_url(output: S3Url) -> S3Url:
    """Return the URL of latest.json, in the root.

    The text after a template becomes part of the name, so that outputs such as ``s3://models/{{ ds }}/churn/`` and
    ``s3://models/{{ ds }}/wine/``, which share the root, do not share the file.
    """
    root = output_root(output)
    rest = output.key.removeprefix(root.key)
    fixed = (part.strip("-_.=") for part in TEMPLATE.sub("", rest).split("/"))
    return replace(root, key=root.key + ".".join(("latest", *filter(None, fixed), "json")))


def replaced_prefix(prefix: S3Url, manifest_sha256: str) -> S3Url:
    """Return the prefix to which a model is copied when a rerun replaces it.

    Args:
        prefix: The prefix that it was written to.
        manifest_sha256: The SHA-256 of its manifest's bytes, in hex.
    """
    return prefix.child(f"{REPLACED}/{manifest_sha256[:_ID_DIGITS]}/")


def report_prefix(prefix: S3Url, run_id: str) -> S3Url:
    """Return where the report on a run's rejected model is, below the prefix that the model would have had."""
    # Not every S3 server accepts colons or escapes.
    return prefix.child(f"{REJECTED}/{_NOT_IN_KEYS.sub('-', run_id)}/")


def split_replaced(prefix: S3Url) -> tuple[S3Url, str]:
    """Split the prefix of a replaced model into its original prefix and the start of its manifest's SHA-256.

    For any other prefix, the second is empty.
    """
    found = _REPLACED_KEY.fullmatch(prefix.key)
    if found is None:
        return prefix, ""
    return S3Url(prefix.bucket, found["prefix"], prefix.region), found["id"]
