"""A throw-away repository: branches, forks and pull requests, whose head and trial merge the remote keeps as GitHub does."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = "acme/pipelines"
_PROJECT = Path(__file__).resolve().parents[3]
# What a project's reviews need of it.
_PARTS = (
    *(".github", "configs", "dags", "include", "plugins"),
    *(".gitignore", "constraints.txt", "pyproject.toml", "refinery", "requirements.txt"),
)
_WHO = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in {"NAME": "A", "EMAIL": "a@example.org", "DATE": "2026-01-31T12:00:00Z"}.items()
}


def git(folder: Path, *arguments: str) -> str:
    """Run git without anybody's settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **_WHO}
    command = ["git", "-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def merge(remote: Path, base: str, head: str) -> str:
    """Merge a commit into another in a bare repository, and return the merge."""
    tree = git(remote, "merge-tree", "--write-tree", base, head)
    return git(remote, "commit-tree", tree, "-p", base, "-p", head, "-m", "Merge")


class Branch:
    """A work tree on a branch of GitHub's repository or of a fork."""

    def __init__(self, folder: Path, remote: Path, repository: str) -> None:
        self.folder = folder
        self.repository = repository
        git(folder.parent, "clone", "--quiet", str(remote), str(folder))

    def write(self, path: str, text: str) -> Branch:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        git(self.folder, "add", path)
        return self

    def edit(self, path: str, before: str, after: str) -> Branch:
        text = (self.folder / path).read_text(encoding="utf-8")
        assert before in text
        return self.write(path, text.replace(before, after))

    def commit(self) -> Branch:
        git(self.folder, "commit", "--quiet", "--message", "Change pipelines")
        return self


@dataclass(frozen=True)
class MergeGroup:
    """A pull request in the merge queue, merged on trial with those before it.

    Attributes:
        number: The pull request's.
        base: The merge of those before it.
        sha: The merge of all.
    """

    number: int
    base: str
    sha: str


class PullRequest:
    """A branch that asks to be merged into main."""

    def __init__(self, remote: Path, github: Any, branch: Branch, number: int) -> None:
        self._remote = remote
        self._github = github
        self.branch = branch
        self.number = number
        self.push()

    def push(self) -> None:
        """Take the branch's newest commit, and merge it on trial."""
        head = f"refs/pull/{self.number}/head"
        git(self._remote, "fetch", "--quiet", str(self.branch.folder), f"+HEAD:{head}")
        self.merge = merge(self._remote, "main", head)
        git(self._remote, "update-ref", f"refs/pull/{self.number}/merge", self.merge)
        self.sha = git(self._remote, "rev-parse", head)
        changed = git(self._remote, "diff", "--name-only", f"main...{head}").splitlines()
        self._github.files = [{"filename": file} for file in changed]
        self._state("open")

    def close(self) -> None:
        self._state("closed")

    def _state(self, state: str) -> None:
        self._github.pulls[self.number] = {
            "number": self.number,
            "state": state,
            "head": {"sha": self.sha, "repo": {"full_name": self.branch.repository}},
            "base": {"ref": "main", "repo": {"full_name": REPOSITORY}},
        }


class Repository:
    """What lies on GitHub: a bare repository with this project's files in it, a copy of the one that is given."""

    def __init__(self, folder: Path, github: Any, first: Path) -> None:
        self._folder = folder
        self._github = github
        self.remote = Path(shutil.copytree(first, folder / "remote.git"))

    @staticmethod
    def make(folder: Path) -> Path:
        """Make the bare repository."""
        start = folder / "start"
        start.mkdir()
        for part in _PARTS:
            if (_PROJECT / part).is_dir():
                shutil.copytree(_PROJECT / part, start / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(_PROJECT / part, start / part)
        git(start, "init", "--quiet")
        git(start, "add", "--all")
        git(start, "commit", "--quiet", "--message", "Start")
        remote = folder / "remote.git"
        git(folder, "clone", "--quiet", "--bare", "start", str(remote))
        git(remote, "config", "uploadpack.allowAnySHA1InWant", "true")
        return remote

    def branch(self, name: str = "branch") -> Branch:
        return Branch(self._folder / name, self.remote, REPOSITORY)

    def queue(self, *pulls: PullRequest) -> MergeGroup:
        """Put pull requests into the merge queue, and return the group of the last one."""
        merged = [git(self.remote, "rev-parse", "main")]
        for pull in pulls:
            merged.append(merge(self.remote, merged[-1], pull.sha))
        return MergeGroup(pulls[-1].number, *merged[-2:])

    def fork(self) -> Branch:
        git(self._folder, "clone", "--quiet", "--bare", str(self.remote), "fork.git")
        return Branch(self._folder / "fork", self._folder / "fork.git", "mallory/pipelines")

    def open(self, branch: Branch, number: int = 12) -> PullRequest:
        return PullRequest(self.remote, self._github, branch, number)
