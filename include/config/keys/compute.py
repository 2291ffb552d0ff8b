"""The keys of the compute engine: where one big model's parallel work goes."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from include.config.keys.base import INCOMPLETE, Checked, Section, refuse

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*(?:://[^\s/@]+(?:/\S*)?|)")
# A template may stand for any part of what follows.
_DASK_ADDRESS = re.compile(r"(?:tcp|tls|ucx|wss?)://(?:[^\s/]+:\d+(?:/\S*)?|\S*\{\{\S*)")


def _check_address(address: str) -> None:
    if "@" in address:
        refuse("holds a user or a password; a config is no place for secrets")
    if not _ADDRESS.fullmatch(address):
        refuse(f'"{address}" is no address; write one as tcp://scheduler:8786')


class ComputeConfig(Section):
    """Where scikit-learn's parallel work goes: trees, folds and searches, wherever `n_jobs` counts."""

    engine: Literal["dask", "ray", "spark"] = Field(
        description="The engine. Its package belongs into requirements.txt.", examples=["dask"]
    )
    address: Annotated[str, Checked(_check_address)] | None = Field(
        default=None,
        description="The engine's scheduler, required for Dask; of Ray and Spark by default what their own environment tells.",
        examples=["tcp://dask-scheduler:8786"],
    )

    @model_validator(mode="after")
    def _check_dask(self) -> Self:
        if self.engine != "dask":
            return self
        if self.address is None:
            refuse(
                "needs the address of its scheduler; add address, as tcp://scheduler:8786", kind=INCOMPLETE
            )
        if not _DASK_ADDRESS.fullmatch(self.address):
            refuse(
                f'"{self.address}" is no scheduler of Dask\'s; write one as tcp://scheduler:8786, with its port (http:// leads '
                "to its dashboard)",
                "address",
            )
        return self
