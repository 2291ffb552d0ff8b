"""Changes of what is trained, and of the file that it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.draft import has, lacks
from benchmarks.review.kinds import bad, high, medium, noted, serious

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding


def becomes_pickle(draft: Draft) -> Finding:
    """Write a pickle instead of a skops file: R070, high."""
    path = draft.pick(lambda config: "skops" in str(config["model"]))
    with draft.edit(path) as config:
        config["model"]["format"] = "pickle"
    return high("R070", path)


def format_left_out(draft: Draft) -> Finding:
    """Remove the line that asked for skops, so that the default writes a pickle: R070, high."""
    path = draft.pick(lambda config: "skops" in str(config["model"]))
    with draft.edit(path) as config:
        del config["model"]["format"]
    return high("R070", path)


def type_trusted(draft: Draft) -> Finding:
    """Trust one more type in a skops file: R071, medium."""
    path = draft.pick(lambda config: "skops" in str(config["model"]))
    with draft.edit(path) as config:
        config["model"]["trusted"] = ["numpy.random.RandomState"]
    return medium("R071", path)


def file_renamed(draft: Draft) -> Finding:
    """Write skops instead of a pickle: programs that load model.pkl find none; at least medium."""
    path = draft.pick(has("model.module", "require"))
    with draft.edit(path) as config:
        config["model"]["format"] = "skops"
    return serious(path)


def script_file_renamed(draft: Draft) -> Finding:
    """Load another file of a script's model than before: at least medium."""
    path = draft.pick(has("model.file"))
    with draft.edit(path) as config:
        config["model"]["file"] = "model.pkl"
    return serious(path)


def other_module_ungated(draft: Draft) -> Finding:
    """Train another module where no gate compares it: R074, medium."""
    path = draft.pick(lambda config: has("model.module")(config) and lacks("require")(config))
    with draft.edit(path) as config:
        old = config["model"]["module"]
        config["model"] = {"module": old.replace("boosted", "forest")}
    return medium("R074", path)


def class_instead_of_script(draft: Draft) -> Finding:
    """Replace a script by a class without a gate: R074, medium."""
    path = draft.pick(has("model.script"), "_legacy")
    with draft.edit(path) as config:
        config["target"] = config["model"]["params"]["target"]
        config["model"] = {"class": "sklearn.ensemble.RandomForestClassifier"}
    return medium("R074", path)


def scores_of_another_model(draft: Draft) -> Finding:
    """Score by the model of another market, by a param of a script: the schedule follows one model and the param names another; any risk."""
    path = draft.pick(has("model.params.model"), "retail_scores")
    with draft.edit(path) as config:
        config["model"]["params"]["model"] = config["model"]["params"]["model"].replace("retail", "online")
    return noted(path)


KINDS = (
    bad(
        "models and formats",
        becomes_pickle,
        format_left_out,
        type_trusted,
        file_renamed,
        script_file_renamed,
        other_module_ungated,
        class_instead_of_script,
        scores_of_another_model,
    ),
)
