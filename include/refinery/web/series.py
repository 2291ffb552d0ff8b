"""Which models an output stands for: those of each choice of its params are separate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from refinery.registry import ModelSeries
from refinery.spec.run_params import RESERVED_NAMES, fill_series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.web.airflow_facts import Output

_PARAM = re.compile(r"\{\{ *params\.(?P<name>[A-Za-z]\w*)(?: \| \w+)* *\}\}", re.ASCII)


class UnfilledParamError(Exception):
    """The output depends on a param that has no default."""


def params_of(output: Output) -> list[str]:
    """Return the params in an output: each choice of values has separate models."""
    return list(dict.fromkeys(match["name"] for match in _PARAM.finditer(output.prefix)))


def series_of(output: Output, chosen: Mapping[str, Any] | None = None) -> ModelSeries:
    """Return the models of a pipeline, for one choice of its params.

    Args:
        output: Where the pipeline puts models.
        chosen: Params; the others have their defaults.

    Raises:
        UnfilledParamError: A param has no default, and each of its values has separate models.
        InvalidUrlError: The output is not an S3 prefix.
    """

    def fill(template: str) -> Any:
        name = template.strip("{} ").removeprefix("params.").split(" ")[0]
        value = (chosen or {}).get(name, output.params.get(name))
        # It must name a single folder, and none that Refinery reserves.
        if value is None or "/" in str(value) or value in ("", *RESERVED_NAMES):
            raise UnfilledParamError(name)
        return value

    return ModelSeries.of_output(fill_series(output.prefix, fill))
