"""Every kind of risk: its code, how bad it is, what it means and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.review.plan import Severity


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of risk.

    Attributes:
        code: Its stable code.
        severity: How bad it is, unless the project says otherwise.
        title: What it is in a few words.
        meaning: When it is raised and why that matters.
        remedy: What to do about it.
    """

    code: str
    severity: Severity
    title: str
    meaning: str
    remedy: str


# The code of what is wrong with comments that accept risks: no comment accepts it.
ACCEPTANCE = "R090"

_KINDS = (
    Kind(
        "R001",
        "high",
        "output moves",
        "The folder with a pipeline's models is another one in the same bucket. Old models stay where they are, and "
        "whoever reads the old folder, or is scheduled on it, sees no new ones. The first model at the new place has no "
        "latest model to be compared with.",
        "Tell the readers, move them in the same change, and copy what they still need.",
    ),
    Kind(
        "R002",
        "high",
        "output moves to another bucket",
        "As R001, and the connection needs access to the new bucket.",
        "As for R001; try a run with the connection before merging.",
    ),
    Kind(
        "R003",
        "medium",
        "output is laid out differently",
        "The folder stays, but the runs' folders in it are named otherwise. Whoever builds their addresses, as from "
        "a date, finds nothing new, and older models no longer count as versions of the pipeline.",
        "Let readers go by `latest.json`, which names the newest model wherever it is.",
    ),
    Kind(
        "R004",
        "high",
        "output no longer depends on the date",
        "`output` loses its macro of the run, so each run replaces the last one's model.",
        "Keep `{{ ds }}` in `output`; readers of the newest model find it by `latest.json`.",
    ),
    Kind(
        "R005",
        "medium",
        "runs of one day write one folder",
        "The schedule brings several runs a day, and `output` tells only days apart: the last run of a day wins.",
        "Write `{{ ts_nodash }}` instead of `{{ ds }}`.",
    ),
    Kind(
        "R006",
        "high",
        "two pipelines write one prefix",
        "Two outputs share their `latest.json`, or one lies inside the other's run folder. Equal outputs are an error "
        "of the configs already.",
        "Give each pipeline a folder of its own, in a matrix with `${matrix.NAME}`.",
    ),
    Kind(
        "R007",
        "medium",
        "output is taken over from another pipeline",
        "A pipeline writes where another one wrote that goes or moves away. The models there count as its own: they "
        "are listed, compared with by gates, and may be rolled back to.",
        "Choose a new folder, unless the pipeline goes on with the other's models on purpose.",
    ),
    Kind(
        "R008",
        "low",
        "output lies inside another's folder",
        "A pipeline's folder is inside the folder of another pipeline's models. Permissions, lifecycle rules and "
        "deletions of the outer one reach the inner one.",
        "Put them side by side.",
    ),
    Kind(
        "R010",
        "high",
        "gate loosened",
        "A requirement asks for less than before, so models that were rejected are promoted.",
        "Say in the pull request why less is good enough.",
    ),
    Kind(
        "R011",
        "high",
        "gate removed",
        "A metric has no requirement any more.",
        "Keep it, or say in the pull request what holds bad models back instead.",
    ),
    Kind(
        "R012",
        "high",
        "gate only warns",
        "`gate` goes from `fail` to `warn`: a model that misses its requirements is promoted, marked.",
        "Set it back once the reason is gone.",
    ),
    Kind(
        "R013",
        "low",
        "evaluation changes",
        "The rows that models are measured on are chosen otherwise, or another class counts as positive, so metrics before and after do not "
        "compare.",
        "Compare both models on the same rows, with `./refinery compare`, before a bound is set by the new figures.",
    ),
    Kind(
        "R020",
        "medium",
        "data contract loosened",
        "A rule of `expect` lets datasets through that failed before. Rules that do not compare, as two patterns, or a count and "
        "a share of missing values, are told too.",
        "Check that the model copes with what is let through.",
    ),
    Kind(
        "R021",
        "high",
        "data contract removed",
        "`expect` is gone: nothing checks a dataset before a model learns from it.",
        "Keep the rules that still hold; `./refinery profile` proposes new ones.",
    ),
    Kind(
        "R030",
        "medium",
        "runs much more often",
        "The schedule brings more than `schedule_factor` times as many runs as before, with their cost.",
        "Check that the data changes that often, or set `on_unchanged: skip`.",
    ),
    Kind(
        "R031",
        "medium",
        "no longer runs by itself",
        "The schedule is gone, or `end_date` has passed: readers keep getting the last model.",
        "Remove the pipeline if it is no longer needed.",
    ),
    Kind(
        "R032",
        "high",
        "past runs are started",
        "`catchup` is on for a pipeline that Airflow has not made up for yet: turned on, added, under a new DAG id, or with a "
        "schedule, an earlier `start_date` or no `end_date` where it had made no runs. All runs since then start when it is "
        "merged, if there are more than `catchup_runs`. Airflow goes on from a DAG's last scheduled run, which the configs do not "
        "tell: of a pipeline that has been running, fewer are started than are counted.",
        "Set `start_date` to the first day that is wanted.",
    ),
    Kind(
        "R040",
        "medium",
        "DAG id changes",
        "A config is renamed or moved, or a value of its matrix is. Airflow knows a DAG by its id: the new one starts without "
        "history, and is paused or not as a new one is.",
        "Keep the file's name, or accept that the history stays under the old one.",
    ),
    Kind(
        "R041",
        "high",
        "awaited pipeline removed",
        "A pipeline goes while others are scheduled on what it writes.",
        "Give them another schedule, or remove them too.",
    ),
    Kind(
        "R042",
        "medium",
        "matrix grows large",
        "A matrix makes more pipelines than before, and more than `matrix_size`.",
        "Leave out combinations with `exclude`.",
    ),
    Kind(
        "R050",
        "medium",
        "source is in another place",
        "Data comes from another bucket or host. A URL does not tell the owner of a bucket: it may be another account.",
        "Make sure who owns it and who may write to it.",
    ),
    Kind(
        "R051",
        "low",
        "source is in another region",
        "The URLs before and after name different AWS regions.",
        "Check the cost, and whether the data may leave its region.",
    ),
    Kind(
        "R052",
        "high",
        "source comes over plain http",
        "Nothing protects the dataset on its way, neither from readers nor from changes.",
        "Write https://, or put the dataset on S3.",
    ),
    Kind(
        "R053",
        "medium",
        "connection changes",
        "The source or the output is reached with other credentials, which must be in Airflow before the next run.",
        "Make the connection first, and check what it may do.",
    ),
    Kind(
        "R060",
        "medium",
        "fewer retries",
        "Failed tasks are tried again less often. Only failures that another try may mend are retried at all.",
        "Keep the retries unless they did harm.",
    ),
    Kind(
        "R061",
        "medium",
        "timeout changes",
        "Tasks are ended sooner than before, or have lost the limit that was set for them.",
        "Compare with how long the last runs took.",
    ),
    Kind(
        "R062",
        "medium",
        "no longer waits for its dataset",
        "`wait_for` is gone.",
        "Keep it unless the dataset is always there when the run begins.",
    ),
    Kind(
        "R063",
        "medium",
        "nobody is told of failures",
        "`notify.on_failure` is gone.",
        "Name whom to tell.",
    ),
    Kind(
        "R064",
        "low",
        "pool or queue changes",
        "Tasks wait without an error where the pool or the queue's workers do not exist.",
        "Make the pool, or start the workers, first.",
    ),
    Kind(
        "R070",
        "high",
        "format no longer safe to load",
        "Models were `skops` or `onnx`, which run no code when they are loaded, and become pickles, which do.",
        "Keep the format; for skops, `trusted` lets single types through.",
    ),
    Kind(
        "R071",
        "medium",
        "more types trusted",
        "`model.trusted` lets more types into a skops file, and a type may run code when it is loaded.",
        "Check where each type comes from.",
    ),
    Kind(
        "R072",
        "high",
        "target changes",
        "Models predict another column. Their users get another answer without an error, and gates compare it with the old one.",
        "Make it a new pipeline with an output of its own.",
    ),
    Kind(
        "R073",
        "medium",
        "inputs change",
        "The columns that the model learns from, and that its users must send, are others.",
        "Tell the users before the first new model comes.",
    ),
    Kind(
        "R074",
        "medium",
        "another model without a gate",
        "Another module, class or script is trained, and no gate compares it with what was there.",
        "Add `require`, as `no_worse_than_latest`.",
    ),
    Kind(
        "R080",
        "high",
        "secret was in git",
        "The base has a secret in a config that the change removes. It stays in the history of every clone.",
        "Revoke it where it was issued; removing it from the file is not enough.",
    ),
    Kind(
        ACCEPTANCE,
        "low",
        "comment accepts nothing",
        "A comment that accepts a risk lacks its reason, names an unknown code, was for an earlier change, or stands where the "
        "risk is not raised.",
        "Mend the comment, or remove it.",
    ),
)

KINDS = {kind.code: kind for kind in _KINDS}
