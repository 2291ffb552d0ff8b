"""The keys of the resources: what a task's pod is given on Kubernetes."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from include.config.keys.base import EXPECTED, Checked, SparseSection, is_number, refuse

StepName = Literal["wait_for_dataset", "download_dataset", "train_model", "upload_model", "clean_up"]

# Kubernetes counts in thousandths, and no machine has more.
_FEWEST_CORES = 0.001
_MOST_CORES = 10_000
_MILLICORES = re.compile(r"[1-9][0-9]*m")
_BYTES = re.compile(r"(?=.*[1-9])[0-9]+(?:\.[0-9]+)?(?:[KMGT]i|[kMGT])")
_LABEL_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = re.compile(rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL_NAME}")
_LABEL_VALUE = re.compile(rf"(?:{_LABEL_NAME})?")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")


def _read_cores(value: Any) -> Any:
    if not is_number(value) and not (isinstance(value, str) and _MILLICORES.fullmatch(value)):
        refuse("a number of cores, as 4 or 0.5, or thousandths, as 500m", kind=EXPECTED)
    if is_number(value) and not _FEWEST_CORES <= value <= _MOST_CORES:
        refuse(f"must be from {_FEWEST_CORES} to {_MOST_CORES} cores, and is {value}")
    return value


def _read_bytes(value: Any) -> Any:
    if not isinstance(value, str) or not _BYTES.fullmatch(value):
        refuse("an amount with its unit, as 16Gi or 500Mi", kind=EXPECTED)
    return value


def _check_label_key(name: str) -> None:
    if not _LABEL_KEY.fullmatch(name):
        refuse(f'"{name}" is no label of a node; write one as disk, or node.kubernetes.io/instance-type')


def _check_label_value(value: str) -> None:
    if not _LABEL_VALUE.fullmatch(value):
        refuse(f'"{value}" is no label\'s value; it has at most 63 letters, digits, "-", "_" and "."')


def _check_image(name: str) -> None:
    if not _IMAGE.fullmatch(name):
        refuse(f'"{name}" is no container image; write one as registry.example.com/refinery:1.4')


LabelKey = Annotated[str, Checked(_check_label_key, pattern=f"^{_LABEL_KEY.pattern}$")]
LabelValue = Annotated[str, Checked(_check_label_value, pattern=f"^{_LABEL_VALUE.pattern}$")]
Image = Annotated[str, Checked(_check_image, pattern=f"^{_IMAGE.pattern}$")]
Cores = Annotated[
    int | float | str,
    BeforeValidator(_read_cores),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": _FEWEST_CORES, "maximum": _MOST_CORES},
                {"type": "string", "pattern": f"^{_MILLICORES.pattern}$"},
            ]
        }
    ),
]
Bytes = Annotated[
    str,
    BeforeValidator(_read_bytes),
    WithJsonSchema({"type": "string", "pattern": f"^{_BYTES.pattern}$"}),
]


class PodResources(SparseSection):
    """What one task's pod is given."""

    cpu: Cores | None = Field(
        default=None, description="Cores, both asked for and at most.", examples=[4, "500m"]
    )
    memory: Bytes | None = Field(
        default=None, description="Memory, both asked for and at most.", examples=["16Gi"]
    )
    gpu: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None, description="NVIDIA GPUs.", examples=[1]
    )
    image: Image | None = Field(
        default=None,
        description="The container image, where not the installation's own; it has to hold this project.",
        examples=["registry.example.com/refinery:gpu"],
    )
    node_selector: dict[LabelKey, LabelValue] | None = Field(
        default=None,
        description="Labels that the node must have.",
        examples=[{"node.kubernetes.io/instance-type": "m7i.4xlarge"}],
    )


class ResourcesConfig(PodResources):
    """What the tasks' pods are given: the same for all, and what differs for a step."""

    steps: dict[StepName, PodResources] = Field(
        default={},
        description="What a step is given instead, key by key.",
        examples=[{"train_model": {"cpu": 8, "memory": "64Gi", "gpu": 1}}],
    )

    def of_step(self, step: str) -> dict[str, Any]:
        """Return what one step's pod is given: its own values over those of all."""
        own = self.steps.get(step)  # type: ignore[call-overload]
        return self.model_dump(exclude={"steps"}) | (own.model_dump() if own else {})
