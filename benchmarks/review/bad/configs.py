"""Configs that are wrong in themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.draft import has
from benchmarks.review.kinds import bad, error

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding


def key_misspelt(draft: Draft) -> Finding:
    """Misspell a key, so that gates would be gone: an error."""
    path = draft.pick(has("require"))
    draft.replace(path, "require:", "requires:")
    return error(path)


def param_misspelt(draft: Draft) -> Finding:
    """Misspell a param of a library's class: `refinery validate` reports an error."""
    path = draft.pick(has("model.params.max_iter"))
    draft.replace(path, "max_iter", "max_iters")
    return error(path)


def param_of_a_module_misspelt(draft: Draft) -> Finding:
    """Misspell a param of a module: an error."""
    path = draft.pick(has("model.params.learning_rate"))
    draft.replace(path, "learning_rate", "learningrate")
    return error(path)


def module_misspelt(draft: Draft) -> Finding:
    """Name a module that does not exist: an error."""
    path = draft.pick(has("model.module"))
    draft.replace(path, "module: ", "module: my_")
    return error(path)


def variable_misspelt(draft: Draft) -> Finding:
    """Use a variable that no environment has: an error."""
    path = draft.pick(has("require"))
    draft.replace(path, "${models}", "${model_bucket}")
    return error(path)


def duration_without_unit(draft: Draft) -> Finding:
    """Write a duration as a bare number: an error."""
    path = draft.pick(has("timeout"))
    draft.replace(path, "timeout: 2h", "timeout: 7200")
    return error(path)


def key_twice(draft: Draft) -> Finding:
    """Write a key twice in one file, as after a merge: an error."""
    path = draft.pick(has("timeout"))
    draft.files[path] += "timeout: 30m\n"
    return error(path)


def secret_written(draft: Draft) -> Finding:
    """Write an access key into a config: an error."""
    path = draft.pick(has("model.args"))
    with draft.edit(path) as config:
        config["model"]["args"] += ["--key", access_key(draft)]
    return error(path)


def access_key(draft: Draft) -> str:
    """Return a text of the form of an AWS access key; made up here, so that no file holds one."""
    return "AKIA" + "".join(draft.random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))


KINDS = (
    bad(
        "broken configs",
        key_misspelt,
        param_misspelt,
        param_of_a_module_misspelt,
        module_misspelt,
        variable_misspelt,
        duration_without_unit,
        key_twice,
        secret_written,
    ),
)
