"""Ask git what is in a revision and in the working tree; only a worktree that is asked for is a checkout."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.review.errors import FETCH_MORE, LinkedFolderError, ReviewError
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_LINK, _SUBMODULE = "120000", "160000"
# Set by git for its hooks; with them git would answer for the hook's folder and not for ours.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
# Answers without a pager, a question or the network, in one language, and without touching the index.
_QUIET = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
# For commits that nobody keeps.
_NOBODY = {f"GIT_{who}_{what}": "refinery" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_UNKNOWN_OPTION = 129
_CONFLICT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a version.

    Attributes:
        digest: git's hash of its content.
        read: Reads many entries of the same store together, by their keys.
        key: What `read` knows it by.
        is_link: Whether it is a symbolic link.
    """

    digest: str
    read: Callable[[Sequence[str]], list[bytes]]
    key: str
    is_link: bool = False


class Repository:
    """The git repository that a folder lies in; the folder may be a part of it, and paths count from the folder.

    Attributes:
        folder: The folder.
        prefix: Its path in the repository, with a slash at the end; empty for the repository's own folder.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        """Take the folder.

        Args:
            folder: The folder.
            variables: Environment variables for git.

        Raises:
            ReviewError: It does not lie in one, or git is not there.
        """
        self.folder = folder
        self._variables = variables or {}
        done = self._try("rev-parse", "--show-prefix")
        if done.returncode:
            if b"not a git repository" in done.stderr:
                raise ReviewError(
                    f'"{folder}" is not in a git repository; a plan compares two of its revisions. '
                    "Make one with: git init && git add . && git commit"
                )
            raise ReviewError(_said(done))
        self.prefix = os.fsdecode(done.stdout.rstrip(b"\n"))

    def resolve(self, revision: str) -> str | None:
        """Return the full hash of a revision's commit; None where there is none."""
        done = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return None if done.returncode else done.stdout.decode().strip()

    def default_branch(self) -> str | None:
        """Return the branch of origin that a clone starts with, such as "origin/trunk"; None if it is not known."""
        done = self._try("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        return None if done.returncode else done.stdout.decode().strip()

    def merge_bases(self, one: str, other: str) -> list[str]:
        """Return the newest commits that two have in common, the best first: several if each was merged into the other."""
        done = self._try("merge-base", "--all", one, other)
        return [] if done.returncode else done.stdout.decode().split()

    def count_commits(self, after: str, until: str) -> int:
        """Count the commits that `until` has and `after` has not."""
        return int(self._run("rev-list", "--count", f"{after}..{until}"))

    def is_shallow(self) -> bool:
        """Return whether a part of the history was not fetched."""
        return self._run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def refs(self) -> list[str]:
        """Return the names of branches and tags."""
        listed = self._run(
            "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"
        )
        return listed.decode().split()

    def committed_on(self, commit: str) -> date:
        """Return the day of a commit, in UTC."""
        # Not `show`, which may add more than was asked, for example signatures.
        seconds, _ = self._run("rev-list", "--no-walk", "--timestamp", commit).split()
        return datetime.fromtimestamp(int(seconds), UTC).date()

    def entries(self, commit: str, is_wanted: Callable[[str], bool]) -> dict[str, Entry]:
        """Return the files of a commit below the folder by their paths, those of submodules included.

        Args:
            commit: Its full hash.
            is_wanted: Chooses among the paths; of a submodule it is asked with a slash at the end, too.

        Raises:
            ReviewError: The commit, or that of a submodule that is wanted, was not fetched.
            LinkedFolderError: A folder that is wanted is a symbolic link.
        """
        tree = f"{commit}:{self.prefix.rstrip('/')}"
        if self._try("cat-file", "-e", tree).returncode:
            if self.prefix and not self._try("cat-file", "-e", f"{commit}:").returncode:
                return {}  # the folder was not there yet
            raise ReviewError(f"git does not have the commit {commit[:10]} here. {FETCH_MORE}")
        return dict(self._walk(tree, is_wanted))

    def untracked(self) -> list[str]:
        """Return the files of the working tree that would be added, by their paths: those that are not ignored."""
        return _paths(self._run("ls-files", "-z", "--others", "--exclude-standard"))

    def working_entries(self, is_wanted: Callable[[str], bool]) -> dict[str, Entry]:
        """Return the files of the working tree as they would be committed.

        Args:
            is_wanted: Chooses among the paths, since each file is read for its hash.

        Raises:
            LinkedFolderError: A folder that is wanted is a symbolic link.
        """
        listed = _paths(self._run("ls-files", "-z", "--cached", "--others", "--exclude-standard"))
        files, entries = [], {}
        for path in sorted({path.rstrip("/") for path in listed}):
            file = self.folder / path
            if file.is_symlink() and is_wanted(f"{path}/") and not is_wanted(path):
                raise LinkedFolderError(path)
            if file.is_symlink() and is_wanted(path):
                entries[path] = _link(path, os.fsencode(file.readlink()))
            elif file.is_dir() and is_wanted(f"{path}/") and not _has_files_below(path, listed):
                below = self._nested(path).working_entries(_below(path, is_wanted))
                entries.update({f"{path}/{name}": entry for name, entry in below.items()})
            elif file.is_file() and is_wanted(path):
                files.append(path)
        hashed = zip(files, self._hash(files), strict=True)
        entries |= {path: Entry(digest, self._read_files, path) for path, digest in hashed}
        return dict(self._left_out(is_wanted)) | entries

    @contextmanager
    def with_scratch(self) -> Iterator[Repository]:
        """Give the same repository with a temporary store for what is written: the repository itself stays as it is."""
        with tempfile.TemporaryDirectory(prefix="refinery-objects-") as objects:
            variables = {
                "GIT_OBJECT_DIRECTORY": objects,
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{_escaped(str(self._git_path("objects")))}"',
            }
            yield Repository(self.folder, variables)

    def commit_working_tree(self) -> str:
        """Return a commit of the working tree on top of HEAD, to be made with a scratch store.

        Raises:
            ReviewError: A file cannot be added.
        """
        index = self._git_path("index")
        with tempfile.TemporaryDirectory(prefix="refinery-index-") as folder:
            copy = Path(folder, "index")
            if index.exists():  # with what git knows of the files, so that it reads only those that changed
                shutil.copyfile(index, copy)
            own = Repository(self.folder, {**self._variables, **_NOBODY, "GIT_INDEX_FILE": str(copy)})
            own._run("add", "--all", "--", ".")
            tree = own._run("write-tree").decode().strip()
            return own._run("commit-tree", tree, "-p", "HEAD", "-m", "Working tree").decode().strip()

    def merge(self, one: str, other: str, is_wanted: Callable[[str], bool]) -> str:
        """Merge two commits as a code host does, and return the tree, to be made with a scratch store.

        Args:
            one: A commit's full hash.
            other: Another's.
            is_wanted: Chooses among the paths: conflicts in others do not matter.

        Raises:
            ReviewError: They are in conflict, or git is older than 2.38.
        """
        options = ("--write-tree", "--name-only", "--no-messages", "-z")
        done = self._try("merge-tree", *options, one, other, fetch=True)
        if done.returncode == _UNKNOWN_OPTION:
            raise ReviewError("that takes git 2.38 or newer.")
        if done.returncode not in (0, _CONFLICT):
            raise ReviewError(_said(done))
        tree, *paths = _paths(done.stdout)
        ours = (path.removeprefix(self.prefix) for path in paths if path.startswith(self.prefix))
        if conflicts := sorted({path for path in ours if is_wanted(path)}):
            raise ReviewError(f"the two are in conflict in {list_names(conflicts)}.")
        return tree

    def read_blobs(self, digests: Sequence[str]) -> list[bytes]:
        """Read many objects by one process.

        Raises:
            ReviewError: One is not here, for example in a partial clone.
        """
        names = "\n".join(digests).encode() + b"\n"
        output = memoryview(self._run("cat-file", "--batch", stdin=names, fetch=True)) if digests else b""
        contents, position = [], 0
        for digest in digests:
            end = bytes(output[position : position + 200]).index(b"\n") + position
            header = bytes(output[position:end]).split()
            if header[-1] == b"missing":
                raise ReviewError(
                    f"git does not have the file with the hash {digest[:10]} here. {FETCH_MORE}"
                )
            size = int(header[2])
            contents.append(bytes(output[end + 1 : end + 1 + size]))
            position = end + size + 2
        return contents

    def add_worktree(self, folder: Path, commit: str) -> None:
        """Check a commit out in a new worktree, without running the repository's hooks.

        Args:
            folder: Its folder, which must not exist.
            commit: The commit's full hash.

        Raises:
            ReviewError: git cannot check it out.
        """
        options = ("--quiet", "--detach", str(folder), commit)
        self._run("-c", f"core.hooksPath={os.devnull}", "worktree", "add", *options, fetch=True)

    def remove_worktree(self, folder: Path) -> None:
        """Remove a worktree with all that is in it, also one that git did not finish."""
        self._try("worktree", "remove", "--force", "--force", str(folder))

    def _walk(self, tree: str, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Entry]]:
        for line in self._run("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0"):
            if not line:
                continue
            about, _, raw = line.partition(b"\t")
            mode, _, digest = about.decode().split()
            path = os.fsdecode(raw)
            if mode == _LINK and is_wanted(f"{path}/") and not is_wanted(path):
                raise LinkedFolderError(path)
            if mode == _SUBMODULE and is_wanted(f"{path}/"):
                below = self._nested(path).entries(digest, _below(path, is_wanted))
                yield from ((f"{path}/{name}", entry) for name, entry in below.items())
            elif mode != _SUBMODULE and is_wanted(path):
                yield path, Entry(digest, self.read_blobs, digest, is_link=mode == _LINK)

    def _left_out(self, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Entry]]:
        """Give the files that a sparse checkout leaves out of the working tree, and a commit keeps as they are."""
        for line in self._run("ls-files", "-z", "-t", "--stage").split(b"\0"):
            about, _, raw = line.partition(b"\t")
            path = os.fsdecode(raw)
            if about.startswith(b"S ") and is_wanted(path):
                _, mode, digest, _ = about.decode().split()
                yield path, Entry(digest, self.read_blobs, digest, is_link=mode == _LINK)

    def _git_path(self, name: str) -> Path:
        """Return where git keeps something, also in a linked worktree."""
        path = os.fsdecode(self._run("rev-parse", "--git-path", name).rstrip(b"\n"))
        return (self.folder / path).resolve()

    def _nested(self, path: str) -> Repository:
        folder = self.folder / path
        if not (folder / ".git").exists():
            raise ReviewError(
                f'"{path}" is a submodule that is not here. Fetch it with: git submodule update --init {path}'
            )
        return Repository(folder)

    def _hash(self, paths: Sequence[str]) -> list[str]:
        """Hash files as git would store them, with line ends and other filters applied."""
        if not paths:
            return []
        # These paths count from the repository's own folder.
        given = "\n".join(_quoted(f"{self.prefix}{path}") for path in paths)
        return self._run("hash-object", "--stdin-paths", stdin=os.fsencode(given) + b"\n").decode().split()

    def _read_files(self, paths: Sequence[str]) -> list[bytes]:
        return [(self.folder / path).read_bytes() for path in paths]

    def _run(self, *arguments: str, stdin: bytes = b"", fetch: bool = False) -> bytes:
        done = self._try(*arguments, stdin=stdin, fetch=fetch)
        if done.returncode:
            raise ReviewError(_said(done))
        return done.stdout

    def _try(
        self, *arguments: str, stdin: bytes = b"", fetch: bool = False
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git.

        Args:
            arguments: The command.
            stdin: Its standard input.
            fetch: Whether a clone that was made without the contents of files (`--filter`) may fetch those that are missing.
        """
        inherited = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
        quiet = _QUIET | ({"GIT_NO_LAZY_FETCH": "0"} if fetch else {})
        try:
            return subprocess.run(
                ["git", "-C", str(self.folder), *arguments],  # noqa: S607 - the user's own git
                input=stdin,
                capture_output=True,
                env={**inherited, **quiet, **self._variables},
                check=False,
            )
        except FileNotFoundError as error:
            raise ReviewError(
                "git is not installed, or not on the PATH; a plan compares revisions of git."
            ) from error


def _has_files_below(path: str, listed: Sequence[str]) -> bool:
    """Return whether a path is a folder that replaced a link or a file, since git lists both, and not a submodule."""
    return any(other.startswith(f"{path}/") and other != f"{path}/" for other in listed)


def _below(folder: str, is_wanted: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda path: is_wanted(f"{folder}/{path}")


def _link(path: str, target: bytes) -> Entry:
    blob = hashlib.sha1(b"blob %d\0%s" % (len(target), target), usedforsecurity=False)
    return Entry(blob.hexdigest(), lambda _: [target], path, is_link=True)


def _quoted(name: str) -> str:
    """Write a path for git's standard input, quoted as in C where necessary."""
    if not name.startswith('"') and not {"\n", "\r"} & set(name):
        return name
    return f'"{_escaped(name)}"'


def _escaped(name: str) -> str:
    """Escape a path as in C, to be put in double quotes."""
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")


def _paths(listed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
    return f"git refused: {text or f'exit status {done.returncode}'}"
