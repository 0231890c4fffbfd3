"""The gates that are asked of runs of the market itself: choice, the rule, entry, costs of GPUs, the outside good.

All functions are pure: facts of runs in (`experiments.measures.market.gate_facts`), findings out. Equations (E75) to
(E77) and (E171) are in docs/validation.md.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from experiments.validation.gates.gate import Gate, GateFinding, judged, told, unsaid
from experiments.validation.gates.held_mix import HeldMix, Sold, held_mix

Facts = Mapping[str, Mapping[str, float]]  # of one run: by fact, and by what it is of
Runs = Mapping[str, Sequence[Facts]]  # by variant, a run a seed; seeds are paired between variants

AS_IT_IS: Final = "as it is"
SHOCK: Final = "GPUs dearer"
EXPONENTS: Final = (2.0, 4.0, 8.0)
SHOCK_FACTOR: Final = 1.2  # of what GPUs cost: large against the grid of prices, small against their rise in 2026
ANSWERABLE: Final = 0.5  # least share of tokens whose sellers have an elasticity above 1, for a median to speak

NO_EXPONENT: Final = "no policy in use has an exponent k"
NO_RULE: Final = "no open model sold anything, or a policy in use weighs prices by no rule 1/price^k"
MORE_THAN_NONE: Final = math.nextafter(0.0, 1.0)

CHOICE: Final = (
    ("open_tokens_two", Gate("choice: two prices", "share of open models' tokens with 2 prices or more", 0.8)),
    ("open_tokens_three", Gate("choice: three prices", "share of open models' tokens with 3 prices or more", 0.6)),
)
CLOSED: Final = (
    ("closed_tokens_two", Gate("closed: two prices", "share of closed models' tokens with 2 prices or more")),
    ("closed_tokens_three", Gate("closed: three prices", "share of closed models' tokens with 3 prices or more")),
)
PRICE_FALLS: Final = Gate("rule: price paid", "fall of the price paid for open models from k = 2 to 8, mix held still",
                          0.1)
AVERAGE_FALLS: Final = Gate("average price paid", "fall of the average open token's price from k = 2 to 8, mix and all")
SELLERS_FALL: Final = Gate("rule: hosts", "hosts of open models that k = 8 has fewer than k = 2",
                           MORE_THAN_NONE)
OUTSIDE_TYPES: Final = Gate("entry: outside", "highest quarterly share of types outside that would gain by entering",
                            high=0.05)
COHORTS: Final = Gate("entry: cohorts", "realised over expected value of entrants, cohorts weighted by capital", 0.85,
                      1.15)
GAPS: Final = tuple(
    (factor, Gate(f"entry gap: {name}", f"what came more than expected by {what}, over the expected value"))
    for factor, name, what in (
        ("demand", "demand", "tokens of the models"), ("share", "share", "the listings' share of them, and their life"),
        ("price", "price", "revenue a token"), ("gpus", "GPUs", "GPUs a token"), ("overhead", "overhead", "overhead")))
LAUNCHES: Final = Gate("GPU cost: launch prices", "pass-through to launch prices over that predicted", 0.75, 1.25)
LEVELS: Final = Gate("GPU cost: constant quality", "pass-through to prices at constant quality over that predicted",
                     0.75, 1.25)
OUTSIDE_GOOD: Final = Gate("outside good", "share of uses that buy directly from a lab, or nothing", 0.05, 0.6)


def variant_of(exponent: float) -> str:
    """Return the name of the variant in which the router has an exponent."""
    return f"k = {exponent:g}"


def rule_gate(exponent: float) -> Gate:
    """Return the gate of prices over costs at an exponent."""
    return Gate(f"rule: {variant_of(exponent)}", "price over cost, over e/(e-1) with e from the run's shares", 0.8, 1.2)


def of_runs(runs: Runs, has_entry: bool) -> Iterator[GateFinding]:
    """Ask all gates of runs.

    Parameters
    ----------
    runs
        Runs of each variant; a variant that cannot be made of the scenario is left out.
    has_entry
        Whether potential hosts may enter.
    """
    here = runs.get(AS_IT_IS, ())
    yield from choice(here)
    yield from rule(runs, has_entry)
    yield from entry(here, has_entry)
    yield from entry_gaps(here)
    yield from gpu_cost(here, runs.get(SHOCK, ()))
    yield outside_good(here)


def choice(here: Sequence[Facts]) -> Iterator[GateFinding]:
    """Whether customers of open models face different prices; closed ones are told apart and asked nothing."""
    for fact, gate in CHOICE:
        yield judged(gate, _values(here, fact))
    for fact, gate in CLOSED:
        yield told(gate, _values(here, fact))


def rule(runs: Runs, has_entry: bool) -> Iterator[GateFinding]:
    """Whether the router's rule matters: prices over costs at each exponent, what is paid, and who stays (E75, E171).

    The price paid is judged at a mix held still, since a rule sets what each model costs; the average token's, which
    what customers then buy moves as well, is told beside it.
    """
    for exponent in EXPONENTS:
        yield _over_rule(rule_gate(exponent), runs.get(variant_of(exponent), ()))
    lax, strict = (runs.get(variant_of(exponent), ()) for exponent in (EXPONENTS[0], EXPONENTS[-1]))
    if not lax or not strict:
        why = NO_EXPONENT
        yield from (unsaid(gate, why) for gate in (PRICE_FALLS, SELLERS_FALL))
        return
    pairs = list(zip(lax, strict, strict=True))
    held = [held_mix(_sold(a), _sold(b)) for a, b in pairs]
    yield judged(PRICE_FALLS, [1.0 - mix.fisher for mix in held], _mixes(held))
    yield told(AVERAGE_FALLS, [1.0 - _value(b, "open_price") / _value(a, "open_price") for a, b in pairs])
    if not has_entry:
        yield unsaid(SELLERS_FALL, "nobody may enter: supply.entry.types is 0")
        return
    sold = [(_value(a, "open_sellers"), _value(b, "open_sellers")) for a, b in pairs]
    yield judged(SELLERS_FALL, [a - b for a, b in sold], f"{_mean([a for a, _ in sold]):.1f} at k = 2")


def _sold(facts: Facts) -> Sold:
    return Sold(facts.get("open_tokens", {}), facts.get("open_usd", {}))


def _mixes(held: Sequence[HeldMix]) -> str:
    """What stands behind the index: either mix by itself, and how much of the tokens is compared."""
    first, second, some, others = (_mean(column) for column in zip(
        *((1.0 - it.first, 1.0 - it.second, it.covered_first, it.covered_second) for it in held), strict=True))
    if not math.isfinite(first):
        return "a pair of runs has no open model that sold in the same month of both"
    return (f"{first:.1%} at the mix of k = 2, {second:.1%} at that of k = 8; models and months sold in both are "
            f"{some:.0%} and {others:.0%} of tokens")


def _over_rule(gate: Gate, found: Sequence[Facts]) -> GateFinding:
    if not found:
        return unsaid(gate, NO_EXPONENT)
    covered = _mean(_values(found, "answerable"))
    note = f"{covered:.0%} of tokens have a seller whose e is above 1"
    if not covered >= ANSWERABLE:
        return unsaid(gate, f"only {note}" if math.isfinite(covered) else NO_RULE)
    return judged(gate, _values(found, "over_rule"), note)


def entry(here: Sequence[Facts], has_entry: bool) -> Iterator[GateFinding]:
    """Whether entry is free (nobody outside would gain), and whether entrants got what they expected (E76)."""
    if not has_entry:
        yield from (unsaid(gate, "nobody may enter: supply.entry.types is 0") for gate in (OUTSIDE_TYPES, COHORTS))
        return
    yield judged(OUTSIDE_TYPES, [_highest_share(facts) for facts in here], _quarters(here))
    yield judged(COHORTS, [_realised(facts) for facts in here], _cohorts(here))


def entry_gaps(here: Sequence[Facts]) -> Iterator[GateFinding]:
    """Tell which factor made entrants' value another than they had expected (E126); nothing where nobody entered."""
    for factor, gate in GAPS:
        if any("entry_gap" in facts for facts in here):
            yield told(gate, [facts.get("entry_gap", {}).get(factor, math.nan) for facts in here])


def _highest_share(facts: Facts) -> float:
    asked, worth = facts.get("outside_types", {}), facts.get("outside_worth", {})
    shares = [worth[day] / count for day, count in asked.items() if count > 0]
    return max(shares, default=math.nan)


def _quarters(here: Sequence[Facts]) -> str:
    if not any(facts.get("outside_types") for facts in here):
        return "no run asked the types outside what entering would be worth"
    facts = here[0]
    worth, asked = facts.get("outside_worth", {}), facts.get("outside_types", {})
    return "first run, by day: " + ", ".join(f"{int(day)}: {worth[day]:.0f}/{asked[day]:.0f}"
                                             for day in sorted(asked, key=float))


def _realised(facts: Facts) -> float:
    """Mean over cohorts of realised over expected value, each with the weight of its capital (E76)."""
    capital, expected, realised = (facts.get(name, {}) for name in ("capital", "expected", "realised"))
    known = [quarter for quarter in capital if expected[quarter] > 0 and capital[quarter] > 0]
    total = sum(capital[quarter] for quarter in known)
    if total <= 0:
        return math.nan
    return sum(capital[quarter] * realised[quarter] / expected[quarter] for quarter in known) / total


def _cohorts(here: Sequence[Facts]) -> str:
    if not any(facts.get("capital") for facts in here):
        return "no host entered"
    facts = here[0]
    expected, realised = facts.get("expected", {}), facts.get("realised", {})
    return "first run, by quarter of entry: " + ", ".join(
        f"{int(quarter)}: {realised[quarter] / expected[quarter]:.2f}"
        for quarter in sorted(expected, key=float) if expected[quarter] > 0)


def gpu_cost(here: Sequence[Facts], dearer: Sequence[Facts]) -> Iterator[GateFinding]:
    """Whether a change of what all pay for GPUs reaches prices as far as costs and list prices let it (E77)."""
    if not here or not dearer:
        yield from (unsaid(gate, "prices of GPUs are replayed from a file: no run with dearer ones could be made")
                    for gate in (LAUNCHES, LEVELS))
        return
    pairs = list(zip(here, dearer, strict=True))
    for gate, fact, held in ((LAUNCHES, "launch_price", "held_at_list"), (LEVELS, "level_price", "level_held")):
        expected = [_predicted(a, b, held) for a, b in pairs]
        known = all(map(math.isfinite, expected))
        note = f"predicted {_mean(expected):.2f}" if known else "no open offer in both runs"
        passed = [_passed(a, b, fact) for a, b in pairs]
        ratios = [value / want if want > 0 else math.nan for value, want in zip(passed, expected, strict=True)]
        yield judged(gate, ratios, f"{note}, found {_mean(passed):.2f}")


def _predicted(facts: Facts, dearer: Facts, held: str) -> float:
    """Return what of a rise of GPUs' cost should reach prices: its share in unit cost, of what is not at list price.

    Of launch prices, and what is sold at them, that is a share of tokens; of the cheapest price at each quality one of
    days and qualities: these may hang on one offer, whatever it sells.
    """
    gpus = _mean(_rises(facts, dearer, "launch_cost")) / math.log(SHOCK_FACTOR)
    return gpus * (1.0 - _value(facts, held))


def _passed(facts: Facts, dearer: Facts, fact: str) -> float:
    return _mean(_rises(facts, dearer, fact)) / math.log(SHOCK_FACTOR)


def _rises(facts: Facts, dearer: Facts, fact: str) -> list[float]:
    """Changes of the logarithm of what both runs have; levels are logarithms already."""
    before, after = facts.get(fact, {}), dearer.get(fact, {})
    pairs = [(before[of], after[of]) for of in before if of in after]
    known = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    return [b - a if fact == "level_price" else math.log(b / a) for a, b in known]


def outside_good(here: Sequence[Facts]) -> GateFinding:
    """Whether some uses buy nothing through the marketplace, and not most: directly from a lab, or nothing at all."""
    if not any("outside_uses" in facts for facts in here):
        return unsaid(OUTSIDE_GOOD, "the runs do not say which uses buy nothing")
    direct, nothing = _values(here, "direct_uses"), _values(here, "outside_uses")
    return judged(OUTSIDE_GOOD, [a + b for a, b in zip(direct, nothing, strict=True)],
                  f"directly from labs {_mean(direct):.1%}, nothing {_mean(nothing):.1%}")


def _value(facts: Facts, fact: str) -> float:
    return facts.get(fact, {}).get("", math.nan)


def _values(found: Sequence[Facts], fact: str) -> list[float]:
    return [_value(facts, fact) for facts in found]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
