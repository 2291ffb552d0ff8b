"""The keys of the infrastructure: the tasks' pods on Kubernetes, the compute engine, and the workspace."""

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from refinery.config.models.base import EXPECTED, Checked, Section, SparseSection, Text, is_number, refuse
from refinery.config.models.urls import PrefixUrl
from refinery.spec.urls import is_url

StepName = Literal["wait_for_dataset", "download_dataset", "train_model", "upload_model", "clean_up"]

# Kubernetes counts in thousandths, and no machine has more.
_FEWEST_CORES = 0.001
_MOST_CORES = 10_000
_MILLICORES = re.compile(r"[1-9][0-9]*m")
_BYTES = re.compile(r"(?=.*[1-9])[0-9]+(?:\.[0-9]+)?(?:[KMGT]i|[kMGT])")
_LABEL_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = re.compile(rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL_NAME}")
_LABEL_VALUE = re.compile(rf"(?:{_LABEL_NAME})?")
# A template may stand for any part of what follows.
_DASK_ADDRESS = re.compile(r"(?:tcp|tls|ucx|wss?)://(?:[^\s/]+:\d+(?:/\S*)?|\S*\{\{\S*)")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")


def _read_cores(value: Any) -> Any:
    if not is_number(value) and not (isinstance(value, str) and _MILLICORES.fullmatch(value)):
        refuse("a number of cores such as 4 or 0.5, or millicores such as 500m", kind=EXPECTED)
    if is_number(value) and not _FEWEST_CORES <= value <= _MOST_CORES:
        refuse(f"must be from {_FEWEST_CORES} to {_MOST_CORES} cores, but is {value}")
    return value


def _read_bytes(value: Any) -> Any:
    if not isinstance(value, str) or not _BYTES.fullmatch(value):
        refuse("a size with a unit, such as 16Gi or 500Mi", kind=EXPECTED)
    return value


def _check_label_key(name: str) -> None:
    if not _LABEL_KEY.fullmatch(name):
        refuse(f'"{name}" is not a node label; write one such as disk or node.kubernetes.io/instance-type')


def _check_label_value(value: str) -> None:
    if not _LABEL_VALUE.fullmatch(value):
        refuse(f'"{value}" is not a label value; use at most 63 letters, digits, "-", "_" and "."')


def _check_image(name: str) -> None:
    if not _IMAGE.fullmatch(name):
        refuse(f'"{name}" is not a container image; write one such as registry.example.com/refinery:1.4')


def _check_address(address: str) -> None:
    if "@" in address:
        refuse("contains a user name or password; remove it, since configs must not contain secrets")
    if not _DASK_ADDRESS.fullmatch(address):
        refuse(
            f'"{address}" is not the address of a Dask scheduler; write one with its port, such as tcp://scheduler:8786 (http:// is the dashboard)'
        )


def _check_path(path: str) -> None:
    if is_url(path):
        refuse('is a URL; an S3 prefix goes under "url"')


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
    """The resources of one task's pod."""

    cpu: Cores | None = Field(
        default=None, description="Cores, as both request and limit.", examples=[4, "500m"]
    )
    memory: Bytes | None = Field(
        default=None, description="Memory, as both request and limit.", examples=["16Gi"]
    )
    gpu: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None, description="NVIDIA GPUs.", examples=[1]
    )
    image: Image | None = Field(
        default=None,
        description="The container image, which must contain this project. Default: that of the installation.",
        examples=["registry.example.com/refinery:gpu"],
    )
    node_selector: dict[LabelKey, LabelValue] | None = Field(
        default=None,
        description="Labels that the node must have.",
        examples=[{"node.kubernetes.io/instance-type": "m7i.4xlarge"}],
    )


class ResourcesConfig(PodResources):
    """The resources of the tasks' pods: the same for all steps, with exceptions per step."""

    steps: dict[StepName, PodResources] = Field(
        default={},
        description="Resources of single steps, which override the others key by key.",
        examples=[{"train_model": {"cpu": 8, "memory": "64Gi", "gpu": 1}}],
    )

    def of_step(self, step: str) -> dict[str, Any]:
        """Return the resources of one step's pod: those of the step override those of all."""
        own = self.steps.get(step)  # type: ignore[call-overload]
        return self.model_dump(exclude={"steps"}) | (own.model_dump() if own else {})


class ComputeConfig(Section):
    """Where scikit-learn's parallel work goes: trees, folds and searches, wherever `n_jobs` applies."""

    engine: Literal["dask"] = Field(
        description="The engine. Its package must be in requirements.txt.", examples=["dask"]
    )
    address: Annotated[str, Checked(_check_address)] = Field(
        description="The address of the engine's scheduler.", examples=["tcp://dask-scheduler:8786"]
    )


class WorkspaceConfig(Section):
    """Where the steps of a run exchange files: a local folder, or an S3 prefix if workers do not share a disk."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": "string", "minLength": 1},)

    url: PrefixUrl | None = Field(
        default=None,
        description="An S3 prefix. Each step reads its input and writes its output there; `clean_up` deletes them.",
        examples=["s3://staging/refinery/"],
    )
    connection: Text = Field(
        default="aws_default",
        description="The Airflow connection with the credentials for `url`.",
        examples=["aws_staging"],
    )
    path: Annotated[Text, Checked(_check_path)] | None = Field(
        default=None,
        description="A local folder. Default: `workspace` in the Airflow home.",
        examples=["/mnt/refinery"],
    )
    shared: bool = Field(
        default=False,
        description="Whether every worker sees the folder, such as on a network disk. Executors on several machines require it.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        for key in ("path", "shared") if self.url else ():
            if getattr(self, key):
                refuse("applies to a local folder, but url names an S3 prefix; keep one of the two", key)
        if not self.url and "connection" in self.model_fields_set:
            refuse("applies only to an S3 prefix; add url, or remove it", "connection")
        return self
