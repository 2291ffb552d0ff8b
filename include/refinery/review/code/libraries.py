"""The versions of libraries that pipelines run with, and which pipelines a library reaches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.review.wording import hide_secrets
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from refinery.config import Pipeline
    from refinery.review.versions import Snapshot

# What the image installs stands in requirements.txt; constraints.txt pins all that comes with it. The first counts.
_CONSTRAINTS, _REQUIREMENTS, _DOCKERFILE = "constraints.txt", "requirements.txt", "Dockerfile"
_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]\n]*\])?[ \t\r]*(?P<asked>[=<>!~@][^;#\n]*)?(?=[;#\n]|\Z)",
    re.MULTILINE,
)
_ANY_VERSION = "any version"
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)", re.IGNORECASE | re.MULTILINE)

# Where a library is imported under another name than its own.
_IMPORTED_AS = {
    "scikit-learn": "sklearn",
    "pyyaml": "yaml",
    "pillow": "PIL",
    "opencv-python": "cv2",
    "python-dateutil": "dateutil",
    "imbalanced-learn": "imblearn",
    "xgboost-cpu": "xgboost",
}
RETRAINED = "models trained from now on may differ"
_RUNS = "tasks run with it"


@dataclass(frozen=True, slots=True)
class Reach:
    """What a library does in pipelines.

    Attributes:
        name: The name under which code imports it.
        uses: Whether a pipeline uses it through Refinery, whatever its model imports.
        consequence: What its change means to those.
    """

    name: str
    uses: Callable[[Pipeline], bool]
    consequence: str = RETRAINED

    def reaches(self, pipeline: Pipeline, imported: AbstractSet[str]) -> bool:
        """Return whether a pipeline runs with it.

        Args:
            pipeline: The pipeline.
            imported: The top-level names of the libraries that its model imports.
        """
        return self.name in imported or self.uses(pipeline)


def _by_all(_: Pipeline) -> bool:
    return True


def _by_none(_: Pipeline) -> bool:
    return False


def _by_format(*formats: str) -> Callable[[Pipeline], bool]:
    return lambda pipeline: pipeline.config.model.format in formats


def _reads(*formats: str) -> Callable[[Pipeline], bool]:
    return lambda pipeline: pipeline.config.source.inferred_format in formats


def _by_notifier(*kinds: str) -> Callable[[Pipeline], bool]:
    def notifies(pipeline: Pipeline) -> bool:
        notify = pipeline.config.notify
        events = (*notify.on_failure, *notify.on_success, *notify.on_retry)
        return any(getattr(notifier, kind) is not None for notifier in events for kind in kinds)

    return notifies


def _is_not_script(pipeline: Pipeline) -> bool:
    return pipeline.config.model.script is None


# What Refinery itself does with a library; what models import is read from their source.
_USES: dict[str, tuple[Callable[[Pipeline], bool], str]] = {
    "apache-airflow": (_by_all, _RUNS),
    "apache-airflow-core": (_by_all, _RUNS),
    "apache-airflow-task-sdk": (_by_all, _RUNS),
    "apache-airflow-providers-amazon": (_by_all, _RUNS),
    "apache-airflow-providers-slack": (_by_notifier("slack"), _RUNS),
    "apache-airflow-providers-smtp": (_by_notifier("smtp"), _RUNS),
    "boto3": (_by_all, _RUNS),
    "dag-factory": (_by_all, _RUNS),
    "numpy": (_is_not_script, RETRAINED),
    "onnxruntime": (_by_format("onnx"), "models are compared with it before upload"),
    "optuna": (lambda pipeline: pipeline.config.model.is_searched, RETRAINED),
    "pandas": (_is_not_script, RETRAINED),
    "pandera": (lambda pipeline: pipeline.config.expect is not None, "data contracts are checked with it"),
    "pyarrow": (_reads("parquet"), "datasets are read with it"),
    "scikit-learn": (_is_not_script, RETRAINED),
    "scipy": (_is_not_script, RETRAINED),
    "skl2onnx": (_by_format("onnx"), "model files are written with it"),
    "skops": (_by_format("skops"), "model files are written with it"),
    "skrub": (
        lambda pipeline: bool(pipeline.config.model.class_paths) and pipeline.config.preprocess == "auto",
        RETRAINED,
    ),
    "zstandard": (
        lambda pipeline: any(url.endswith(".zst") for url in pipeline.config.source.url),
        "datasets are read with it",
    ),
}


def reach_of(library: str) -> Reach:
    """Return what a library does in pipelines; of one that Refinery does not use itself, what models import counts."""
    uses, consequence = _USES.get(library, (_by_none, RETRAINED))
    return Reach(_IMPORTED_AS.get(library, library.replace("-", "_")), uses, consequence)


def pins_of(snapshot: Snapshot) -> dict[str, str]:
    """Return the pinned version of each library by its normalized name; of one that nothing pins what is asked for.

    Constraints that the image ignores pin nothing.
    """
    if _ignores_constraints(snapshot):
        return _pins_in(snapshot, _REQUIREMENTS)
    return _pins_in(snapshot, _CONSTRAINTS, _REQUIREMENTS)


def named_libraries(snapshot: Snapshot) -> frozenset[str]:
    """Return the normalized name of each library that is required or constrained."""
    return frozenset(_pins_in(snapshot, _CONSTRAINTS, _REQUIREMENTS))


def note_ignored_pins(base: Snapshot, head: Snapshot) -> Iterator[str]:
    """Give a note if constraints change that the image of head ignores.

    Args:
        base: The files before.
        head: The files after.
    """
    if not _ignores_constraints(head):
        return
    before, after = _pins_in(base, _CONSTRAINTS), _pins_in(head, _CONSTRAINTS)
    installed = pins_of(head)
    changed = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    if names := list_names(name for name in changed if after.get(name) != installed.get(name)):
        yield (
            f"{_CONSTRAINTS} changes, without effect on the image, for {names}: neither {_DOCKERFILE} nor {_REQUIREMENTS} names "
            f"that file. Pin in {_REQUIREMENTS} what the image should install."
        )


def _ignores_constraints(snapshot: Snapshot) -> bool:
    """Return whether an image is built, and nothing that it is built from names the constraints."""
    lines = (*image_lines_of(snapshot, _DOCKERFILE), *image_lines_of(snapshot, _REQUIREMENTS))
    return _DOCKERFILE in snapshot.entries and not any(
        _CONSTRAINTS in line.partition(" #")[0] for line in lines
    )


def _pins_in(snapshot: Snapshot, *files: str) -> dict[str, str]:
    pins: dict[str, str] = {}
    for file in files:
        for found in _REQUIREMENT.finditer(_read(snapshot, file)):
            name, asked = re.sub(r"[-_.]+", "-", found["name"]).lower(), found["asked"] or ""
            if name not in pins or asked.startswith(("=", "@")):
                pins[name] = _version(asked)
    return pins


def _version(asked: str) -> str:
    """Write what a line asks for: a pin as the version alone, without the hashes that may follow."""
    if pin := re.match(r"={2,3}\s*([^\s,]+)\s*(?:$|--|\\)", asked):
        return pin[1]
    return hide_secrets("".join(asked.removeprefix("@").split())) or _ANY_VERSION


def image_lines_of(snapshot: Snapshot, path: str) -> tuple[str, ...]:
    """Return the lines of a file that the image is built from, without comments and blank lines."""
    lines = (line.strip() for line in _read(snapshot, path).splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def image_of(snapshot: Snapshot) -> str | None:
    """Return the image that the last stage of the Dockerfile is made from."""
    found = _FROM.findall(_read(snapshot, _DOCKERFILE))
    return found[-1] if found else None


def _read(snapshot: Snapshot, path: str) -> str:
    return snapshot.read([path])[path].decode(errors="replace") if path in snapshot.entries else ""
