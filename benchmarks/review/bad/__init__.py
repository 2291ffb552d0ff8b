"""Bad changes by kind; the plan must flag each."""

from benchmarks.review.bad import (
    code,
    configs,
    data,
    environments,
    gates,
    hidden,
    model,
    operations,
    output,
    schedule,
    structure,
)

KINDS = (
    *gates.KINDS,
    *data.KINDS,
    *model.KINDS,
    *output.KINDS,
    *schedule.KINDS,
    *operations.KINDS,
    *structure.KINDS,
    *environments.KINDS,
    *code.KINDS,
    *configs.KINDS,
    *hidden.KINDS,
)
