"""The two versions of the project that a plan compares: chosen as a merge would see them, and their files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from refinery.review.errors import FETCH_MORE, LinkedFolderError, ReviewError
from refinery.review.plan import Version
from refinery.review.repository import Repository
from refinery.wording import list_names, nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from refinery.review.repository import Entry

WORKING_TREE = "working tree"

# Where changes are usually merged into; the first that is there.
_USUAL_BASES = ("origin/main", "origin/master", "main", "master")
_FOLDERS = ("configs/", "include/", "plugins/", "dags/")
_FILES = ("requirements.txt", "constraints.txt", "packages.txt", "Dockerfile", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of the project's files.

    Attributes:
        version: Which it is.
        entries: What matters to a plan, by path, with "/" between folders.
    """

    version: Version
    entries: Mapping[str, Entry] = field(repr=False)

    def digests(self, *prefixes: str) -> dict[str, str]:
        """Return the hash of each file whose path begins with one of the prefixes."""
        return {path: entry.digest for path, entry in self.entries.items() if path.startswith(prefixes)}

    def read(self, paths: list[str]) -> dict[str, bytes]:
        """Read some of the files."""
        contents: dict[str, bytes] = {}
        stores: dict[object, list[str]] = {}
        for path in paths:
            stores.setdefault(self.entries[path].read, []).append(path)
        for read, of_store in stores.items():
            found = read([self.entries[path].key for path in of_store])  # type: ignore[operator]
            contents.update(zip(of_store, found, strict=True))
        return contents


@dataclass(frozen=True, slots=True)
class Versions:
    """What is compared.

    Attributes:
        base: The version before.
        head: The version after.
        date: The day of head's commit, of the last commit for the working tree.
        notes: What the reader should know of the choice.
        folder: The project's folder in the repository, with a slash at the end; empty for the repository itself.
        tip: The newest commit of base if the change was made on an older one; else None.
    """

    base: Snapshot
    head: Snapshot
    date: date
    notes: tuple[str, ...]
    folder: str
    tip: str | None = None


def find_versions(folder: Path, base: str | None, head: str | None) -> Versions:
    """Find the two versions to compare.

    A plan shows what a merge would bring: it compares head with the commit where it left base, like a pull request's page.
    Against base's newest commit, what others merged meanwhile would show up backwards.

    Args:
        folder: The project.
        base: The revision to merge into; None for the usual branch.
        head: The revision to merge; None for the files as they lie in the working tree.

    Raises:
        ReviewError: They cannot be compared.
    """
    repository = Repository(folder)
    if not repository.refs() and not repository.resolve("HEAD"):
        raise ReviewError(
            f'"{folder}" is in a git repository without a commit, so there is nothing to compare with. '
            "Make one with: git add . && git commit"
        )
    base, notes = (base, []) if base else _usual_base(repository)
    base_commit = _resolve(repository, base)
    head_commit = _resolve(repository, head or "HEAD")
    forks = repository.merge_bases(base_commit, head_commit)
    fork = forks[0] if forks else None
    if fork is None and repository.is_shallow():
        raise ReviewError(
            f"this clone is shallow and does not have the commit where {head or 'the working tree'} left {base}. {FETCH_MORE}"
        )
    if fork is None:
        notes.append(f"{base} and {head or 'HEAD'} have no commit in common; they are compared as they are.")
    elif ahead := repository.count_commits(fork, base_commit):
        commits = "1 commit" if ahead == 1 else f"{ahead} commits"
        notes.append(f"{base} has {commits} that this change was not made on; they are not part of the plan.")
    if len(forks) > 1:
        notes.append(
            f"{base} and {head or 'HEAD'} were merged into each other; what {base} already has of such a merge may be shown again."
        )
    is_fork_point = fork not in (None, base_commit)
    tip = base_commit if is_fork_point else None
    base_commit = fork or base_commit
    if head is None:
        version = Version(WORKING_TREE, None)
        head_snapshot = Snapshot(version, repository.working_entries(_matters))
        notes += _untracked(repository)
    else:
        head_snapshot = Snapshot(Version(head, head_commit), repository.entries(head_commit, _matters))
    base_entries, links = _base_entries(repository, base_commit)
    notes += [
        f"In {base}, {link} is a symbolic link, and git does not record what lies behind it; it counts as missing."
        for link in links
    ]
    base_snapshot = Snapshot(Version(base, base_commit, is_fork_point), base_entries)
    day = repository.committed_on(head_commit)
    return Versions(base_snapshot, head_snapshot, day, tuple(notes), repository.prefix, tip)


@contextmanager
def merge_with_tip(folder: Path, versions: Versions) -> Iterator[Versions | None]:
    """Merge head with base's newest commit on trial, and give that commit and the merge, to be read in the context.

    None if the change was made on that commit, or on one with the same files: then the merge is head.

    Args:
        folder: The project.
        versions: What `find_versions` found.

    Raises:
        ReviewError: They cannot be merged.
    """
    if versions.tip is None:
        yield None
        return
    with Repository(folder).with_scratch() as repository:
        entries, _ = _base_entries(repository, versions.tip)
        base = Snapshot(Version(versions.base.version.name, versions.tip), entries)
        if base.digests("") == versions.base.digests(""):
            yield None
            return
        commit = versions.head.version.commit or repository.commit_working_tree()
        merged = repository.entries(repository.merge(commit, versions.tip, _matters), _matters)
        yield Versions(base, Snapshot(versions.head.version, merged), versions.date, (), versions.folder)


def _usual_base(repository: Repository) -> tuple[str, list[str]]:
    default = repository.default_branch()
    first = default or _USUAL_BASES[0]
    for name in (first, *_USUAL_BASES):
        if repository.resolve(name):
            return name, [] if name == first else [f"There is no {first}; compared with {name}."]
    raise _unknown_revision(repository, first)


def _resolve(repository: Repository, revision: str) -> str:
    commit = repository.resolve(revision)
    if commit is None:
        raise _unknown_revision(repository, revision)
    return commit


def _unknown_revision(repository: Repository, revision: str) -> ReviewError:
    near = nearest_name(revision, repository.refs())
    offer = f'; did you mean "{near}"?' if near else "; name a branch, a tag or a commit."
    fetch = ""
    if repository.is_shallow():
        fetch = f" {FETCH_MORE}"
    elif "/" in revision and not near:
        fetch = " Fetch it with: git fetch origin"
    return ReviewError(f'git does not know the revision "{revision}"{offer}{fetch}')


def _base_entries(
    repository: Repository, commit: str, links: tuple[str, ...] = ()
) -> tuple[dict[str, Entry], tuple[str, ...]]:
    """Return base's files, and its folders that are links: a change that fixes them must still get its plan."""
    skipped = tuple(f"{link}/" for link in links)
    try:
        return repository.entries(commit, lambda path: _matters(path) and not path.startswith(skipped)), links
    except LinkedFolderError as error:
        return _base_entries(repository, commit, (*links, error.path))


def _matters(path: str) -> bool:
    return path.startswith(_FOLDERS) or path in _FILES


def _untracked(repository: Repository) -> list[str]:
    new = [path for path in repository.untracked() if path.startswith("configs/")]
    if not new:
        return []
    files = "1 file" if len(new) == 1 else f"{len(new)} files"
    return [
        f"{files} of configs/ not yet added to git, counted as part of the change: {list_names(sorted(new))}."
    ]
