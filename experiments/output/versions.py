"""What code ran: versions of Python and of all packages it needs, a digest of the source, the commit, the address."""

import platform
import re
import subprocess
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from experiments.output.inputs import tree_digest

ROOT: Final = Path(__file__).resolve().parents[2]
NAME: Final = "tokenmarket"
ROOMS: Final = ("sim", "providers", "policies", "experiments")
SOURCES: Final = ("*.py", "*.csv", "*.toml", "*.html", "*.css", "*.js")  # all that a wheel holds, too
_REQUIRED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def versions_of() -> dict[str, Any]:
    """Return what a manifest says of the code that ran.

    Returns
    -------
    dict
        ``versions`` of Python and packages, ``code`` (BLAKE2b of all source files, which an installed wheel has as
        well), ``commit`` (None outside of a git work tree), and ``urls`` of the project, if it names some.
    """
    urls = dict(_project().get("urls") or {})
    return {"versions": dict(_versions()), "code": code_digest(), "commit": _commit(),
            **({"urls": urls} if urls else {})}


@cache
def code_digest() -> str:
    """Return the digest of the source files of all rooms, 32 hexadecimal digits."""
    return tree_digest(ROOT, ROOMS, SOURCES)


@cache
def _versions() -> dict[str, str]:
    """Python, this package, and every package that it needs, and that those need in turn."""
    project = _project()
    found = {"python": platform.python_version(), NAME: str(project.get("version", "not installed"))}
    todo, packages = list(project.get("dependencies") or ()), dict[str, str]()
    while todo:
        name = _name(todo.pop())
        if name in packages or name == NAME:
            continue
        try:
            known = distribution(name)
        except PackageNotFoundError:  # needed elsewhere only: on another system, or by an older Python
            continue
        packages[name] = known.version
        todo += _plain(known.requires or ())
    return found | dict(sorted(packages.items()))


def _project() -> dict[str, Any]:
    """The project's table of the source tree's own file; of an installed package, what its metadata say."""
    file = ROOT / "pyproject.toml"
    if file.is_file():
        table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
        if table.get("name") == NAME:
            return table
    try:
        known = distribution(NAME)
    except PackageNotFoundError:
        return {}
    pairs = (str(line).partition(",") for line in known.metadata.get_all("Project-URL") or ())
    return {"version": known.version, "dependencies": _plain(known.requires or ()),
            "urls": {label.strip(): url.strip() for label, _, url in pairs}}


def _plain(requirements: Iterable[str]) -> list[str]:
    """Requirements that are no extras': those are asked for by the user, and no result depends on them."""
    return [line for line in requirements if "extra" not in line.partition(";")[2]]


def _name(requirement: str) -> str:
    found = _REQUIRED.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _commit() -> dict[str, Any] | None:
    """Return the commit this source tree is at, None where it is not a git work tree of its own."""
    here = Path(__file__).parent
    # a package that is installed inside somebody's repository is not at that repository's commit
    tracked = git_says(here, "ls-files", "--error-unmatch", Path(__file__).name)
    commit = git_says(here, "rev-parse", "HEAD")
    if tracked is None or commit is None:
        return None
    changed = git_says(here, "status", "--porcelain", "--untracked-files=no", "--", "../..")
    return {"id": commit, "modified": bool(changed)}


def git_says(folder: Path, *arguments: str) -> str | None:
    """Return what git says to a command in a folder; None if it refuses, or there is no git."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
