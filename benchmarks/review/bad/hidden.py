"""Bad changes that something else of the pull request, or of main, could hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.bad.configs import access_key
from benchmarks.review.draft import has
from benchmarks.review.kinds import bad, high, low

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding


def gate_among_descriptions(draft: Draft) -> Finding:
    """Lower one gate in a change that edits 60 descriptions: R010, high."""
    for path in draft.pick_many(60, has("description")):
        with draft.edit(path) as config:
            config["description"] += " Reviewed in November."
    return _lower_gate(draft)


def gate_in_a_reordered_file(draft: Draft) -> Finding:
    """Lower one gate in a file whose keys are all put into another order: R010, high."""
    finding = _lower_gate(draft)
    (path,) = finding.names
    draft.write(path, dict(sorted(draft.read(path).items())))
    return finding


def threshold_off(draft: Draft) -> Finding:
    """Turn R010 off in the change that lowers a gate: R010, high, by main's thresholds."""
    draft.replace("pyproject.toml", 'R008 = "low"', 'R008 = "low", R010 = "off"')
    return _lower_gate(draft)


def accepted_without_a_reason(draft: Draft) -> Finding:
    """Lower a gate with a comment that accepts it without a reason: R010 stays open, high."""
    finding = _lower_gate(draft)
    draft.insert(finding.names[0], "# refinery: allow R010")
    return finding


def comment_accepts_nothing(draft: Draft) -> Finding:
    """Accept a risk that the change does not raise: R090, low."""
    path = draft.pick(has("require"))
    draft.insert(path, "# refinery: allow R011 because the metric is measured elsewhere")
    return low("R090", path)


def broken_on_main(draft: Draft) -> Finding:
    """Repair a config that main has broken, and lower its gate along the way: R010, high."""
    path = draft.pick(has("require.roc_auc"))
    repaired = draft.files[path]
    draft.files[path] = repaired.replace("timeout: 2h", "timeout: 2 hours")
    draft.commit()
    draft.files[path] = repaired.replace("min: 0.75", "min: 0.1")
    return high("R010", path)


def defaults_broken_on_main(draft: Draft) -> Finding:
    """Repair the defaults that main has broken, and lower one gate along the way: R010, high."""
    repaired = draft.files["configs/defaults.yml"]
    draft.insert("configs/defaults.yml", "ownr: ml-platform")
    draft.commit()
    draft.files["configs/defaults.yml"] = repaired
    return _lower_gate(draft)


def secret_removed(draft: Draft) -> Finding:
    """Remove a secret that main has in a config: R080, high."""
    path = draft.pick(has("model.args"))
    clean = draft.files[path]
    with draft.edit(path) as config:
        config["model"]["args"] += ["--key", access_key(draft)]
    draft.commit()
    draft.files[path] = clean
    return high("R080", path)


def _lower_gate(draft: Draft) -> Finding:
    path = draft.pick(has("require.r2"))
    with draft.edit(path) as config:
        config["require"]["r2"]["min"] = 0.1
    return high("R010", path)


KINDS = (
    bad(
        "hidden",
        gate_among_descriptions,
        gate_in_a_reordered_file,
        threshold_off,
        accepted_without_a_reason,
        comment_accepts_nothing,
        broken_on_main,
        defaults_broken_on_main,
        secret_removed,
    ),
)
