"""Check what a config's params do to its output: each value has a separate prefix, and none reaches another pipeline's."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from refinery.config.models.params import ParamConfig
from refinery.config.run_params import params_in
from refinery.spec.run_params import PARAM, TEXT_PATTERN, write_param
from refinery.spec.series import latest_url
from refinery.spec.urls import parse_prefix_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from refinery.config.pipeline import Pipeline
    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node
    from refinery.config.yaml.source_file import SourceFile

    Params = Mapping[str, ParamConfig]

_PARAMS = "params"
# What decides which model comes out.
_MAKES_MODEL = ("source", "model")
_VALUES = {
    "text": TEXT_PATTERN,
    "integer": r"^-?\d+$",
    "number": r"^(?:-?\d[\d.e+\-]*|-?inf|nan)$",
    "boolean": "^(?:true|false)$",
    "date": r"^\d{4}-\d\d-\d\d$",
}
# Stand around a param's name in place of the braces, which would end the folder that is above the templates.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(f"{_OPEN}(.*?){_CLOSE}")


def check_params_in_output(tree: Node) -> Iterator[Problem]:
    """Yield a problem for an output in which two values of a param would meet: a wrong model would have a right name.

    Args:
        tree: The resolved values; they may be invalid.
    """
    output, overwrite = tree.entries.get("output"), tree.entries.get("overwrite")
    url = output.entries.get("url") if output else None
    declared = _declared(tree)
    if not declared or url is None or not isinstance(url.value, str) or url.is_broken:
        return
    path = ("output", "url") if url.key_start else ("output",)
    if reason := _explain_meeting(url.value, set(run_date_macros(tree))):
        yield url.problem("overwrites", path, reason)
        return
    values = [node.to_plain() for name, node in tree.entries.items() if name in _MAKES_MODEL]
    there = params_in(url.value)
    missing = [name for name in params_in(values) if name in declared and name not in there]
    if missing and not (overwrite and overwrite.value is True):
        templates = " and ".join(f"{{{{ params.{name} }}}}" for name in missing)
        message = (
            f"is the same for every value of {' and '.join(missing)}, so a run with another value would replace the model of its "
            f"date; add {templates} to it, or set overwrite: true"
        )
        yield url.problem("overwrites", path, message)


def check_unused_params(tree: Node, source: SourceFile) -> Iterator[Problem]:
    """Yield a warning for each param of the config itself that no template uses: the form would ask for nothing.

    Args:
        tree: The resolved values; they may be invalid.
        source: The config, without the layers below it.
    """
    declared = _declared(tree)
    if not declared:
        return
    used = params_in([node.to_plain() for name, node in tree.entries.items() if name != _PARAMS])
    for name, node in declared.items():
        if name not in used and node.source is source:
            message = f"nothing uses it; write {{{{ params.{name} }}}} where its value belongs, or remove it"
            yield replace(node.key_problem("unused-param", (_PARAMS, name), message), severity="warning")


def read_params(tree: Node) -> dict[str, ParamConfig]:
    """Return the valid ones of the params that a resolved tree declares."""
    found = {}
    for name, node in _declared(tree).items():
        with suppress(ValidationError):
            found[name] = ParamConfig.model_validate(node.to_plain())
    return found


def run_date_macros(tree: Node) -> list[str]:
    """Return the macros of the params that are the run's date, such as "params.as_of"."""
    return [
        f"params.{name}"
        for name, node in _declared(tree).items()
        if (kind := node.entries.get("type")) and kind.value == "date" and not _has_default(node)
    ]


def find_meetings(pipelines: Iterable[Pipeline]) -> Iterator[tuple[Pipeline, Pipeline]]:
    """Yield each two pipelines that values of a param of the first can bring to one `latest.json`."""
    pipelines = list(pipelines)
    if not any(pipeline.config.params for pipeline in pipelines):
        return
    by_depth: dict[tuple[str, int, str], list[tuple[Pipeline, tuple[_Folder, ...]]]] = defaultdict(list)
    open_ones = []
    for pipeline in pipelines:
        bucket, folders, name = _latest(pipeline)
        place = (bucket, len(folders), name)
        by_depth[place].append((pipeline, folders))
        if any(folder.values for folder in folders):
            open_ones.append((pipeline, folders, place))
    seen = set()
    open_ones.sort(
        key=lambda one: one[0].dag_id, reverse=True
    )  # of two with params, the one that sorts first keeps running
    for pipeline, folders, place in open_ones:
        for other, others in by_depth[place]:
            pair = tuple(sorted((pipeline.dag_id, other.dag_id)))
            if other is not pipeline and pair not in seen and all(map(_Folder.meets, folders, others)):
                seen.add(pair)
                yield pipeline, other


class _Folder(NamedTuple):
    """A folder's name, of which a param may be a part.

    Attributes:
        start: The text before the param, or the whole name.
        end: The text after it.
        values: The pattern of its values; None if no param is in the name.
    """

    start: str
    end: str = ""
    values: str | None = None

    def meets(self, other: _Folder) -> bool:
        """Return whether the two can have one name."""
        if self.values is None:
            return self.start == other.start if other.values is None else other._matches(self.start)
        if other.values is None:
            return self._matches(other.start)
        starts = self.start.startswith(other.start) or other.start.startswith(self.start)
        return starts and (self.end.endswith(other.end) or other.end.endswith(self.end))

    def _matches(self, name: str) -> bool:
        fits = len(name) >= len(self.start) + len(self.end)
        if not (fits and name.startswith(self.start) and name.endswith(self.end)):
            return False
        return bool(re.search(self.values or "", name[len(self.start) : len(name) - len(self.end)]))


def _explain_meeting(output: str, run_dates: set[str]) -> str | None:
    """Return why two values of a param could lead to one place, although the output contains it."""
    above = PARAM.sub(lambda found: f"{_OPEN}{found['name']}{_CLOSE}", output)
    for macro in run_dates:
        above = above.replace(f"{_OPEN}{macro.removeprefix('params.')}{_CLOSE}", "{{ ds }}")
    head, brace, rest = above.partition("{{")
    folders = head[: head.rfind("/") + 1] if brace else head
    if late := _MARKED.search(head.removeprefix(folders) + rest):
        template = f"{{{{ params.{late[1]} }}}}"
        return (
            f"has {template} beside or below what differs from run to run; write it in a folder above, such as "
            f"{template}/{{{{ ds }}}}/, so that each of its values has its own latest model"
        )
    for folder in folders.split("/"):
        names = _MARKED.findall(folder)
        if len(names) > 1:
            return (
                f"has {' and '.join(names)} in one folder's name, which different values can make the same; "
                "put a / between them"
            )
    return None


def _latest(pipeline: Pipeline) -> tuple[str, tuple[_Folder, ...], str]:
    """Return the bucket, the folders and the name of a pipeline's `latest.json`."""
    config = pipeline.config
    marked = PARAM.sub(lambda found: _mark(found, config.params), config.output.url)
    url = latest_url(parse_prefix_url(marked))
    *folders, name = url.key.split("/")
    return url.bucket, tuple(_folder(folder, config.params) for folder in folders), name


def _mark(found: re.Match[str], params: Params) -> str:
    param = params.get(found["name"])
    return found[0] if param is None or param.is_run_date else f"{_OPEN}{found['name']}{_CLOSE}"


def _folder(name: str, params: Params) -> _Folder:
    found = _MARKED.search(name)
    if found is None:
        return _Folder(name)
    return _Folder(name[: found.start()], name[found.end() :], _pattern(params[found[1]]))


def _pattern(param: ParamConfig) -> str:
    if not param.choices:
        return _VALUES[param.type]
    choices = (re.escape(write_param(param.normalize(choice))) for choice in param.choices)
    return f"^(?:{'|'.join(choices)})$"


def _declared(tree: Node) -> Mapping[str, Node]:
    params = tree.entries.get(_PARAMS)
    return params.entries if params else {}


def _has_default(node: Node) -> bool:
    default = node.entries.get("default")
    return default is not None and default.value is not None and not default.is_broken
