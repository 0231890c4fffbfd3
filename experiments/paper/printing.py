"""Printing a page as PDF by a Chromium without a window, if there is one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
VARIABLE: Final = "CHROMIUM"  # names one that is not on the path
LONGEST_S: Final = 180.0
NO_BROWSER: Final = f"no Chromium was found; {VARIABLE} may name one"
DATES: Final = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}")
NODES: Final = re.compile(rb"\(node(\d{8})\)")  # the browser's own numbers of elements, of a tagged file
A_DATE: Final = rb"/\1 (D:20000101000000"  # as long as any other: offsets in the file stay as they are


def browser() -> str:
    """Return a Chromium; empty if there is none."""
    named = os.environ.get(VARIABLE, "")
    return named if named and Path(named).is_file() else next(filter(None, map(shutil.which, BROWSERS)), None) or ""


def print_page(page: Path, into: Path) -> str:
    """Print a page, and take the time of printing out of the file: the same page gives the same bytes.

    Returns
    -------
    str
        Why there is no PDF; empty if there is one.
    """
    found = browser()
    if not found:
        return NO_BROWSER
    with tempfile.TemporaryDirectory(prefix="tokenmarket-") as profile:
        command = [found, "--headless", "--disable-gpu", "--no-sandbox", f"--user-data-dir={profile}",
                   "--no-pdf-header-footer", f"--print-to-pdf={into.resolve()}", page.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=LONGEST_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{found} could not print the page: {type(error).__name__}"
    if done.returncode or not into.is_file():
        into.unlink(missing_ok=True)
        return f"{found} could not print the page: it ended with status {done.returncode}"
    into.write_bytes(renumbered(undated(into.read_bytes())))
    return ""


def undated(content: bytes) -> bytes:
    """Return a PDF whose dates are those of no clock.

    Examples
    --------
    >>> undated(b"/CreationDate (D:20261130022509+00'00')")
    b"/CreationDate (D:20000101000000+00'00')"
    """
    return DATES.sub(A_DATE, content)


def renumbered(content: bytes) -> bytes:
    """Return a tagged PDF whose elements are numbered from 1 on: a browser begins where it happens to be.

    Examples
    --------
    >>> renumbered(b"/ID (node00000047) /ID (node00000049) (node00000047)")
    b'/ID (node00000001) /ID (node00000002) (node00000001)'
    """
    ranks = {number: rank for rank, number in enumerate(sorted(set(NODES.findall(content))), 1)}
    return NODES.sub(lambda found: b"(node%08d)" % ranks[found[1]], content)
