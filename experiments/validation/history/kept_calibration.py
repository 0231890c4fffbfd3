"""The calibration that is kept with the project, as docs/market/calibration.md tells of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from experiments.validation.comparison import markdown
from experiments.validation.facts.fact_ledger import FactLedger, read_ledger
from experiments.validation.history.findings import (
    directions_text,
    parameter_rows,
    stage_rows,
    truths_text,
    verdict_text,
)
from experiments.validation.history.standing_runs import runs_page

HERE: Final = Path(__file__).parent
KEPT_ADMISSIBLE: Final = HERE / "kept_admissible.csv"
KEPT_RECORD: Final = HERE / "kept_calibration.json"


def calibration_page() -> str:
    """Return what the kept runs say of the scenario itself, and what the calibration found, as Markdown."""
    return f"{runs_page()}\n\n{found_page(read_ledger(), json.loads(KEPT_RECORD.read_text(encoding='utf-8')))}"


def found_page(ledger: FactLedger, data: Mapping[str, Any]) -> str:
    """Return what a calibration found.

    Parameters
    ----------
    ledger
        Its facts and parameters.
    data
        What its ``calibration.json`` has.
    """
    origin = data["provenance"]
    told = ". ".join(f"{text[0].upper()}{text[1:]}" for text in (directions_text(data), *truths_text(data)))
    return "\n\n".join([
        f"Code {origin['code'][:8]}, ledger {origin['ledger digest'][:8]}, coarse by `{', '.join(origin['coarse'])}`.",
        markdown(stage_rows(data)), f"**{verdict_text(data)}.**", markdown(parameter_rows(ledger, data)), f"{told}."])
