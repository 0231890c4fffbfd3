"""The folder that a study left: its manifest and its tables, for whoever reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from experiments.output.inputs import digest
from sim.errors import MarketError, ScenarioError

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.scenario import Scenario

MANIFEST: Final = "manifest.json"
SUMMARY: Final = "summary.csv"
TABLES: Final = ("scenario", "parameters", "files", "inputs", "versions", "invariants", "commit")  # where they stand
TEXT: Final = {"unit": str, "policy": str, "metric": str, "month": str, "baseline": str}  # never numbers


class FolderError(MarketError):
    """A folder that no study left, or that lacks what is asked of it."""


@dataclass(frozen=True)
class Folder:
    """The folder of a study.

    Attributes
    ----------
    path
        Where it is.
    manifest
        What it says of itself.
    """

    path: Path
    manifest: dict[str, Any]

    @property
    def study(self) -> str:
        """Name of the study."""
        return str(self.manifest["study"])

    @property
    def scenario(self) -> dict[str, Any]:
        """The full configuration as plain data; empty for a study without a scenario."""
        return dict(self.manifest.get("scenario") or {})

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the study."""
        return dict(self.manifest.get("parameters") or {})

    @property
    def files(self) -> dict[str, str]:
        """Digests of its files by name, as the manifest lists them."""
        return dict(self.manifest.get("files") or {})

    def has(self, name: str) -> bool:
        """Whether a file of that name belongs to the study and is there."""
        return name in self.files and self.file(name).is_file()

    def file(self, name: str) -> Path:
        """Return the path of a file of the folder.

        Raises
        ------
        FolderError
            If it is a link: a folder of somebody else's could so bring any file of the reader's into a report.
        """
        path = self.path / name
        if path.is_symlink():
            raise FolderError(f"{path} is a link and not a file; only files of the folder itself are read")
        return path

    def table(self, name: str) -> DataFrame:
        """Read one of its CSV files.

        Raises
        ------
        FolderError
            If it is not there or cannot be read.
        """
        import pandas as pd

        path = self.file(name)
        try:
            return pd.read_csv(path, dtype=TEXT, keep_default_na=False, na_values=[""])
        except FileNotFoundError:
            raise FolderError(f"{self.path} has no {name}; its manifest is of the study {self.study!r}") from None
        except (ValueError, OSError) as error:
            raise FolderError(f"cannot read {path}: {error}") from None

    def changed(self) -> list[str]:
        """Return the names of files that are gone, or are no longer as the manifest says."""
        return [name for name, known in self.files.items()
                if not self.file(name).is_file() or digest(self.file(name)) != known]

    def settings(self) -> Scenario:
        """Return the scenario, validated, and as it was.

        Raises
        ------
        MarketError
            If there is none, it is not one that this version knows, it was edited, or a file that it reads is gone or
            has changed since.
        """
        from sim.scenario.load import config_hash, scenario_of

        where = self.path / MANIFEST
        if not {"scenario", "scenario_hash", "inputs", "parameters"} <= set(self.manifest):
            raise FolderError(f"{where} is not a manifest of a study with a scenario")
        read = scenario_of(self.scenario, source=str(where))
        # read and written again: a field that this version fills in otherwise shows as well as an edit
        if config_hash(read) != self.manifest["scenario_hash"]:
            raise ScenarioError(f"{where}: the scenario does not match its hash {self.manifest['scenario_hash']}; it "
                                "was edited, or this version has fields of which that one knew nothing")
        self._check_inputs()
        return read

    def _check_inputs(self) -> None:
        where = self.path / MANIFEST
        for name, known in dict(self.manifest["inputs"]).items():
            path = Path(name)
            if not path.is_file():
                raise FolderError(f"{where} needs the input file {name}, which is not there")
            if digest(path) != known:
                raise FolderError(f"{where}: the input file {name} has changed since (BLAKE2b {digest(path)}, then "
                                  f"{known})")


def files_below(folder: Path) -> list[str]:
    """Return the files below a folder, as paths with slashes, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def read_folder(path: Path) -> Folder:
    """Read the manifest of a folder; a path of the manifest itself does as well.

    Raises
    ------
    FolderError
        If there is no manifest, or it is none.
    """
    try:
        manifest = path / MANIFEST if path.is_dir() else path
        data = json.loads(manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        lacking = f"{path} has no {MANIFEST}" if path.is_dir() else f"there is no folder {path}, and no such file"
        raise FolderError(f"{lacking}; give the folder of a finished study, or its manifest") from None
    except OSError as error:
        raise FolderError(f"cannot read a manifest in {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        where = repr(str(manifest)) if "\0" in str(manifest) else manifest
        raise FolderError(f"{where} is not a manifest: it is no JSON") from None
    _check(data, manifest)
    return Folder(manifest.parent, data)


def _check(data: object, manifest: Path) -> None:
    """Refuse what is no manifest, or names files that do not lie in its folder."""
    if manifest.is_symlink():
        raise FolderError(f"{manifest} is a link and not a file; only files of the folder itself are read")
    if not isinstance(data, dict) or not isinstance(data.get("study"), str):
        raise FolderError(f"{manifest} is not a manifest: it names no study")
    for name in TABLES:
        if not isinstance(data.get(name) or {}, dict):
            raise FolderError(f"{manifest} is not a manifest: {name} is {str(data[name])[:40]!r}, but must be a table")
    for name in data.get("files") or {}:
        if PurePath(name).name != name or name.startswith(".") or "\\" in name or not name.isprintable():
            raise FolderError(f"{manifest} lists {name[:80]!r}, but the files of a study lie in its "
                              "folder, under plain names")
