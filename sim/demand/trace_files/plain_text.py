"""Any trace file as plain UTF-8 text or as Parquet: unpacked and decoded on the way, told by content, never by name."""

import bz2
import codecs
import glob
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from sim.demand.trace_files.found_files import BLOCK
from sim.errors import TraceError

HEAD: Final = 512  # bytes by which a file's kind is told
PARQUET: Final = b"PAR1"
ALLOWED: Final = "allowed are CSV, TSV, JSON lines, JSON and Parquet, plain or packed by gzip, zstd, bzip2 or xz"
_OTHERS: Final = {  # what people also have, by its first bytes
    b"PK\x03\x04": "a ZIP archive or a spreadsheet", b"SQLite format 3": "an SQLite database", b"%PDF": "a PDF",
    b"ARROW1": "an Arrow file", b"ORC": "an ORC file", b"\x89HDF": "an HDF5 file", b"Obj\x01": "an Avro file",
    b"7z\xbc\xaf": "a 7z archive", b"\xd0\xcf\x11\xe0": "an old spreadsheet", b"\x80\x02": "a Python pickle",
}
_MARKS: Final = (  # those of 32 bits first: they begin as those of 16 do
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Plain(NamedTuple):
    """A file that DuckDB can read: itself, or a copy that was unpacked and decoded.

    Attributes
    ----------
    path
        Where it lies.
    parquet
        Whether it is Parquet; else it is UTF-8 text, which may begin with a mark.
    """

    path: Path
    parquet: bool


def as_plain(path: Path, copy: Path) -> Plain:
    """Return a file that can be read as it is, or its unpacked and decoded copy.

    Parameters
    ----------
    path
        The file.
    copy
        Where a copy goes if one is needed.

    Raises
    ------
    TraceError
        If it is cut, damaged, or of a kind that holds no trace.
    """
    plain = path
    try:
        head = _head(path)
        packed = _unpacker(head)
        if packed is not None:
            _write(copy, _unpacked(path, packed))
            plain, head = copy, _head(copy)
        coding = _coding(head)
        if coding is not None:
            plain = copy.with_suffix(".utf8")
            _decode(copy if packed else path, plain, coding)
            head = _head(plain)
        _refuse_others(head)
        return Plain(_without_magic(plain, copy), _is_parquet(plain, head))
    except _Cut:
        raise TraceError(f"trace {path} cannot be read: it is truncated, for its last block is not whole") from None
    except (OSError, EOFError, UnicodeError, zlib.error, lzma.LZMAError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TraceError(f"trace {path} cannot be read: {reason}") from error


def _without_magic(path: Path, copy: Path) -> Path:
    """A name that DuckDB does not take for a pattern."""
    if not glob.has_magic(str(path)):
        return path
    copy = copy.with_suffix(".link")
    copy.symlink_to(path.resolve())
    return copy


class _Cut(Exception):
    """A file ended too early."""


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _unpacker(head: bytes) -> str | None:
    marks = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
    return next((name for mark, name in marks.items() if head.startswith(mark)), None)


def _unpacked(path: Path, packed: str) -> Iterator[bytes]:
    with path.open("rb") as file:
        if packed == "zstd":
            yield from _zstd_blocks(file)
            return
        openers: dict[str, Any] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
        opened = openers[packed](file, "rb")
        try:
            while block := opened.read(BLOCK):
                yield bytes(block)
        except EOFError:
            raise _Cut from None


def _zstd_blocks(file: BinaryIO) -> Iterator[bytes]:
    """Blocks of all frames; the stream reader of the package would not tell that the last is cut."""
    import zstandard

    unpacker, rest = zstandard.ZstdDecompressor().decompressobj(), b""
    started = False
    while block := rest or file.read(BLOCK):
        try:
            out = unpacker.decompress(block)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None
        if out:
            yield out
        started, rest = not unpacker.eof, b""
        if unpacker.eof:
            rest = unpacker.unused_data
            unpacker = zstandard.ZstdDecompressor().decompressobj()
    if started:
        raise _Cut


def _write(path: Path, blocks: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)


def _coding(head: bytes) -> str | None:
    """Name of a text's coding if it is none of one byte: by its mark, or by the zeros between Latin letters."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    first, second = head[:200:2], head[1:200:2]
    if second and not any(second) and all(first):
        return "utf-16-le"
    if second and not any(first) and all(second):
        return "utf-16-be"
    return None


def _decode(path: Path, decoded: Path, coding: str) -> None:
    decoder = codecs.getincrementaldecoder(coding)()
    with path.open("rb") as file, decoded.open("wb") as out:
        while block := file.read(BLOCK):
            out.write(decoder.decode(block).encode("utf-8"))
        out.write(decoder.decode(b"", final=True).encode("utf-8"))


def readable(plain: Plain, copy: Path) -> Plain:
    """Return a text that DuckDB refuses for bytes that are no UTF-8, with these replaced.

    Texts beside the columns often are in another coding, and the columns themselves are of digits.

    Parameters
    ----------
    plain
        The file.
    copy
        Where its copy goes.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    with plain.path.open("rb") as file, copy.open("wb") as out:
        while block := file.read(BLOCK):
            out.write(decoder.decode(block).encode("utf-8"))
        out.write(decoder.decode(b"", final=True).encode("utf-8"))
    return plain._replace(path=copy)


def _refuse_others(head: bytes) -> None:
    what = next((name for mark, name in _OTHERS.items() if head.startswith(mark)), "")
    if _unpacker(head) is not None:
        what = "packed twice"
    elif head[257:262] == b"ustar":
        what = "a tar archive"
    if what:
        raise ValueError(f"its content is {what}, which is no trace; {ALLOWED}")


def _is_parquet(path: Path, head: bytes) -> bool:
    if not head.startswith(PARQUET):
        return False
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - len(PARQUET)))
        if size < 3 * len(PARQUET) or file.read() != PARQUET:
            raise _Cut
    return True
