"""Files of machine code that are checked before they are believed, and that a run can do without.

Numba unpickles whatever lies in its cache and hands it to the linker: half a file ends in a traceback, a flipped bit
in a crash. Here each file begins with a digest of the rest. One that does not match counts as absent: the function is
compiled again, and its file replaced. Neither does a full disk end a run: what cannot be kept is compiled next time.
"""

# mypy: disable-error-code="no-untyped-call"

import hashlib
from collections.abc import Callable
from pathlib import Path
from pickle import loads
from typing import Any, Final

from numba.core import dispatcher
from numba.core.caching import FunctionCache, IndexDataCacheFile, _CacheLocator

DIGEST_BYTES: Final = 16


class OwnLocator(_CacheLocator):
    """Base of the locators whose files are checked; those of other packages' functions stay numba's."""


class CheckedFiles(IndexDataCacheFile):
    """Index and data files of a function, each with the digest of its content before it."""

    def _load_index(self) -> dict[Any, str]:
        content = _checked(Path(self._index_path))
        if content is None:
            return {}
        version, stamp, overloads = loads(content)
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, self._dump((self._version, self._source_stamp, overloads)))

    def _load_data(self, name: str) -> Any:  # noqa: ANN401 - whatever numba keeps; None has it compiled again
        content = _checked(Path(self._data_path(name)))
        return None if content is None else loads(content)

    def _save_data(self, name: str, data: Any) -> None:  # noqa: ANN401 - as above
        self._write(self._data_path(name), self._dump(data))

    def _write(self, path: str, content: bytes) -> None:
        with self._open_for_write(path) as file:
            file.write(_digest(content) + content)


class KeptCode(FunctionCache):
    """Numba's cache of a function; with checked files where the function is of this package."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        locator = self._impl.locator
        self._is_own = isinstance(locator, OwnLocator)
        if self._is_own:
            names: Any = (self._cache_path, self._impl.filename_base, locator.get_source_stamp())
            self._cache_file = CheckedFiles(*names)

    def save_overload(self, signature: Any, data: Any) -> None:  # noqa: ANN401 - numba's own
        """Keep compiled code, if there is room for it."""
        try:
            super().save_overload(signature, data)
        except OSError:
            if not self._is_own:
                raise


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()


def _checked(path: Path) -> bytes | None:
    """Content of a file, None if it is not there, cannot be read, or is not what was written."""
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    content = whole[DIGEST_BYTES:]
    return content if whole[:DIGEST_BYTES] == _digest(content) else None


# Dispatchers make their caches by this name; numba offers no other way in.
dispatcher.FunctionCache = KeptCode  # type: ignore[attr-defined]
