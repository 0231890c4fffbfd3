"""Texts that users bring: in UTF-8, or marked as UTF-16 or 32, with whatever ends of lines their editors write."""

import codecs
from pathlib import Path
from typing import Final

_MARKS: Final = (  # those of 32 bits first: they begin as those of 16 do
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NO_TEXT: Final = "it is not UTF-8 text, nor UTF-16 with a mark"


def decoded(content: bytes) -> str:
    r"""Return the text of a file: as its mark says, else UTF-8; every line ends in ``\n``.

    Parameters
    ----------
    content
        All bytes of the file.

    Raises
    ------
    UnicodeDecodeError
        If it is no such text; `NO_TEXT` says so.

    Examples
    --------
    >>> decoded("day\r\n0".encode("utf-16"))
    'day\n0'
    """
    coding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8-sig")
    return content.decode(coding).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def text_of(path: Path) -> str:
    """Return the text of a file, as `decoded` does.

    Raises
    ------
    OSError
        If it cannot be read.
    UnicodeDecodeError
        If it is no text.
    """
    return decoded(path.read_bytes())


def why_unread(error: OSError | UnicodeDecodeError) -> str:
    """Return why a text could not be read, as the end of a sentence."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else NO_TEXT
