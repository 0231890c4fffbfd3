"""What a calibration found, as files and as text: every number follows from the runs."""

from __future__ import annotations

import csv
import io
import math
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
    return _columns(path, [fact.name for fact in ledger.facts if fact.asked])


def _columns(path: Path, names: Sequence[str]) -> list[dict[str, float]]:
    """Columns of a file of admissible vectors, a mapping by name each."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return [{name: float(row[name] or "nan") for name in names} for row in rows]
    except OSError as error:
        raise LedgerError(f"cannot read {path}: {error.strerror}") from None
    except (KeyError, ValueError, TypeError) as error:
        raise LedgerError(f"{path} is no file of admissible vectors of this ledger ({error}); it must be the "
                          f"{ADMISSIBLE} that `tokenmarket calibrate market` wrote with it") from None


def read_vectors(path: Path, ledger: FactLedger) -> list[tuple[float, ...]]:
    """Read the parameters of the admissible vectors of such a file, in the ledger's order.

    Raises
    ------
    LedgerError
        As `read_admissible`.
    """
    return [tuple(row.values()) for row in _columns(path, [f"{it.name} (parameter)" for it in ledger.parameters])]


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


def told_text(ledger: FactLedger, data: Mapping[str, Any]) -> str:
    """Return what was found, `found_data`, for people."""
    from experiments.output.text import listing

    failed = data["runs that failed"]
    lost = [f"runs that failed: {failed}; nothing is learned of their places"] if failed else []
    return "\n".join([listing(stage_rows(data)), *lost, *_too_sure(data), "", verdict_text(data), "",
                      listing(parameter_rows(ledger, data)), "", directions_text(data), *truths_text(data)])


def stage_rows(data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return a row a stage, after a head: runs so far, what is left of the cube, and how good emulators are."""
    return [("stage", "runs so far", "share of the cube left", "lowest coverage left out"), *(
        (it["stage"], str(it["runs"]), f"{it['share left']:.2g}", f"{min(it['coverage left out'].values()):.2f}")
        for it in data["stages"])]


def verdict_text(data: Mapping[str, Any]) -> str:
    """Return how many places are admissible and, where they are few, which facts conflict."""
    text = f"{data['admissible']} of {data['final places']} final places are admissible"
    if not data["misspecified"]:
        return text
    pairs = "; ".join(f"{' and '.join(it['facts'])} (no place nearer than {it['nearest implausibility']:.1f})"
                      for it in data["conflicts"])
    return (f"{text}, fewer than {FEW}: the market is misspecified, or its priors leave the truth out. "
            + (f"Facts that no place meets: {pairs}" if pairs else "No fact and no pair of facts conflicts by itself; "
               "three or more do"))


def parameter_rows(ledger: FactLedger, data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return a row a parameter, after a head: its prior, and what is left of it."""
    found = data["parameters"]
    left = [[math.nan if it[end] is None else it[end] for it in found] for end in ("low", "high")]
    ends = (values_at(ledger.parameters, np.array(row)) for row in left)
    return [("parameter", "prior", "left", "of its prior", "", "its meaning"), *(
        (it["name"], f"{parameter.low:g}–{parameter.high:g}", *_left(it, low, high), parameter.says)
        for it, parameter, low, high in zip(found, ledger.parameters, *ends, strict=True))]


def _left(found: Mapping[str, Any], low: float, high: float) -> tuple[str, str, str]:
    if math.isnan(low):
        return "nothing is left", "–", ""
    return f"{low:.3g}–{high:.3g}", f"{found['of_prior']:.2f}", "" if found["identified"] else "not identified"


def directions_text(data: Mapping[str, Any]) -> str:
    """Return the singular values of the scaled Jacobian (E98), and how many directions of the cube the facts tell."""
    values = data["singular values"]
    return (f"singular values of the scaled Jacobian: {', '.join(f'{it:.2g}' for it in values)}; in "
            f"{sum(it >= 1 for it in values)} of {len(data['parameters'])} directions facts move by more than they "
            "are unsure")


def truths_text(data: Mapping[str, Any]) -> list[str]:
    """Return which hidden runs were found again (E99), a line; none if none was hidden."""
    truths = data["pseudo-truths"]
    far, left = (", ".join(f"{it[what]:.2g}" for it in truths) for what in ("implausibility", "share"))
    again = sum(it["recovered"] for it in truths)
    return [f"pseudo-truths found again: {again} of {len(truths)} (implausibility {far}; of the cube {left} would be "
            "left)"] if truths else []


def _failed(found: Matched) -> int:
    """Runs without any fact."""
    return sum(not any(map(np.isfinite, facts.values())) for facts in found.facts)


def _too_sure(data: Mapping[str, Any]) -> list[str]:
    """A line on emulators whose intervals hold too few of the runs that were left out."""
    low = [f"{name} {share:.2f}" for name, share in data["stages"][-1]["coverage left out"].items()
           if share < LEAST_COVERAGE]
    return [f"too sure of themselves, below {LEAST_COVERAGE}, are the emulators of: {', '.join(low)}"] if low else []
