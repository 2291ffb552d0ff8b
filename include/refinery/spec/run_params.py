"""Templates of a run's params: as configs write them, as Airflow's Jinja renders them, and as texts in keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# A config's template: {{ params.region }}.
PARAM = re.compile(r"\{\{\s*params\.(?P<name>[A-Za-z]\w*)\s*\}\}", re.ASCII)
# A date param without a default is the run's date, which Jinja says like this.
RUN_DATE = " or ds"
RUN_DATE_MACRO = re.compile(rf"params\.(?P<name>[A-Za-z]\w*){RUN_DATE}", re.ASCII)
# A rendered template that stands alone, and so keeps the value's type.
ALONE = re.compile(
    r"\{\{ params\.(?P<name>[A-Za-z]\w*)(?: \| (?P<kind>int|float))? \}\}",
    re.ASCII,
)
_CHOSEN = re.compile(r"\{\{ params\.[A-Za-z]\w*(?: \| \w+)* \}\}", re.ASCII)

# Folders below the prefix of a model that are no models of their own: reports on rejected ones, and those that reruns replaced.
REJECTED = "rejected"
REPLACED = "replaced"
# What a text may be that becomes part of a key: one folder's name, and none of ours. The last group refuses a line end, which
# the sign before it allows in Python.
RESERVED_NAMES = (REJECTED, REPLACED)
TEXT_PATTERN = rf"^(?!(?:{'|'.join(RESERVED_NAMES)})$)[A-Za-z0-9_][A-Za-z0-9_.\-]*$(?!\n)"
MAX_TEXT_LENGTH = 100
DATE_PATTERN = r"^\d{4}-\d{2}-\d{2}$(?!\n)"


def write_param(value: Any) -> str:
    """Return a param's value as its template writes it into a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def fill_series(series: str, render: Callable[[str], Any]) -> str:
    """Fill the params into a series, so that each value has separate models; what dates a run stays a template.

    Args:
        series: An output with its unrendered templates.
        render: Renders one template.
    """
    return _CHOSEN.sub(lambda template: write_param(render(template[0])), series)
