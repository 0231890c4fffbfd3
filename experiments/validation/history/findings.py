"""What a calibration found, as files and as text: every number follows from the runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from experiments.validation.facts.fact_ledger import LedgerError
from experiments.validation.history.learned import (
    FEW,
    Conflict,
    PseudoTruth,
    Range,
    conflicts,
    pseudo_truths,
    ranges,
    singular_values,
)
from experiments.validation.history.priors import point_of, values_at
from experiments.validation.history.run_file import told

if TYPE_CHECKING:
    from experiments.validation.facts.fact_ledger import FactLedger
    from experiments.validation.history.matching import Matched

ADMISSIBLE: Final = "admissible.csv"
DIGITS: Final = 4
LEAST_COVERAGE: Final = 0.9  # of runs left out by intervals of 95 %


class Learned(NamedTuple):
    """What runs tell: of parameters, directions of the cube, facts that conflict, and truths that were hidden."""

    ranges: list[Range]
    singular_values: list[float]
    conflicts: list[Conflict]
    truths: list[PseudoTruth]


def learned(ledger: FactLedger, found: Matched, truths: int) -> Learned:
    """Return what runs tell; conflicts only where fewer than ``FEW`` places are admissible."""
    few = len(found.admissible) < FEW
    return Learned(ranges(ledger, found), singular_values(found), conflicts(found) if few else [],
                   pseudo_truths(ledger, found, truths) if truths else [])


def admissible_text(ledger: FactLedger, found: Matched) -> str:
    """Return the admissible vectors as CSV: values of the parameters, means of all facts, and how implausible (E96)."""
    names = [fact.name for fact in ledger.facts if fact.asked]
    head = ["vector", *(f"{it.name} (parameter)" for it in ledger.parameters), *names, "largest implausibility",
            "second"]
    rows = []
    for number, it in enumerate(found.admissible, start=1):
        far = sorted(it.implausibility, reverse=True)
        values = values_at(ledger.parameters, np.array(it.place))
        rows.append([str(number), *map(told, values), *(told(it.facts[name]) for name in names), told(far[0]),
                     told(far[1] if len(far) > 1 else far[0])])
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return file.getvalue()


def read_admissible(path: Path, ledger: FactLedger) -> list[dict[str, float]]:
    """Read the facts of the admissible vectors that `admissible_text` wrote, a mapping by fact each.

    Raises
    ------
    LedgerError
        If it is no such file, or lacks a fact of the ledger.
    """
    names = [fact.name for fact in ledger.facts if fact.asked]
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return [{name: float(row[name] or "nan") for name in names} for row in rows]
    except OSError as error:
        raise LedgerError(f"cannot read {path}: {error.strerror}") from None
    except (KeyError, ValueError, TypeError) as error:
        raise LedgerError(f"{path} is no file of admissible vectors of this ledger ({error}); it must be the "
                          f"{ADMISSIBLE} that `tokenmarket calibrate market` wrote with it") from None


def vector_texts(ledger: FactLedger, found: Matched, base: Mapping[str, Any], extends: str) -> dict[str, str]:
    """Return each admissible vector as a scenario file that extends the one that was calibrated."""
    from sim.scenario.dump import assignment_of
    from sim.scenario.load import parse_assignment

    out = {}
    for number, it in enumerate(found.admissible, start=1):
        point = point_of(ledger.parameters, values_at(ledger.parameters, np.array(it.place)), base)
        lines = [assignment_of(parse_assignment(f"{path}=0")[0], value).replace("=", " = ", 1)
                 for path, value in point.items()]
        out[f"vector-{number:02}.toml"] = "\n".join([f'extends = "{extends}"', "", *lines, ""])
    return out


def found_data(ledger: FactLedger, found: Matched, told_of: Learned) -> dict[str, Any]:
    """Return what was found, for programs and for the file beside the vectors."""
    return {
        "fitted to": [{"fact": it.name, "observed": it.observed, "standard deviation": it.variance**0.5,
                       "of one run": _noise(ledger, found)[it.name]} for it in found.targets],
        "stages": [{"stage": it.stage, "runs": it.runs, "share left": it.left.share,
                    "coverage left out": dict(it.coverage)} for it in found.waves],
        "lowest coverage is enough": all(it >= LEAST_COVERAGE for it in found.waves[-1].coverage.values()),
        "runs that failed": _failed(found), "final places": len(found.final), "admissible": len(found.admissible),
        "misspecified": len(found.admissible) < FEW,
        "conflicts": [{"facts": list(it.facts), "nearest implausibility": it.nearest} for it in told_of.conflicts],
        "parameters": [it._asdict() for it in told_of.ranges], "singular values": told_of.singular_values,
        "pseudo-truths": [it._asdict() for it in told_of.truths],
    }


def _noise(ledger: FactLedger, found: Matched) -> dict[str, float]:
    """Standard deviation of one run around its expectation, by fact."""
    return {it.name: max(it.variance - fact.observed_sd**2 - fact.discrepancy**2, 0.0)**0.5
            for it, fact in zip(found.targets, ledger.moments, strict=True)}


def told_text(ledger: FactLedger, found: Matched, told_of: Learned) -> str:
    """Return what was found, for people."""
    from experiments.output.text import listing

    stages = [("stage", "runs so far", "share left", "lowest coverage left out"), *(
        (it.stage, str(it.runs), f"{it.left.share:.{DIGITS}g}", f"{min(it.coverage.values()):.2f}")
        for it in found.waves)]
    priors = [("parameter", "from", "to", "of its prior", ""), *_prior_rows(ledger, told_of.ranges)]
    failed = [f"runs that failed: {_failed(found)}; nothing is learned of their places"] if _failed(found) else []
    lines = [listing(stages), *failed, *_too_sure(found), "", _verdict(found, told_of), "", listing(priors), "",
             "singular values of the scaled Jacobian: " + ", ".join(f"{it:.2g}" for it in told_of.singular_values)]
    if told_of.truths:
        again = sum(it.recovered for it in told_of.truths)
        lines.append(f"pseudo-truths found again: {again} of {len(told_of.truths)} (implausibility "
                     + ", ".join(f"{it.implausibility:.2f}" for it in told_of.truths) + ")")
    return "\n".join(lines)


def _failed(found: Matched) -> int:
    """Runs without any fact."""
    return sum(not any(map(np.isfinite, facts.values())) for facts in found.facts)


def _too_sure(found: Matched) -> list[str]:
    """A line on emulators whose intervals hold too few of the runs that were left out."""
    low = [f"{name} {share:.2f}" for name, share in found.waves[-1].coverage.items() if share < LEAST_COVERAGE]
    return [f"too sure of themselves, below {LEAST_COVERAGE}, are the emulators of: {', '.join(low)}"] if low else []


def _prior_rows(ledger: FactLedger, found: Sequence[Range]) -> list[tuple[str, ...]]:
    low, high = (values_at(ledger.parameters, np.nan_to_num(np.array([getattr(it, end) for it in found])))
                 for end in ("low", "high"))
    return [(it.name, "–", "–", "–", "nothing is left") if np.isnan(it.low) else
            (it.name, f"{a:.{DIGITS}g}", f"{b:.{DIGITS}g}", f"{it.of_prior:.2f}",
             "" if it.identified else "not identified") for it, a, b in zip(found, low, high, strict=True)]


def _verdict(found: Matched, told_of: Learned) -> str:
    count = len(found.admissible)
    text = f"{count} of {len(found.final)} final places are admissible"
    if count >= FEW:
        return text
    pairs = "; ".join(f"{' and '.join(it.facts)} (no place nearer than {it.nearest:.1f})" for it in told_of.conflicts)
    return (f"{text}, fewer than {FEW}: the market is misspecified, or its priors leave the truth out. "
            + (f"Facts that no place meets: {pairs}" if pairs else "No fact and no pair of facts conflicts by itself; "
               "three or more do"))
