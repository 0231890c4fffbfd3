"""A market held to facts: what was observed, inputs alone, runs, admissible vectors, and the verdict on each."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal, NamedTuple

from experiments.stats import Interval, interval
from experiments.validation.comparison import markdown, number
from experiments.validation.facts.fact_ledger import FactLedger, LedgerError, StylisedFact

FactVerdict = Literal["pass", "miss", "cannot be said", "not asked"]
KEPT_FILE: Final = Path(__file__).with_name("market_facts.json")  # of the runs that docs/validation.md tells of
HALF: Final = 0.5  # of the admissible vectors in which a prediction must pass
ASKED_FOR: Final = ("S1a", "S2", "S5", "S6", "S7", "S8", "S11", "S12", "S16")  # each with its parts: S2a, S2b
ENOUGH: Final = 6


@dataclass(frozen=True)
class MarketFacts:
    """Values of facts, and of what.

    Attributes
    ----------
    scenario, digest, code
        Name and digest of the market, and digest of the code that ran.
    changes
        What was changed of it, such as coarse settings.
    unasked
        By fact: why runs of this market are not asked.
    runs
        By fact: a value a run; nan where it has none.
    inputs
        By fact: what inputs alone give; those that have no such number are left out.
    vectors
        By fact: a value an admissible vector; empty without a set.
    """

    scenario: str
    digest: str
    code: str
    changes: tuple[str, ...]
    unasked: Mapping[str, str]
    runs: Mapping[str, Sequence[float]]
    inputs: Mapping[str, float]
    vectors: Mapping[str, Sequence[float]]


class OverSet(NamedTuple):
    """A fact over admissible vectors: least, median and largest value, and the share of vectors within the band."""

    low: float
    middle: float
    high: float
    passing: float


class FactHeld(NamedTuple):
    """A fact and a market.

    Attributes
    ----------
    fact
        Which.
    simulated
        Mean over runs with its interval.
    inputs
        What inputs alone give; nan if there is no such number.
    met_by_inputs
        Whether that lies in the band; None if there is no such number.
    over_set
        The same over admissible vectors; None without a set.
    said
        The verdict on the mean of runs.
    far
        How far the mean is outside of the band, in discrepancies of the fact; 0 inside, nan if it has none.
    note
        Why nothing is said.
    """

    fact: StylisedFact
    simulated: Interval
    inputs: float
    met_by_inputs: bool | None
    over_set: OverSet | None
    said: FactVerdict
    far: float
    note: str

    @property
    def counts(self) -> bool:
        """Whether the market may be praised: a prediction that passes, and that inputs alone do not meet."""
        passes = self.over_set.passing >= HALF if self.over_set is not None else self.said == "pass"
        return self.fact.place == "predicted" and passes and self.met_by_inputs is not True


def held(ledger: FactLedger, found: MarketFacts) -> list[FactHeld]:
    """Hold every fact of a ledger against what was found, in the order of the ledger."""
    return [_held(fact, found) for fact in ledger.facts]


def _held(fact: StylisedFact, found: MarketFacts) -> FactHeld:
    inputs = found.inputs.get(fact.name, math.nan)
    met = is_within(fact, inputs) if math.isfinite(inputs) else None
    if fact.name in found.unasked:
        return FactHeld(fact, interval([]), inputs, met, None, "not asked", math.nan, found.unasked[fact.name])
    values = [value for value in found.runs.get(fact.name, ()) if math.isfinite(value)]
    lacking = len(found.runs.get(fact.name, ())) - len(values)
    mean, over_set = interval(values), _over_set(fact, found.vectors.get(fact.name, ()))
    if lacking or not values:
        note = f"{lacking} of {lacking + len(values)} runs have no such number" if lacking else "there is no run"
        return FactHeld(fact, mean, inputs, met, over_set, "cannot be said", math.nan, note)
    said: FactVerdict = "pass" if is_within(fact, mean.mean) else "miss"
    return FactHeld(fact, mean, inputs, met, over_set, said, outside(fact, mean.mean), "")


def is_within(fact: StylisedFact, value: float) -> bool:
    """Return whether a value lies in the band of a fact, ends included."""
    return (fact.low is None or value >= fact.low) and (fact.high is None or value <= fact.high)


def outside(fact: StylisedFact, value: float) -> float:
    """Return how far a value lies outside of the band, in discrepancies of the fact, on its scale; 0 inside."""
    if is_within(fact, value):
        return 0.0
    end = fact.low if fact.low is not None and value < fact.low else fact.high
    if end is None or not fact.discrepancy:
        return math.nan
    return abs(fact.on_scale(value) - fact.on_scale(end)) / fact.discrepancy


def _over_set(fact: StylisedFact, values: Sequence[float]) -> OverSet | None:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return None
    passing = sum(is_within(fact, value) for value in known) / len(values)
    return OverSet(min(known), median(known), max(known), passing)


def rows(facts: Sequence[FactHeld]) -> list[tuple[str, ...]]:
    """Return a head and a row of text a fact."""
    over_set = any(it.over_set is not None for it in facts)
    head = ("fact", "what", "observed", "band", "place", "L0", "simulated", *(["over the set"] if over_set else []),
            "verdict", "source")
    return [head, *(_row(it, over_set) for it in facts)]


def _row(it: FactHeld, over_set: bool) -> tuple[str, ...]:
    fact, mean = it.fact, it.simulated
    simulated = "" if not mean.n else number(mean.mean) + (
        f" ± {mean.half_width:.2g}" if math.isfinite(mean.half_width) else "")
    inputs = "" if it.met_by_inputs is None else number(it.inputs) + (" (met)" if it.met_by_inputs else "")
    cells = [fact.name, fact.says, "" if fact.observed is None else number(fact.observed), band_text(fact), fact.place,
             inputs, simulated, *([_set_text(it.over_set)] if over_set else []), _verdict(it), fact.source]
    return tuple(cells)


def band_text(fact: StylisedFact) -> str:
    """Return the band of a fact in words."""
    if fact.low is None or fact.high is None:
        return f"≤ {number(fact.high)}" if fact.high is not None else f"≥ {number(fact.low)}" if (
            fact.low is not None) else ""
    return f"{number(fact.low)} to {number(fact.high)}"


def _set_text(found: OverSet | None) -> str:
    if found is None:
        return ""
    return f"{number(found.middle)} ({number(found.low)} to {number(found.high)}), {found.passing:.0%} within"


def _verdict(it: FactHeld) -> str:
    if it.note:
        return f"{it.said}: {it.note}"
    if it.said == "miss" and math.isfinite(it.far):
        return f"miss, by {it.far:.1f} discrepancies"
    return f"{it.said}, but met by inputs alone" if it.said == "pass" and it.met_by_inputs and (
        it.fact.place == "predicted") else it.said


def summary_text(found: MarketFacts, facts: Sequence[FactHeld]) -> str:
    """Return how many facts of each place pass, and which predictions count."""
    count = max((it.simulated.n for it in facts), default=0)
    changed = f", with {', '.join(found.changes)}" if found.changes else ""
    lines = [f"{found.scenario}{changed}: {count} run{'s' if count != 1 else ''}."]
    for place in ("calibrated", "predicted", "arithmetic"):
        mine = [it for it in facts if it.fact.place == place and it.said != "not asked"]
        said = [it.said for it in mine]
        if mine:
            lines.append(f"{place}: {said.count('pass')} of {len(mine)} pass, {said.count('miss')} miss, of "
                         f"{said.count('cannot be said')} nothing can be said.")
    praised = [it.fact.name for it in facts if it.counts]
    met = [it.fact.name for it in facts if it.fact.place == "predicted" and it.met_by_inputs]
    lines.append(f"Predictions that pass and that inputs alone do not meet: {', '.join(praised) or 'none'}.")
    lines.append(f"Predictions that inputs alone meet: {', '.join(met) or 'none'}.")
    return " ".join([*lines, *_praise(facts)])


def _praise(facts: Sequence[FactHeld]) -> list[str]:
    """Which of the facts that a market was asked for count, and which no market could be praised for; a sentence."""
    asked = {name: [it for it in facts if it.fact.name.startswith(name) and it.fact.place == "predicted"]
             for name in ASKED_FOR}
    if not all(asked.values()):
        return []  # of another ledger
    counted = [name for name, mine in asked.items() if any(it.counts for it in mine)]
    barred = [name for name, mine in asked.items() if all(it.met_by_inputs for it in mine)]
    return [f"Of {len(asked)} facts of which it was to be praised for {ENOUGH} or more ({', '.join(asked)}) it may be "
            f"for {len(counted)}: {', '.join(counted) or 'none'}. Inputs alone meet {', '.join(barred) or 'none'}: no "
            "market can be praised for these."]


def page(ledger: FactLedger, found: MarketFacts) -> str:
    """Return the part of the documentation, as Markdown."""
    facts = held(ledger, found)
    return f"{summary_text(found, facts)}\n\n{markdown(rows(facts))}"


def kept_text(found: MarketFacts) -> str:
    """Return what was found as JSON; a number that there is not is null."""
    data = {"scenario": found.scenario, "digest": found.digest, "code": found.code, "changes": list(found.changes),
            "unasked": dict(found.unasked), "runs": {name: [_plain(it) for it in row] for name, row in
                                                     found.runs.items()},
            "inputs": {name: _plain(it) for name, it in found.inputs.items() if math.isfinite(it)},
            "vectors": {name: [_plain(it) for it in row] for name, row in found.vectors.items()}}
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def read_kept(path: Path = KEPT_FILE) -> MarketFacts:
    """Read what `kept_text` wrote.

    Raises
    ------
    LedgerError
        If the file is no such text.
    """
    def known(row: Sequence[float | None]) -> list[float]:
        return [math.nan if it is None else float(it) for it in row]

    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        runs, vectors = ({str(name): known(row) for name, row in data[key].items()} for key in ("runs", "vectors"))
        return MarketFacts(str(data["scenario"]), str(data["digest"]), str(data["code"]), tuple(data["changes"]),
                           dict(data["unasked"]), runs, dict(data["inputs"]), vectors)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise LedgerError(f"{path} is no file of a market's facts; `tokenmarket validate market` writes it as "
                          "facts.json") from None
