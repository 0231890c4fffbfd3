"""The calibration that is kept with the project, as docs/market/calibration.md tells of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from experiments.validation.comparison import markdown
from experiments.validation.facts.fact_ledger import FactLedger, read_ledger
from experiments.validation.history.learned import FEW
from experiments.validation.history.priors import values_at
from experiments.validation.history.standing_runs import runs_page

HERE: Final = Path(__file__).parent
KEPT_ADMISSIBLE: Final = HERE / "kept_admissible.csv"
KEPT_RECORD: Final = HERE / "kept_calibration.json"


def calibration_page() -> str:
    """Return what the kept runs say and, once all stages are done, what the calibration found, as Markdown."""
    if not KEPT_RECORD.exists():
        return runs_page()
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
    stages = [("stage", "runs so far", "share of the cube left", "lowest coverage left out"), *(
        (it["stage"], str(it["runs"]), f"{it['share left']:.2g}", f"{min(it['coverage left out'].values()):.2f}")
        for it in data["stages"])]
    origin = data["provenance"]
    return "\n\n".join([
        f"Code {origin['code'][:8]}, ledger {origin['ledger digest'][:8]}, coarse by `{', '.join(origin['coarse'])}`.",
        markdown(stages), _verdict(data), markdown(_parameters(ledger, data)),
        f"Singular values (E98): {', '.join(f'{it:.2g}' for it in data['singular values'])}. {_truths(data)}"])


def _verdict(data: Mapping[str, Any]) -> str:
    count, of = data["admissible"], data["final places"]
    text = f"**{count} of {of} places of the final check are admissible.**"
    if count >= FEW:
        return text
    pairs = "; ".join(f"{' and '.join(it['facts'])} (no place nearer than {it['nearest implausibility']:.1f})"
                      for it in data["conflicts"])
    return (f"{text} They are fewer than {FEW}: the market is misspecified, or its priors leave the truth out. "
            + (f"Facts that no place meets: {pairs}." if pairs else "No fact and no pair conflicts by itself."))


def _parameters(ledger: FactLedger, data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("parameter", "its meaning", "prior", "left", "of its prior", "")]
    found = data["parameters"]
    ends = [values_at(ledger.parameters, np.array([np.nan if it[end] is None else it[end] for it in found]))
            for end in ("low", "high")]
    for it, parameter, low, high in zip(found, ledger.parameters, *ends, strict=True):
        left = f"{low:.3g}–{high:.3g}" if np.isfinite(low) else "nothing"
        share = f"{it['of_prior']:.2f}" if it["of_prior"] is not None else "0"
        rows.append((it["name"], parameter.says, f"{parameter.low:g}–{parameter.high:g}", left, share,
                     "" if it["identified"] else "not identified"))
    return rows


def _truths(data: Mapping[str, Any]) -> str:
    truths = data["pseudo-truths"]
    again = sum(it["recovered"] for it in truths)
    far, left = (", ".join(f"{it[what]:.2g}" for it in truths) for what in ("implausibility", "share"))
    return (f"Runs that were hidden and found again (E99): {again} of {len(truths)}, at implausibilities of {far}; of "
            f"the cube {left} would be left.")
