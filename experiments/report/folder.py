"""Reading the folder that a study left: its manifest and its tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.output.writer import MANIFEST
from sim.errors import MarketError

if TYPE_CHECKING:
    from pandas import DataFrame

SUMMARY: Final = "summary.csv"
TEXT: Final = {"unit": str, "policy": str, "metric": str, "month": str, "baseline": str}  # never numbers


class ReportError(MarketError):
    """A folder that cannot be written up, or a place where the write-up cannot go."""


@dataclass(frozen=True)
class Folder:
    """The folder of a run or a sweep.

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
        """The full configuration; empty for a study without a scenario."""
        return dict(self.manifest.get("scenario") or {})

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the study."""
        return dict(self.manifest.get("parameters") or {})

    def has(self, name: str) -> bool:
        """Whether a file of that name belongs to the run."""
        return name in self.manifest.get("files", {}) and (self.path / name).is_file()

    def table(self, name: str) -> DataFrame:
        """Read one of its CSV files.

        Raises
        ------
        ReportError
            If it is not there or cannot be read.
        """
        import pandas as pd

        path = self.path / name
        try:
            return pd.read_csv(path, dtype=TEXT, keep_default_na=False, na_values=[""])
        except FileNotFoundError:
            raise ReportError(f"{self.path} has no {name}; its manifest is of the study {self.study!r}") from None
        except (ValueError, OSError) as error:
            raise ReportError(f"cannot read {path}: {error}") from None

    def changed(self) -> list[str]:
        """Return the names of files that are gone, or are no longer as the manifest says."""
        from experiments.output.writer import digest

        listed: dict[str, str] = self.manifest.get("files", {})
        return [name for name, known in listed.items()
                if not (self.path / name).is_file() or digest(self.path / name) != known]


def read_folder(path: Path) -> Folder:
    """Read the manifest of a folder; a path of the manifest itself does as well.

    Raises
    ------
    ReportError
        If there is no manifest, or it is none.
    """
    import json

    folder = path.parent if path.name == MANIFEST else path
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReportError(f"{folder} has no {MANIFEST}; give the folder of a finished run or sweep") from None
    except (OSError, ValueError) as error:
        raise ReportError(f"cannot read {folder / MANIFEST}: {error}") from None
    if not isinstance(manifest, dict) or "study" not in manifest:
        raise ReportError(f"{folder / MANIFEST} is not a manifest")
    return Folder(folder, manifest)
