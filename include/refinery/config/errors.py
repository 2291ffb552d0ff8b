"""The errors of reading configs: RefineryError > ConfigError > UnknownPipelineError."""

from __future__ import annotations

from refinery.config.problems import Problem
from refinery.config.reports import render_problems
from refinery.errors import RefineryError
from refinery.wording import suggest_name


class ConfigError(RefineryError):
    """A pipeline cannot be loaded; the message shows every problem with its source line.

    Attributes:
        problems: What to fix, sorted by file and place.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(render_problems(problems))


class UnknownPipelineError(ConfigError):
    """No config defines a DAG id.

    Attributes:
        dag_id: The requested id.
        known: The existing ids, if they were looked up.
    """

    def __init__(self, dag_id: str, path: str, known: tuple[str, ...] = ()) -> None:
        self.dag_id = dag_id
        self.known = known
        message = f'no config defines the pipeline "{dag_id}"{suggest_name(dag_id, known)}'
        super().__init__((Problem(path, 1, 1, "", message, "unknown-pipeline"),))
