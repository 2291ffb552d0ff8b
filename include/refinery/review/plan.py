"""What merging a change would do to a project's pipelines: the one form that the comparison fills and all reports read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date

    from refinery.config import Pipeline, Problem
    from refinery.review.pairs import Pair
    from refinery.review.risks.thresholds import Thresholds

Kind = Literal["added", "removed", "renamed", "changed"]
Severity = Literal["high", "medium", "low"]
Side = Literal["base", "head"]
CodeKind = Literal["module", "script", "library", "refinery"]


@dataclass(frozen=True, slots=True)
class Version:
    """One side of a plan.

    Attributes:
        name: As it was asked for: a branch, a tag, a commit; "working tree" for the files as they lie there.
        commit: The commit's full hash; None for the working tree.
        is_fork_point: Whether the commit is not the newest of the name, but the one where the change left it.
    """

    name: str
    commit: str | None
    is_fork_point: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands.

    Attributes:
        path: The file, relative to the project, with "/" between folders.
        line: The line, counted from 1.
        side: The version that the file is of: head, or base for what head no longer has.
    """

    path: str
    line: int
    side: Side = "head"


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value of a resolved pipeline that changes.

    Attributes:
        key: The dotted key, such as "model.params.alpha".
        topic: The heading under which a data scientist looks for it, such as "model" or "schedule".
        before: The value in JSON's types; None where there is none.
        after: The same, after the merge.
        sentence: The change in words, such as "model.params.alpha: 0.1 -> 0.5".
        place: Where it is written; None for a default of Refinery itself.
    """

    key: str
    topic: str
    before: Any
    after: Any
    sentence: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class SharedChange:
    """One edit above several pipelines, in a defaults.yml, an environment or a matrix, which changes the same in all.

    Attributes:
        change: The change.
        pipelines: The DAG ids that it reaches, sorted.
        environments: Those that it is limited to; empty for all of the plan's.
    """

    change: ValueChange
    pipelines: tuple[str, ...]
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeChange:
    """A change outside the configs that reaches pipelines.

    Attributes:
        kind: What changes: a model's module or script, a pinned library, or Refinery itself.
        name: The file or the library, such as "include/models/random_forest.py" or "scikit-learn".
        before: The pin, or the file's short hash; None where there was none.
        after: The same, after the merge; None where there is none any more.
        sentence: What it means, such as "scikit-learn 1.7.0 -> 1.9.1: retrained models will differ".
        pipelines: The DAG ids that it reaches, sorted.
        environments: Those that it is limited to; empty for all of the plan's.
        retrains: Whether models are trained with it, so that the next ones may differ.
    """

    kind: CodeKind
    name: str
    before: str | None
    after: str | None
    sentence: str
    pipelines: tuple[str, ...]
    environments: tuple[str, ...] = ()
    retrains: bool = False

    @property
    def is_model_file(self) -> bool:
        """Whether it is a file below include/models/, which a model runs or reads."""
        return self.kind in ("module", "script")


@dataclass(frozen=True, slots=True)
class Graph:
    """A pipeline's rendered tasks, in their order, and the edges between them."""

    tasks: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RunTime:
    """A run's time, to the minute: in UTC ("2026-01-31 11:00") and in the pipeline's own timezone with its abbreviation, if another."""

    utc: str
    local: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What a pipeline does at one side of the plan.

    Attributes:
        graph: Its tasks.
        objects: The S3 URLs that the first run of a day writes, sorted.
        objects_of: The day: the first from the plan's date on that has a run, before the change and after it.
        schedule: When it runs, in words.
        runs: Its next three runs from the plan's date; empty without a clock.
        reads: The URLs that this run reads where params choose them, by their defaults.
    """

    graph: Graph
    objects: tuple[str, ...]
    schedule: str
    runs: tuple[RunTime, ...]
    objects_of: date | None = None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineChange:
    """What a plan says of one pipeline.

    Attributes:
        kind: What happens to it.
        dag_id: Its DAG id after the merge; before it for a removed one.
        previous_id: The DAG id before the merge, where another.
        path: Its config after the merge; before it for a removed one.
        changes: Every value that changes, including shared ones.
        tasks_changed: The tasks on both sides whose arguments differ, with the arguments' names.
        before: What it does before; None for an added one.
        after: What it does after; None for a removed one.
        left_behind: What stays of the old one, a sentence each: objects on S3, the DAG's history.
        base: The resolved pipeline before; None for an added one.
        head: The resolved pipeline after; None for a removed one.
        environments: Those that it is limited to; empty for all of the plan's.
        causes: The edits behind its changes, which others may share.
    """

    kind: Kind
    dag_id: str
    previous_id: str | None
    path: str
    changes: tuple[ValueChange, ...]
    tasks_changed: tuple[tuple[str, tuple[str, ...]], ...]
    before: Effects | None
    after: Effects | None
    left_behind: tuple[str, ...]
    base: Pipeline | None = field(default=None, repr=False, compare=False)
    head: Pipeline | None = field(default=None, repr=False, compare=False)
    environments: tuple[str, ...] = ()
    causes: tuple[str, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Risk:
    """What could go wrong.

    Attributes:
        code: A stable code, such as "R001"; docs/risks.md has them all.
        severity: How bad it would be.
        title: What it is in a few words, such as "output moves".
        sentence: What could go wrong here.
        pipelines: The DAG ids that it concerns, sorted.
        place: Where it is written.
        accepted: The reason of the comment that accepts it; None where none does.
        environments: Those that it is limited to; empty for all of the plan's.
    """

    code: str
    severity: Severity
    title: str
    sentence: str
    pipelines: tuple[str, ...]
    place: Place | None
    accepted: str | None = None
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stake:
    """The model that a pipeline has promoted last: what is at stake.

    Attributes:
        dag_id: The pipeline, by its DAG id after the merge; before it for a removed one.
        prefix: Where the model lies; None where none was promoted, or it is not known.
        promoted: When it was promoted, in UTC to the minute, such as "2026-01-31 12:04".
        metrics: Its metrics, by name.
        gate: What its gates said: "passed", "warned", "rejected"; None where it had none.
        problem: Why nothing is known, in a sentence.
    """

    dag_id: str
    prefix: str | None = None
    promoted: str | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    gate: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate said of a model.

    Attributes:
        metric: The metric that it holds the model to.
        passed: Whether the model passed.
        sentence: What was measured and required, in a sentence.
    """

    metric: str
    passed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class TrialRun:
    """One version of a pipeline, trained for the plan.

    Attributes:
        metrics: The model's metrics, by name.
        gates: What each gate said.
        gate: What the gates said: "passed", "warned", "rejected"; None where there are none, or it was not trained.
        problem: Why there is no model, in words.
    """

    metrics: tuple[tuple[str, float], ...] = ()
    gates: tuple[Verdict, ...] = ()
    gate: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """A pipeline that a change reaches, trained before and after on the same rows.

    Attributes:
        dag_id: The pipeline, by its DAG id after the merge.
        rows: How many rows of the dataset were taken; None where all of it was, or the two datasets differ.
        before: The version that is merged into; None for an added pipeline.
        after: The version that is merged.
        note: What the reader should know before comparing the two, a sentence.
    """

    dag_id: str
    rows: int | None
    before: TrialRun | None
    after: TrialRun
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Follower:
    """A pipeline that a change reaches through others.

    Attributes:
        dag_id: Its DAG id.
        owner: Its owner.
        after: The DAG ids of the pipelines before it: changed ones where the distance is 1, else followers themselves.
        distance: How many steps it is away from the nearest pipeline that changes.
        environments: Those that it is limited to; empty for all of the plan's.
    """

    dag_id: str
    owner: str
    after: tuple[str, ...]
    distance: int
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Backtest:
    """A gate or a rule of the data contract that a change sets, held against the pipeline's last runs.

    A gate is held against their models, a rule of `expect` against their datasets.

    Attributes:
        dag_id: The pipeline, by its DAG id after the merge.
        condition: The gate or rule, such as "r2 >= 0.5" or "columns.age.min: 18".
        values: What the promoted models, or the datasets, have, the oldest first; those whose manifest does not say are left out.
        failing: The versions of the promoted models that would have been rejected, or whose datasets would have been
            refused, the newest first.
        rejected: How many models other bounds rejected.
        passing: How many of those would have met this bound.
        datasets: How many datasets the last runs had; None for a gate.
        undecided: For how many of them the manifests do not decide the rule.
        problem: Why nothing is known, in a sentence.
    """

    dag_id: str
    condition: str = ""
    values: tuple[float, ...] = ()
    failing: tuple[str, ...] = ()
    rejected: int = 0
    passing: int = 0
    datasets: int | None = None
    undecided: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the trainings of a pipeline cost whose schedule changes, comes or goes, or whose search does.

    Attributes:
        dag_id: The pipeline, by its DAG id after the merge; before it for a removed one.
        before: Trainings a month before; None where no clock starts them.
        after: The same after the merge.
        measured: How many of the last runs say what they took.
        cpu_seconds: The CPU time of one training, in seconds: the median of those runs; None where none says.
        fits_before: How many models one training fits at most, those of a search and of a cross-validation included.
        fits_after: The same after the merge.
        cpu_seconds_after: The CPU time of one training after the merge, where it fits more or fewer models; None where it does
            not, or nothing is known.
        memory_bytes: The most memory that one of them took, in bytes; None where none says.
        problem: Why nothing is known of the runs, in a sentence.
    """

    dag_id: str
    before: float | None
    after: float | None
    measured: int = 0
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    problem: str | None = None
    fits_before: int = 1
    fits_after: int = 1
    cpu_seconds_after: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What merging would do.

    Attributes:
        base: The version that is merged into.
        head: The version that is merged.
        environment: The environments that the configs were resolved for, in one text.
        environments: The same, one by one.
        folder: The project's folder in the repository, with a slash at the end; empty for the repository itself.
        date: The day whose objects and runs are shown.
        pipelines: Those that change, sorted by DAG id.
        unchanged: How many do not.
        shared: Edits that reach several pipelines, the widest first.
        code: Changes outside the configs, sorted by kind and name.
        downstream: The pipelines that follow those whose models or times change, the nearest first.
        risks: The worst first; accepted ones last.
        base_problems: What is wrong in the configs before; broken ones are not compared.
        head_problems: What is wrong in the configs after.
        notes: What the reader should know of the comparison, a sentence each, for example that base has no configs.
        stakes: The last promoted models of those that change, sorted by DAG id; empty where nobody asked.
        trials: Trainings of those that change, sorted by DAG id; empty where nobody asked.
        backtests: Changed bounds held against the last models, sorted by DAG id; empty where nobody asked.
        costs: What changed schedules cost a month, sorted by DAG id; empty where nobody asked.
        unchanged_ids: The DAG ids of those that do not change.
        reached: Those of them that run changed model files, on both sides, sorted by DAG id.
        thresholds: What judged the risks; None for the defaults.
    """

    base: Version
    head: Version
    environment: str
    environments: tuple[str, ...]
    date: date
    pipelines: tuple[PipelineChange, ...] = ()
    unchanged: int = 0
    shared: tuple[SharedChange, ...] = ()
    code: tuple[CodeChange, ...] = ()
    downstream: tuple[Follower, ...] = ()
    risks: tuple[Risk, ...] = ()
    base_problems: tuple[Problem, ...] = ()
    head_problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    stakes: tuple[Stake, ...] = ()
    trials: tuple[Trial, ...] = ()
    backtests: tuple[Backtest, ...] = ()
    costs: tuple[Cost, ...] = ()
    folder: str = ""
    unchanged_ids: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    reached: tuple[Pair, ...] = field(default=(), repr=False, compare=False)
    thresholds: Thresholds | None = field(default=None, repr=False, compare=False)

    def heads(self) -> dict[str, Pipeline]:
        """Return the resolved pipelines after the merge, by DAG id: those that change, and those that only changed model files reach."""
        changed = {one.dag_id: one.head for one in self.first_of_each()}
        reached = {one.dag_id: one.head for one in self.reached}
        return {dag_id: head for dag_id, head in (changed | reached).items() if head}

    def first_of_each(self) -> tuple[PipelineChange, ...]:
        """Return each pipeline that changes once, as it is in the first of its environments."""
        return tuple({one.dag_id: one for one in reversed(self.pipelines)}.values())[::-1]
