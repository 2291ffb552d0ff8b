"""Changes of where models go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.draft import has
from benchmarks.review.kinds import bad, error, high, low, medium

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding


def folder_moves(draft: Draft) -> Finding:
    """Write models into another folder: R001, high."""
    path = draft.pick(has("require"))
    draft.replace(path, "s3://${models}/", "s3://${models}/v2/")
    return high("R001", path)


def folders_of_a_matrix_move(draft: Draft) -> Finding:
    """Write the models of a whole matrix into other folders: R001, high."""
    path = draft.pick(has("matrix"))
    draft.replace(
        path, "/regions/${matrix.region}/${matrix.model}/", "/${matrix.model}/regions/${matrix.region}/"
    )
    return high("R001", path)


def bucket_moves(draft: Draft) -> Finding:
    """Write models into another bucket: R002, high."""
    path = draft.pick(has("require"))
    draft.replace(path, "s3://${models}/", "s3://models-of-a-partner/")
    return high("R002", path)


def layout_changes(draft: Draft) -> Finding:
    """Name the runs' folders differently: R003, medium."""
    path = draft.pick(lambda config: "{{ ds }}" in str(config["output"]))
    draft.replace(path, "{{ ds }}/", "{{ ds_nodash }}/")
    return medium("R003", path)


def date_left_out(draft: Draft) -> Finding:
    """Let each run replace the model of the last one: R004, high."""
    path = draft.pick(lambda config: "{{ ds }}" in str(config["output"]))
    draft.replace(path, "{{ ds }}/", "current/")
    draft.files[path] += "overwrite: true\n"
    return high("R004", path)


def hours_share_a_folder(draft: Draft) -> Finding:
    """Run several times a day and write one folder a day: R005, medium."""
    path = draft.pick(lambda config: "{{ ds }}" in str(config["output"]))
    with draft.edit(path) as config:
        config["schedule"] = draft.random.choice(("@hourly", "10 * * * *", "0 */6 * * *"))
    return medium("R005", path)


def half_days_share_a_folder(draft: Draft) -> Finding:
    """Run twice a day and write one folder a day: R005, medium."""
    path = draft.pick(lambda config: "{{ ds }}" in str(config["output"]))
    with draft.edit(path) as config:
        config["schedule"] = "0 3,15 * * *"
    return medium("R005", path)


def moves_and_changes_layout(draft: Draft) -> Finding:
    """Move a folder in the middle of other edits of the file: R001, high."""
    path = draft.pick(has("require", "resources"))
    with draft.edit(path) as config:
        config["description"] += " Reviewed in November."
        config["timeout"] = "3h"
        config["output"] = config["output"].replace("s3://${models}/", "s3://${models}/all/")
        config["resources"]["cpu"] = 6
    return high("R001", path)


def copied_output(draft: Draft) -> Finding:
    """Add a pipeline by a copy whose output was forgotten: an error of the new config."""
    path = draft.pick(has("require"))
    new = path.replace(".yml", "_v2.yml")
    draft.files[new] = draft.files[path]
    return error(new)


def copied_output_of_another_date(draft: Draft) -> Finding:
    """Add a copy that differs in the date's form alone, so that both share latest.json: an error of the new config."""
    path = draft.pick(lambda config: "{{ ds }}" in str(config["output"]))
    new = path.replace(".yml", "_v2.yml")
    draft.files[new] = draft.files[path].replace("{{ ds }}", "{{ ds_nodash }}")
    return error(new)


def axis_left_out(draft: Draft) -> Finding:
    """Leave an axis out of a matrix's output, so that several pipelines write one: an error."""
    path = draft.pick(has("matrix"))
    draft.replace(path, "${matrix.model}/{{ ds }}/", "{{ ds }}/")
    return error(path)


def inside_another(draft: Draft) -> Finding:
    """Add a pipeline inside another one's folder: R008, low."""
    path = draft.pick(has("require", "model.class"))
    new = path.replace(".yml", "_small.yml")
    draft.files[new] = draft.files[path].replace("/{{ ds }}/", "/small/{{ ds }}/")
    return low("R008", new)


def taken_over(draft: Draft) -> Finding:
    """Remove a pipeline and write into its folder by another one: R007, medium."""
    gone, path = draft.pick_many(2, has("require", "wait_for"))
    folder = draft.read(gone)["output"]
    del draft.files[gone]
    with draft.edit(path) as config:
        config["output"] = folder
    return medium("R007", path)


def swapped(draft: Draft) -> Finding:
    """Swap the outputs of two pipelines, so that each goes on with the other's models: R001, high."""
    one, other = draft.pick_many(2, has("require", "resources"), "demand/")
    outputs = draft.read(one)["output"], draft.read(other)["output"]
    for path, output in zip((other, one), outputs, strict=True):
        with draft.edit(path) as config:
            config["output"] = output
    return high("R001", one, other)


KINDS = (
    bad(
        "output moves",
        folder_moves,
        folders_of_a_matrix_move,
        bucket_moves,
        layout_changes,
        date_left_out,
        hours_share_a_folder,
        half_days_share_a_folder,
        moves_and_changes_layout,
    ),
    bad(
        "outputs collide",
        copied_output,
        copied_output_of_another_date,
        axis_left_out,
        inside_another,
        taken_over,
        swapped,
    ),
)
