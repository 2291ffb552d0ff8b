"""Look at a dataset's first bytes: how it is compressed, and whether it is the text that it should be."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal, cast

from refinery.training.errors import DatasetError, SourceOptionError, empty, unreadable
from refinery.wording import listed, quoted

if TYPE_CHECKING:
    from pathlib import Path

# Holds the header and some rows of a table with thousands of columns.
HEAD_BYTES = 256 * 1024
# Small, because one compressed byte may unpack to thousands.
_CHUNK = 16 * 1024
Compression = Literal["gzip", "bz2", "xz", "zstd", "zip"]
_COMPRESSION_MARKS: dict[bytes, Compression] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
# The likeliest encoding of text that is not in the given one.
_OTHER_ENCODING = {"cp1252": "latin-1", "ascii": "utf-8"}
_PARQUET_MARK = b"PAR1"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A page, or a piece of one, such as a proxy's answer.
_WEB_PAGE = re.compile(
    r"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|div|center|h1|script)\b", re.IGNORECASE | re.DOTALL
)
# Other files that turn up in place of a table, by their first bytes, with what to do.
_OTHER_FILES = {
    b"\xd0\xcf\x11\xe0": "it is an Excel workbook, not text; save its sheet as CSV",
    b"%PDF-": "it is a PDF, not a table; check that the URL is still right",
    b"version https://git-lfs": "it is a pointer of Git LFS, not the file that it stands for; fetch that (git lfs pull) and upload it",
}
_ENCRYPTED = 0x1  # a flag of a zip file's entry
_OFFICE_PART = "[Content_Types].xml"
_TITLE = re.compile(r"<title[^>]*>\s*(.{1,80}?)\s*</title>", re.IGNORECASE | re.DOTALL)
_JSON = re.compile(r"""\s*(\{\s*("|\})|\[\s*[\[{])""")
_SENTENCE = re.compile(r"\s*[^\W\d]\w*( [\w.,:;'!-]+)+\s*")
_XML = re.compile(r"\s*<\?xml|\s*<Error>")


@dataclass(frozen=True, slots=True)
class DatasetHead:
    """A dataset's first bytes, decompressed.

    Attributes:
        path: The dataset's file.
        compression: pandas' name for its compression; None where there is none.
        content: The first bytes.
        complete: Whether they are the whole file.
    """

    path: Path
    compression: Compression | None
    content: bytes
    complete: bool

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet, whatever its name."""
        return self.content.startswith(_PARQUET_MARK)

    def text(self, encoding: str | None) -> str:
        """Decode the bytes, without a byte order mark.

        Raises:
            SourceOptionError: The encoding is not the text's.
            DatasetError: It is not text, or is a web page.
        """
        self._check_binary(encoding)
        text = decode(self.path, self.content, encoding, final=self.complete)
        if _WEB_PAGE.match(text):
            title = _TITLE.search(text)
            named = f" with the title {quoted(title[1])}" if title else ""
            raise unreadable(
                self.path,
                f"it is a web page{named}, not a table; check that the URL needs no login and is still right",
            )
        if _XML.match(text):
            raise unreadable(self.path, f"it is XML, not a table; it begins with {quoted(text.strip()[:60])}")
        return text

    def table_text(self, encoding: str | None) -> str:
        """Decode the bytes of a text table, and refuse a server's answer in its place.

        Raises:
            DatasetError: It is one line of words, or it is JSON, or `text` refuses it.
        """
        text = self.text(encoding)
        begin = text.strip()[:60]
        if _JSON.match(text):
            raise unreadable(
                self.path,
                f"it is JSON, not a table; it begins with {quoted(begin)}. Check that the URL is still right; "
                "where each line is a row, set source.format to jsonl",
            )
        if self.complete and _SENTENCE.fullmatch(text):
            raise empty(
                self.path,
                f"the file is the one line {quoted(begin)}: a server's message, or a header without rows",
            )
        return text

    def open_bytes(self) -> IO[bytes]:
        """Open the whole file, decompressed."""
        return _open(self.path, self.compression)

    def open_text(self, encoding: str | None) -> io.TextIOWrapper:
        """Open the whole file as text, its line ends as they are."""
        return io.TextIOWrapper(_open(self.path, self.compression), _with_mark(encoding), newline="")

    def _check_binary(self, encoding: str | None) -> None:
        for mark, problem in _OTHER_FILES.items():
            if self.content.startswith(mark):
                raise unreadable(self.path, problem)
        if encoding is None and self.content.startswith(_UTF16_MARKS):
            raise SourceOptionError(self.path, "the text is UTF-16", option="encoding", value="utf-16")
        if b"\x00" in self.content and not (encoding or "").lower().startswith(
            ("utf-16", "utf-32", "utf_16")
        ):
            raise self._binary_error()

    def _binary_error(self) -> DatasetError:
        sample = self.content[:_CHUNK]
        for value, zeros, others in (
            ("utf-16-le", sample[1::2], sample[::2]),
            ("utf-16-be", sample[::2], sample[1::2]),
        ):
            # In UTF-16, letters, digits and separators are half zeros.
            if zeros.count(0) > len(zeros) / 2 and not others.count(0):
                problem = "the text is UTF-16 without a byte order mark"
                return SourceOptionError(self.path, problem, option="encoding", value=value)
        at = self.content.index(0)
        return unreadable(
            self.path,
            f"it holds binary data, not text (a zero byte at position {at:,}); set source.format to what it is, "
            "or check what its producer writes",
        )


def read_head(path: Path, limit: int = HEAD_BYTES) -> DatasetHead:
    """Read a file's first bytes, decompressed by their content and not by the file's name.

    Raises:
        DatasetError: There are none, or they cannot be decompressed.
    """
    try:
        compression = _find_compression(path)
    except OSError as error:
        raise unreadable(path, f"the dataset file is missing or cannot be opened ({error})") from error
    try:
        with _open(path, compression) as stream:
            content = stream.read(limit + 1)
    except damage_errors(compression) as error:
        raise damage_error(path, compression, error) from error
    if not content:
        raise empty(path, "the file is empty")
    return DatasetHead(path, compression, content[:limit], complete=len(content) <= limit)


def decode(path: Path, content: bytes, encoding: str | None, *, final: bool = True) -> str:
    """Decode text strictly; UTF-8, with or without a byte order mark, where no encoding is given.

    Raises:
        SourceOptionError: It is not in that encoding, or there is no such encoding.
    """
    try:
        text = codecs.getincrementaldecoder(_with_mark(encoding))().decode(content, final)
    except LookupError as error:
        raise SourceOptionError(
            path, f"there is no encoding {quoted(encoding)}", option="encoding", value="utf-8"
        ) from error
    except UnicodeDecodeError as error:
        raise encoding_error(path, encoding, error) from error
    if encoding is not None and not text.isascii() and _is_utf8(content) and _is_of_single_bytes(encoding):
        raise SourceOptionError(path, f"the text is UTF-8, not {encoding}", option="encoding", value="utf-8")
    return text


def damage_errors(compression: Compression | None) -> tuple[type[Exception], ...]:
    """Return the errors that reading a damaged file raises."""
    if compression == "zstd":
        import zstandard

        return (OSError, EOFError, zstandard.ZstdError)
    return (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, IndexError)


def damage_error(path: Path, compression: Compression | None, error: Exception) -> DatasetError:
    """Return the error for a damaged file."""
    return unreadable(path, f"the {compression or 'dataset'} file is damaged or cut short ({error})")


def check_zstd_end(path: Path) -> None:
    """Check that a Zstandard file ends where a frame ends: its reader accepts a file that is cut short.

    Raises:
        DatasetError: It is cut short.
    """
    import zstandard

    frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            while chunk:
                frame.decompress(chunk)
                begun, chunk = not frame.eof, frame.unused_data
                if frame.eof:
                    frame = zstandard.ZstdDecompressor().decompressobj()
    if begun:
        raise unreadable(path, "the zstd file is damaged or cut short (it ends within a frame)")


def late_encoding_error(
    head: DatasetHead, encoding: str | None, error: UnicodeDecodeError
) -> SourceOptionError:
    """Return the error for text in another encoding, with the byte's position in the file instead of the reader's block."""
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")()
    read = lines = 0
    with head.open_bytes() as stream:
        while chunk := stream.read(_CHUNK):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as found:
                at = read - pending + found.start
                line = lines + chunk.count(b"\n", 0, max(found.start - pending, 0)) + 1
                return encoding_error(head.path, encoding, found, where=f"position {at} (line {line})")
            read, lines = read + len(chunk), lines + chunk.count(b"\n")
    return encoding_error(head.path, encoding, error)


def encoding_error(
    path: Path, encoding: str | None, error: UnicodeDecodeError, where: str = ""
) -> SourceOptionError:
    """Return the error for a byte that the encoding lacks, with another encoding to try."""
    byte = error.object[error.start]
    where = where or f"position {error.start}"
    problem = f"the text is not {encoding or 'UTF-8'}: byte {byte:#04x} at {where}"
    return SourceOptionError(
        path, problem, option="encoding", value=_OTHER_ENCODING.get((encoding or "").lower(), "cp1252")
    )


def _find_compression(path: Path) -> Compression | None:
    with path.open("rb") as file:
        start = file.read(8)
    return next((name for mark, name in _COMPRESSION_MARKS.items() if start.startswith(mark)), None)


def _open(path: Path, compression: str | None) -> IO[bytes]:
    if compression == "gzip":
        return cast("IO[bytes]", gzip.open(path))
    if compression == "bz2":
        return cast("IO[bytes]", bz2.open(path))
    if compression == "xz":
        return cast("IO[bytes]", lzma.open(path))
    if compression == "zip":
        return _open_zipped(path)
    if compression == "zstd":
        import zstandard

        reader = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True)
        return cast("IO[bytes]", reader)
    return path.open("rb")


def _open_zipped(path: Path) -> IO[bytes]:
    """Open the only file in a zip file; nothing is unpacked to disk, whatever its name.

    Raises:
        DatasetError: It holds several, or needs a password or another program.
    """
    archive = zipfile.ZipFile(path)
    names = archive.namelist()
    if _OFFICE_PART in names:
        raise unreadable(path, "it is an Excel workbook or another document, not text; save its sheet as CSV")
    if len(names) != 1:
        problem = f"the zip file holds {len(names)} files ({listed(names)}); write each to a separate file"
        raise unreadable(path, problem)
    if archive.infolist()[0].flag_bits & _ENCRYPTED:
        raise unreadable(path, "the zip file needs a password; write it without one")
    try:
        return archive.open(names[0])
    except NotImplementedError as error:
        problem = "the zip file is compressed in a way that Python does not know; write it with Deflate, or use gzip"
        raise unreadable(path, problem) from error


def _with_mark(encoding: str | None) -> str:
    return "utf-8-sig" if encoding is None or codecs.lookup(encoding).name == "utf-8" else encoding


def _is_utf8(content: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return False
    return True


def _is_of_single_bytes(encoding: str) -> bool:
    return not codecs.lookup(encoding).name.startswith("utf")
