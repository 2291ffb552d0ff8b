"""Changes after which worse models are promoted, or are measured otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.draft import has
from benchmarks.review.kinds import bad, high, low

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding


def least_lowered(draft: Draft) -> Finding:
    """Lower the least value of a metric by a fifth to a half: R010, high."""
    path = draft.pick(lambda config: "roc_auc" in config.get("require", {}))
    with draft.edit(path) as config:
        config["require"]["roc_auc"]["min"] = round(0.75 * draft.random.uniform(0.5, 0.8), 2)
    return high("R010", path)


def most_raised(draft: Draft) -> Finding:
    """Raise the greatest error that is good enough: R010, high."""
    path = draft.pick(has("require.mae"))
    with draft.edit(path) as config:
        config["require"]["mae"]["max"] = draft.random.choice((45, 60, 400))
    return high("R010", path)


def tolerance_raised(draft: Draft) -> Finding:
    """Let a model be several times worse than the latest one: R010, high."""
    path = draft.pick(has("require.r2.no_worse_than_latest"))
    with draft.edit(path) as config:
        config["require"]["r2"]["no_worse_than_latest"] = draft.random.choice(("10%", "30%", "100%"))
    return high("R010", path)


def metric_swapped(draft: Draft) -> Finding:
    """Require accuracy instead of recall, which a model that never finds the class can reach: R011, high."""
    path = draft.pick(has("require.recall"))
    with draft.edit(path) as config:
        del config["require"]["recall"]
        config["require"]["accuracy"] = {"min": 0.6}
    return high("R011", path)


def all_gates_removed(draft: Draft) -> Finding:
    """Remove `require`: R011, high."""
    path = draft.pick(has("require"))
    with draft.edit(path) as config:
        del config["require"]
    return high("R011", path)


def comparison_removed(draft: Draft) -> Finding:
    """Keep the least value and drop the comparison with the latest model: R010, high."""
    path = draft.pick(has("require.roc_auc"))
    with draft.edit(path) as config:
        del config["require"]["roc_auc"]["no_worse_than_latest"]
    return high("R010", path)


def gate_warns(draft: Draft) -> Finding:
    """Make one pipeline's gate only warn: R012, high."""
    path = draft.pick(has("require"))
    with draft.edit(path) as config:
        config["gate"] = "warn"
    return high("R012", path)


def gates_of_a_team_warn(draft: Draft) -> Finding:
    """Make all gates of a team only warn, by a line of its defaults: R012, high."""
    path = draft.pick(has("require"))
    folder = path.rpartition("/")[0] + "/"
    with draft.edit(f"{folder}defaults.yml") as config:
        config["gate"] = "warn"
    return high("R012", folder)


def seed_changed(draft: Draft) -> Finding:
    """Hold out other rows by changing the seed: R013, low."""
    path = draft.pick(has("evaluate.random_state"))
    with draft.edit(path) as config:
        config["evaluate"]["random_state"] = draft.random.randrange(100, 1000)
    return low("R013", path)


def fewer_rows_held_out(draft: Draft) -> Finding:
    """Measure on a twentieth of the rows instead of a fifth: R013, low."""
    path = draft.pick(has("evaluate.test_size"))
    with draft.edit(path) as config:
        config["evaluate"]["test_size"] = 0.05
    return low("R013", path)


def other_class_counts(draft: Draft) -> Finding:
    """Count the other, frequent class as positive: R013, low."""
    path = draft.pick(has("evaluate.positive_class"))
    with draft.edit(path) as config:
        config["evaluate"]["positive_class"] = "none"
    return low("R013", path)


def time_ignored(draft: Draft) -> Finding:
    """Measure on random rows instead of the latest ones: R013, low."""
    path = draft.pick(has("evaluate.time_column"))
    with draft.edit(path) as config:
        config["evaluate"] = {"test_size": 0.2}
    return low("R013", path)


def gap_closed(draft: Draft) -> Finding:
    """Drop the gap before the rows that are held out: R013, low."""
    path = draft.pick(has("evaluate.gap"))
    with draft.edit(path) as config:
        del config["evaluate"]["gap"]
    return low("R013", path)


KINDS = (
    bad(
        "gates",
        least_lowered,
        most_raised,
        tolerance_raised,
        metric_swapped,
        all_gates_removed,
        comparison_removed,
        gate_warns,
        gates_of_a_team_warn,
    ),
    bad("evaluation", seed_changed, fewer_rows_held_out, other_class_counts, time_ignored, gap_closed),
)
