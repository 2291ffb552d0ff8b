"""Find the pages of a project's files and commits on the server that its git remote names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from refinery.git import ask_git

if TYPE_CHECKING:
    from pathlib import Path

_REMOTE = "origin"
# https://user:token@host:port/path, ssh://git@host:port/path, and git@host:path
_WEB = re.compile(r"https?://(?:[^/@]*@)?(?P<host>[^/@\s]+)/(?P<path>\S+)")
_SSH = re.compile(r"ssh://(?:[^/@]*@)?(?P<host>[^/@:\s]+)(?::\d+)?/(?P<path>\S+)")
_SCP = re.compile(r"(?:[^/@:\s]+@)?(?P<host>[^/@:\s]+\.[^/@:\s]+):(?P<path>[^/\s]\S*)")


@dataclass(frozen=True, slots=True)
class GitPages:
    """The pages of a repository on its server.

    Attributes:
        repository: The repository's address, such as "https://github.com/team/pipelines".
        folder: The project's folder in it, such as "ml/"; empty at its root.
    """

    repository: str
    folder: str = ""

    def file(self, path: str) -> str:
        """Return the page of a file of the project, on the default branch."""
        return f"{self.repository}/{self._before}{_FILE[self._kind]}/{quote(self.folder + path)}"

    def review(self, revision: str) -> str:
        """Return the page that leads to the pull request which brought a commit."""
        return f"{self.repository}/{self._before}{_REVIEW[self._kind]}{quote(revision)}"

    @property
    def _kind(self) -> str:
        host = self.repository.split("/")[2]
        return next((kind for kind in ("gitlab", "bitbucket") if kind in host), "github")

    @property
    def _before(self) -> str:
        return "-/" if self._kind == "gitlab" else ""


_FILE = {"github": "blob/HEAD", "gitlab": "blob/HEAD", "bitbucket": "src/HEAD"}
# GitHub finds the pull requests of a commit; on the others, the commit's page names them.
_REVIEW = {"github": "pulls?q=", "gitlab": "commit/", "bitbucket": "commits/"}


def find_git_pages(project: Path) -> GitPages | None:
    """Return the pages of a project's repository; None outside of a checkout, and without a remote on a server.

    Args:
        project: The project's root folder.
    """
    remote, folder = (
        ask_git(project, "remote", "get-url", _REMOTE),
        ask_git(project, "rev-parse", "--show-prefix"),
    )
    found = remote and next((found for form in (_WEB, _SSH, _SCP) if (found := form.fullmatch(remote))), None)
    if not found:
        return None
    path = found["path"].strip("/").removesuffix(".git")
    return GitPages(f"https://{found['host']}/{path}", folder or "")
