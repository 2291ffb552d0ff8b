"""Limit what a text table's file may unpack to, before a reader holds it in memory."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from refinery.training.errors import SourceOptionError, unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.training.data.probe import DatasetHead

# A row of a million columns fits; anything longer is not a row of a table, and readers hold a whole line.
LONGEST_LINE = 64 * 1024 * 1024
_BLOCK = 1024 * 1024
_LOOK = 64 * 1024


def check_limits(head: DatasetHead, max_uncompressed: int, *, whole: bool = True) -> None:
    """Check that a text file does not unpack to more than the limit, and that no line is longer than any row.

    It costs one pass over a compressed file, and a look at a few places of one that is not.

    Args:
        head: The file.
        max_uncompressed: How many bytes a compressed file may unpack to.
        whole: Whether all of it will be read, or only its first rows.

    Raises:
        SourceOptionError: A compressed file unpacks to more.
        DatasetError: A line is too long.
    """
    is_compressed = head.compression is not None
    if head.complete or not (is_compressed or _may_hold_longer_line(head.path)):
        return
    size = line = 0
    with head.open_bytes() as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            # Old programs end lines with a carriage return alone.
            first, last = _line_ends(block)
            line += len(block) if first < 0 else first
            if line > LONGEST_LINE:
                raise unreadable(head.path, _too_long(size))
            if first >= 0:
                line = len(block) - last
            if is_compressed and size > max_uncompressed:
                raise _too_large(head, max_uncompressed)
            if not whole and size > LONGEST_LINE:
                return


def _may_hold_longer_line(path: Path) -> bool:
    """Return whether some half of the longest line has no line end, as one half of any longer line has none."""
    half = LONGEST_LINE // 2
    with path.open("rb") as file:
        for start in range(0, path.stat().st_size - half, half):
            file.seek(start)
            blocks = iter(lambda: file.read(_LOOK), b"")
            if all(_line_ends(block) == (-1, -1) for block in islice(blocks, half // _LOOK)):
                return True
    return False


def _line_ends(block: bytes) -> tuple[int, int]:
    """Find the first and the last line end in a block; -1 where there is none."""
    found = [at for at in (block.find(b"\n"), block.find(b"\r")) if at >= 0]
    return min(found, default=-1), max(block.rfind(b"\n"), block.rfind(b"\r"))


def _too_long(size: int) -> str:
    return (
        f"a line of it goes on for more than {LONGEST_LINE:,} bytes (up to byte {size:,}), which no row of a table does; "
        "check that its producer ends each row with a line break, and source.format"
    )


def _too_large(head: DatasetHead, limit: int) -> SourceOptionError:
    packed = head.path.stat().st_size
    problem = (
        f"the {head.compression} file of {packed:,} bytes unpacks to more than {limit:,} bytes, the most that "
        "source.max_uncompressed allows; if it is meant to be that large"
    )
    return SourceOptionError(
        head.path, problem, option="max_uncompressed", value=f"{-(-2 * limit // 10**9)}G"
    )
