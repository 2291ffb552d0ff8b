"""The errors of reading configs: RefineryError > ConfigError > UnknownPipelineError."""

from __future__ import annotations

from include.config.problems import Problem, suggest_name
from include.config.reports import render_problems
from include.errors import RefineryError


class ConfigError(RefineryError):
    """A pipeline that cannot be loaded; its text shows every problem with its source line.

    Attributes:
        problems: What to mend, sorted by file and place.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(render_problems(problems))


class UnknownPipelineError(ConfigError):
    """A DAG id that no config makes.

    Attributes:
        dag_id: The id that was asked for.
        known: The ids that there are, where they were looked at.
    """

    def __init__(self, dag_id: str, path: str, known: tuple[str, ...] = ()) -> None:
        self.dag_id = dag_id
        self.known = known
        message = f'no config makes the pipeline "{dag_id}"{suggest_name(dag_id, known)}'
        super().__init__((Problem(path, 1, 1, "", message, "unknown-pipeline"),))
