"""Plans a change by the code of `refinery plan`, and judges what the plan says of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.review.draft import Draft
from refinery.cli.library_classes import check_library_classes
from refinery.review.compare import make_plan
from refinery.review.formats import plan_as_json, plan_as_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.review.kinds import Finding
    from refinery.review.plan import Plan, Risk

PYTHON_PATH = os.pathsep.join(str(Path(__file__).parents[2] / folder) for folder in ("", "include"))
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {
        "NAME": "benchmark",
        "EMAIL": "benchmark@example.com",
        "DATE": "2026-11-20T12:00:00Z",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a plan said of one change.

    Attributes:
        finding: What it must say; None for a harmless change.
        is_flagged: Whether it says it at all, at whatever severity; for a harmless change, whether it raises a high risk or an error.
        is_right: Whether the severity is right too; for a harmless change, whether it raises neither.
        diff: The change, as lines of a unified diff.
        said: Its errors and open risks, a line each.
        page: The page in Markdown.
        seconds: The processor's time that the plan and its page took.
    """

    finding: Finding | None
    is_flagged: bool
    is_right: bool
    diff: tuple[str, ...]
    said: tuple[str, ...]
    page: str
    seconds: float


def make_draft(
    rule: Callable[[Draft], Finding | None], number: int, seed: int
) -> tuple[Draft, Finding | None]:
    """Return a rule's change of this number, which is always the same, and what a plan must say of it."""
    draft = Draft(f"{seed} {rule.__name__}", number)
    return draft, rule(draft)


def measure(rule: Callable[[Draft], Finding | None], number: int, seed: int) -> Result:
    """Plan a rule's change of this number, and judge the plan."""
    draft, finding = make_draft(rule, number, seed)
    with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as folder:
        root = Path(folder)
        lay_out(draft, root)
        start = _processor_time()
        plan = _plan(root)
        page = plan_as_markdown(plan)
        seconds = _processor_time() - start
    is_flagged, is_right = _judge(finding, plan) if finding else _stays_calm(plan)
    return Result(finding, is_flagged, is_right, draft.diff(), _said(plan), page, seconds)


def as_command(rule: Callable[[Draft], Finding | None], number: int, seed: int) -> tuple[str, str]:
    """Return a change's plan in JSON as it is made here, and as the command prints it."""
    draft, _ = make_draft(rule, number, seed)
    with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as folder:
        root = Path(folder)
        lay_out(draft, root)
        command = [sys.executable, "-m", "refinery", "plan", "--base", "main", "--format", "json"]
        environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
        done = subprocess.run(command, cwd=root, env=environment, check=False, capture_output=True, text=True)
        return plan_as_json(_plan(root)).strip(), done.stdout.strip()


def lay_out(draft: Draft, root: Path) -> None:
    """Commit the project on main, with what others merged, and leave the change in the working tree of a branch."""
    _write(root, {}, draft.before)
    _git(root, "init", "--quiet", "--initial-branch", "main")
    _commit(root, "The project")
    _git(root, "branch", "change")
    if draft.merged:
        _write(root, {}, draft.merged)
        _commit(root, "What others merged")
    _git(root, "switch", "--quiet", "change")
    _write(root, draft.before, draft.files)


def _plan(root: Path) -> Plan:
    return make_plan(
        root, base="main", head=None, environment=None, day=None, check_classes=check_library_classes
    )


def _processor_time() -> float:
    """Return the seconds that this process and the git processes that it has ended have used."""
    return sum(os.times()[:4])


def _judge(finding: Finding, plan: Plan) -> tuple[bool, bool]:
    """Return whether a plan says what it must, and whether at the right severity."""
    if any(
        problem.severity == "error" and _is_below(problem.path, finding.names)
        for problem in plan.head_problems
    ):
        return True, True
    found = [risk for risk in plan.risks if _is_found(risk, finding)]
    return bool(found), any(risk.severity in finding.severities for risk in found)


def _stays_calm(plan: Plan) -> tuple[bool, bool]:
    is_alarmed = any(problem.severity == "error" for problem in plan.head_problems) or any(
        risk.severity == "high" and risk.accepted is None for risk in plan.risks
    )
    return is_alarmed, not is_alarmed


def _is_found(risk: Risk, finding: Finding) -> bool:
    """Return whether a risk is open, of the right kind, and names a pipeline or a file that it must."""
    if not finding.severities or risk.accepted is not None:
        return False
    if finding.codes and risk.code not in finding.codes:
        return False
    paths = [_path(dag_id) for dag_id in risk.pipelines] + ([risk.place.path] if risk.place else [])
    is_named = any(_is_below(path, finding.names) for path in paths)
    return is_named or any(_dag_id(name) in risk.sentence for name in finding.names if name.endswith(".yml"))


def _is_below(path: str, names: tuple[str, ...]) -> bool:
    return any(path == name or (name.endswith("/") and path.startswith(name)) for name in names)


def _path(dag_id: str) -> str:
    """Return the path of the config that makes a pipeline; those of a matrix have "__" in their names."""
    return f"configs/{dag_id.partition('__')[0].replace('.', '/')}.yml"


def _dag_id(path: str) -> str:
    return path.removeprefix("configs/").removesuffix(".yml").replace("/", ".")


def _said(plan: Plan) -> tuple[str, ...]:
    errors = [
        f"error {problem.path}: {problem.message}"
        for problem in plan.head_problems
        if problem.severity == "error"
    ]
    risks = [
        f"{risk.severity} {risk.code} {', '.join(risk.pipelines)}: {risk.sentence}"
        for risk in plan.risks
        if risk.accepted is None
    ]
    return (*errors, *risks)


def _write(root: Path, old: dict[str, str], new: dict[str, str]) -> None:
    for path in old.keys() - new.keys():
        (root / path).unlink()
    for path, text in new.items():
        if old.get(path) != text:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def _commit(root: Path, message: str) -> None:
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", message)


def _git(root: Path, *arguments: str) -> None:
    git = shutil.which("git") or "git"
    environment = {**os.environ, **_IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([git, "-C", str(root), *arguments], env=environment, check=True, capture_output=True)
